"""Records as groups see them: what rules are asked of, and whom each record would bring."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from crmbridge.domain.predicates import Facts
from crmbridge.domain.records import Json, Kind, Record, RecordKey, State, instant_text
from crmbridge.domain.stored import Stored
from crmbridge.domain.views import (
    View,
    asked_of,
    contact_emails,
    contact_person,
    owner_people,
    owners_left_out,
    why_nobody,
)
from crmbridge.services.find_linked import Sources, linked_keys
from crmbridge.services.ports import Deps

Ends = Mapping[Kind, Sequence[RecordKey]]
"""What a record is linked to, of the kinds whose links were read."""


class Lookers(Protocol):
    """Who looks: a workspace's groups, or the draft of one."""

    def kinds(self) -> frozenset[Kind]: ...

    def needs_links(self, kind: Kind) -> frozenset[Kind]: ...

    def bring_contacts_of(self, view: View) -> bool: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """The live records among those asked for that anybody looks at, and every record that was read for them. `now` is
    when it was looked at."""

    now: datetime
    views: Mapping[RecordKey, View]
    stored: Mapping[RecordKey, Stored]


def look_at_records(deps: Deps, keys: Sequence[RecordKey], lookers: Lookers) -> Scene:
    """Contacts are read only where somebody may want them; linked records about which there are rules, always."""
    sources, now = Sources(deps, keys[0].workspace), deps.now()
    needs = {kind: lookers.needs_links(kind) for kind in lookers.kinds()}
    stored = dict(deps.records.get_many(keys))
    bases = {key: one for key, one in stored.items() if one.record.kind in needs and _is_there(sources, key, one)}
    ends = {key: _ends(sources, key, one.record, needs[one.record.kind]) for key, one in bases.items()}
    linked = (end for by_kind in ends.values() for found in by_kind.values() for end in found)
    others = {**stored, **_read(deps, (end for end in linked if end not in stored))}
    views = {key: _view(sources, key, one, _linked(sources, ends[key], others), now) for key, one in bases.items()}
    complete, contacts = _with_contacts(sources, views, others, lookers.bring_contacts_of)
    return Scene(now, complete, {**others, **contacts})


def facts_of(sources: Sources, key: RecordKey, record: Record, kinds: Iterable[Kind]) -> Facts:
    """What rules may ask of a record as it is, or was; of those linked to it, of these kinds, as they are now."""
    ends = _ends(sources, key, record, kinds)
    known = asked_of(record, sources.directories(key.connection))
    known.linked = _linked(sources, ends, _read(sources.deps, (end for found in ends.values() for end in found)))
    return known


def _is_there(sources: Sources, key: RecordKey, one: Stored) -> bool:
    return one.record.state is State.LIVE and sources.is_of(key, one.record.kind)


def _read(deps: Deps, keys: Iterable[RecordKey]) -> Mapping[RecordKey, Stored]:
    wanted = sorted(set(keys))
    return deps.records.get_many(wanted) if wanted else {}


def _view(sources: Sources, key: RecordKey, one: Stored, linked: Mapping[Kind, Sequence[Facts]], now: datetime) -> View:
    directories = sources.directories(key.connection)
    known = asked_of(one.record, directories)
    known.linked = linked
    return View(
        key=key,
        kind=one.record.kind,
        facts=known,
        is_closed=known.get("is_closed") is True or known.get("is_won") is True,
        owners=owner_people(known, directories.owners) if directories else None,
        owners_left_out=owners_left_out(known, directories.owners) if directories else {},
        now=now,
        began=_beginning(one, now),
    )


def _beginning(one: Stored, now: datetime) -> Mapping[str, Json]:
    cause, changed = one.cause, one.record.remote_updated_at
    known = {"action": cause.action, "rule": cause.rule, "at": instant_text(changed) if changed else None}
    change = {"origin": cause.origin.value, **{name: value for name, value in known.items() if value}}
    return {"since": instant_text(now), "change": change}


def _ends(sources: Sources, key: RecordKey, record: Record, kinds: Iterable[Kind]) -> Ends:
    found = {kind: linked_keys(sources, key, record, kind) for kind in kinds}
    return {kind: linked for kind, linked in found.items() if linked is not None}


def _linked(sources: Sources, ends: Ends, others: Mapping[RecordKey, Stored]) -> Mapping[Kind, Sequence[Facts]]:
    """Of what is linked and was never stored nothing is known; what is gone from the CRM is linked no more, and what
    shares an object with another kind may be of that."""
    return {
        kind: [
            asked_of(others[key].record, sources.directories(key.connection)) if key in others else Facts()
            for key in linked
            if key not in others or (others[key].record.state is State.LIVE and others[key].record.kind is kind)
        ]
        for kind, linked in ends.items()
    }


def _with_contacts(
    sources: Sources,
    views: Mapping[RecordKey, View],
    others: Mapping[RecordKey, Stored],
    are_wanted: Callable[[View], bool],
) -> tuple[Mapping[RecordKey, View], Mapping[RecordKey, Stored]]:
    """The views with the people whom their contacts are, and the contacts."""
    wanted = {key: _contact_keys(sources, view, others[key].record) for key, view in views.items() if are_wanted(view)}
    unread = _read(sources.deps, (one for linked in wanted.values() for one in linked or () if one not in others))
    contacts = {**others, **unread}
    read = [contacts[one].record for linked in wanted.values() for one in linked or () if one in contacts]
    users = _users(sources, read)
    found = {
        key: _with_people(views[key], linked, contacts, users) for key, linked in wanted.items() if linked is not None
    }
    return {**views, **found}, unread


def _contact_keys(sources: Sources, view: View, record: Record) -> list[RecordKey] | None:
    """A contact's contact is itself."""
    return [view.key] if view.kind is Kind.CONTACT else linked_keys(sources, view.key, record, Kind.CONTACT)


def _users(sources: Sources, contacts: Iterable[Record]) -> Mapping[str, str]:
    """Chat users are asked for only where an e-mail must be chosen among several."""
    several = {email for contact in contacts if len(found := contact_emails(contact)) > 1 for email in found}
    return sources.deps.workspaces.people(sources.workspace, sorted(several)) if several else {}


def _with_people(
    view: View, linked: Iterable[RecordKey], contacts: Mapping[RecordKey, Stored], users: Mapping[str, str]
) -> View:
    live = [contacts[key] for key in linked if key in contacts and contacts[key].record.state is State.LIVE]
    found = [(contact_person(one.record, users), f"{one.key.object}/{one.key.external_id}", one) for one in live]
    return replace(
        view,
        contacts={person: source for person, source, _ in found if person},
        contacts_left_out={source: why_nobody(one.record) for person, source, one in found if not person},
    )
