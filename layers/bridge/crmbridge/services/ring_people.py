"""People whose chat user has changed: decide again by which e-mail a contact is known, and tell who is somebody now."""

from collections.abc import Iterable, Iterator

from crmbridge.domain.groups import person_of
from crmbridge.domain.records import Kind
from crmbridge.services.deliver_members import ring_members
from crmbridge.services.list_members import all_members
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches, queue_records


def ring_people(deps: Deps, workspace: str, emails: Iterable[str]) -> None:
    """Called after the mapping was stored; ringing twice is harmless."""
    persons = {person_of(email) for email in emails}
    _, groups = deps.groups.snapshot(workspace)
    if not groups or not persons:
        return
    found = [stored for person in sorted(persons) for stored in deps.records.by_email(workspace, person)]
    queue_records(deps, [stored.key for stored in found if stored.record.kind is Kind.CONTACT])
    for group in groups:
        for batch in batches(_members_among(deps, workspace, group.id, persons)):
            ring_members(deps, workspace, group.id, batch)


def _members_among(deps: Deps, workspace: str, group: str, persons: set[str]) -> Iterator[str]:
    """Whole pages: as many calls as groups, however many people were mapped at once."""
    members = all_members(deps, workspace, group)
    return (member.person for member in members if member.person in persons)
