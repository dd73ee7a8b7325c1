"""People whose chat user has changed: decide again by which e-mail a contact is known, and tell who is somebody now."""

from collections import defaultdict
from collections.abc import Iterable

from crmbridge.domain.groups import person_of
from crmbridge.domain.records import Kind
from crmbridge.services.deliver_members import members_bell
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches, queue_records


def ring_people(deps: Deps, workspace: str, emails: Iterable[str]) -> None:
    """Called after the mapping was stored; ringing twice is harmless. As many calls as people, however large the groups
    are that they are in."""
    _, groups = deps.groups.snapshot(workspace)
    if not groups:
        return
    persons = sorted({person_of(email) for email in emails})
    found = [stored for person in persons for stored in deps.records.by_email(workspace, person)]
    queue_records(deps, [stored.key for stored in found if stored.record.kind is Kind.CONTACT])
    ids, members = {group.id for group in groups}, defaultdict(list)
    for person in persons:
        for group in ids.intersection(deps.memberships.groups_of(workspace, person)):
            members[group].append(person)
    bells = (members_bell(workspace, group, some) for group, those in members.items() for some in batches(those))
    deps.queues.chat.send(*bells)
