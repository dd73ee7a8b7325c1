"""Who is meant by an owner: an owner's id in the CRM, an owner's e-mail, or a chat user who is one."""

from typing import Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.services.ports import Deps

HOW: Final = "an owner's id in the CRM, the e-mail of an active one, or a chat user who is mapped to it"


def find_owner(deps: Deps, workspace: str, directories: Directories, wanted: str) -> str:
    """Return the owner's id. Only people who can still own something are found by name; what is no name of anybody
    may be the id of an owner who is newer than our list, and the CRM decides. Raises Invalid."""
    wanted = wanted.strip()
    if wanted in directories.owners:
        return wanted
    emails = {wanted.casefold()} if "@" in wanted else _emails_of(deps, workspace, wanted)
    if not emails:
        return wanted
    active = [owner for owner in directories.owners.values() if owner.active and owner.email]
    found = [owner.id for owner in active if owner.email.casefold() in emails]
    if len(found) == 1:
        return found[0]
    raise Invalid(Problem("fields.owner_id", _said(wanted, several=len(found) > 1), HOW))


def _emails_of(deps: Deps, workspace: str, user: str) -> set[str]:
    return {email.casefold() for email, each in deps.workspaces.list_people(workspace).items() if each == user}


def _said(wanted: str, *, several: bool) -> str:
    if "@" in wanted:
        return "is the e-mail of several owners" if several else "is no active owner's e-mail"
    return "is a chat user who is several owners" if several else "is a chat user who is no active owner"
