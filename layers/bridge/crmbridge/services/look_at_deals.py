"""Deals as groups see them: what rules are asked of, and whom each deal would bring."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound
from crmbridge.domain.groups import View, contact_emails, contact_person, deal_facts, owner_people
from crmbridge.domain.predicates import When
from crmbridge.domain.records import Json, Kind, Record, RecordKey, State, instant_text
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import objects_of


@dataclass(slots=True)
class Sources:
    """Connections and their directories, each read once; None for a connection that is gone."""

    deps: Deps
    workspace: str
    _connections: dict[str, Connection | None] = field(default_factory=dict)
    _directories: dict[str, Directories | None] = field(default_factory=dict)

    def connection(self, id: str) -> Connection | None:
        if id not in self._connections:
            try:
                self._connections[id] = self.deps.connections.get(self.workspace, id)
            except NotFound:
                self._connections[id] = None
        return self._connections[id]

    def directories(self, id: str) -> Directories | None:
        if id not in self._directories:
            self._directories[id] = self.deps.connections.directories(self.workspace, id)
        return self._directories[id]

    def objects(self, id: str, kind: Kind) -> Sequence[str]:
        connection = self.connection(id)
        return objects_of(self.deps, connection, kind) if connection else ()

    def is_of(self, key: RecordKey, kind: Kind) -> bool:
        return key.object in self.objects(key.connection, kind)


@dataclass(frozen=True, slots=True)
class Scene:
    """The live deals among those asked for, and every record that was looked at for them."""

    views: Mapping[RecordKey, View]
    stored: Mapping[RecordKey, Stored]


def look_at_deals(deps: Deps, keys: Sequence[RecordKey], brings: Callable[[View], bool]) -> Scene:
    """Contacts are read only for deals of which `brings` says that some group may want them."""
    sources = Sources(deps, keys[0].workspace)
    stored = dict(deps.records.get_many(keys))
    views = {
        key: _view(sources, key, one)
        for key, one in stored.items()
        if one.record.state is State.LIVE and sources.is_of(key, Kind.DEAL)
    }
    wanted = {key: _contact_keys(sources, key, stored[key].record) for key, view in views.items() if brings(view)}
    contacts = deps.records.get_many(sorted({contact for linked in wanted.values() for contact in linked or ()}))
    users = _users(deps, sources.workspace, [one.record for one in contacts.values()])
    for key, linked in wanted.items():
        if linked is not None:
            views[key] = replace(views[key], contacts=_people(linked, contacts, users))
    return Scene(views, {**contacts, **stored})


def _view(sources: Sources, key: RecordKey, deal: Stored) -> View:
    directories = sources.directories(key.connection)
    known = deal_facts(deal.record, directories)
    owners = owner_people(known, directories.owners) if directories else None
    is_closed = known.get("is_closed") is True or known.get("is_won") is True
    return View(
        key=key,
        facts=known,
        is_closed=is_closed,
        owners=owners,
        when=When(sources.deps.now()),
        began=_beginning(sources, deal),
    )


def _beginning(sources: Sources, deal: Stored) -> Mapping[str, Json]:
    cause, changed = deal.cause, deal.record.remote_updated_at
    known = {"action": cause.action, "rule": cause.rule, "at": instant_text(changed) if changed else None}
    change = {"origin": cause.origin.value, **{name: value for name, value in known.items() if value}}
    return {"since": instant_text(sources.deps.now()), "change": change}


def _contact_keys(sources: Sources, key: RecordKey, deal: Record) -> list[RecordKey] | None:
    """None when no links to contacts were ever read."""
    read = [name for name in sources.objects(key.connection, Kind.CONTACT) if name in deal.links]
    if not read:
        return None
    return [replace(key, object=name, external_id=link.external_id) for name in read for link in deal.links[name]]


def _users(deps: Deps, workspace: str, contacts: Iterable[Record]) -> Mapping[str, str]:
    """Chat users are asked for only where an e-mail must be chosen among several."""
    several = {email for contact in contacts if len(found := contact_emails(contact)) > 1 for email in found}
    return deps.workspaces.people(workspace, sorted(several)) if several else {}


def _people(
    linked: Iterable[RecordKey], contacts: Mapping[RecordKey, Stored], users: Mapping[str, str]
) -> Mapping[str, str]:
    live = [(key, contacts[key].record) for key in linked if key in contacts]
    found = [(contact_person(one, users), key) for key, one in live if one.state is State.LIVE]
    return {person: f"{key.object}/{key.external_id}" for person, key in found if person}
