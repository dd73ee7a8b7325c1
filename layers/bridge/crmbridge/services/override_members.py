"""People whom somebody pins to a smart group, or excludes from it: both win over the rules."""

from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.groups import Member, Override, person_of
from crmbridge.services.edit_groups import own_group
from crmbridge.services.ports import Deps

MAX_EMAIL: Final = 320


def override_member(deps: Deps, caller: Caller, id: str, person: str, override: Override) -> Member:
    """Also somebody whom no record has ever brought. The stream rings for the channel to follow."""
    group, email = own_group(deps, caller, id), _email(person)
    for each in _meant(deps, caller.workspace, email, override):
        deps.memberships.set_override(caller.workspace, group.id, each, override, caller.user, deps.now())
    return deps.memberships.member(caller.workspace, group.id, email)


def lift_override(deps: Deps, caller: Caller, id: str, person: str, override: Override) -> None:
    """The rules decide again. Lifting what is not there changes nothing."""
    group, email = own_group(deps, caller, id), _email(person)
    for each in _meant(deps, caller.workspace, email, override):
        deps.memberships.lift_override(caller.workspace, group.id, each, override)


def _meant(deps: Deps, workspace: str, email: str, override: Override) -> list[str]:
    """A chat user is out only when none of their e-mails is wanted; to be in, one is enough."""
    people = deps.workspaces.list_people(workspace) if override is Override.EXCLUDED else {}
    user = people.get(email)
    return [email, *(other for other, who in people.items() if user and who == user and other != email)]


def _email(person: str) -> str:
    email = person_of(person)
    name, _, domain = email.rpartition("@")
    if not name or not domain or len(email) > MAX_EMAIL or len(email.split()) > 1:
        raise Invalid(Problem("person", "is not an e-mail", "people are named by their e-mail"))
    return email
