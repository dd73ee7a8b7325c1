"""Deals as groups see them: what rules are asked of, and whom each deal would bring."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound
from crmbridge.domain.groups import View, contact_emails, contact_person, deal_facts, owner_people
from crmbridge.domain.predicates import Facts, When
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


def look_at_deals(
    deps: Deps, keys: Sequence[RecordKey], brings: Callable[[View], bool], links: Collection[Kind] = ()
) -> Scene:
    """Contacts are read only for deals of which `brings` says that some group may want them; linked records of the
    kinds `links`, about which there are rules, for all deals."""
    sources = Sources(deps, keys[0].workspace)
    stored = dict(deps.records.get_many(keys))
    deals = {
        key: one for key, one in stored.items() if one.record.state is State.LIVE and sources.is_of(key, Kind.DEAL)
    }
    ends = {key: _ends(sources, key, one.record, links) for key, one in deals.items()}
    others = _read(deps, (end for by_kind in ends.values() for linked in by_kind.values() for end in linked))
    views = {key: _view(sources, key, one, _linked(sources, ends[key], others)) for key, one in deals.items()}
    wanted = {
        key: _linked_keys(sources, key, stored[key].record, Kind.CONTACT) for key, view in views.items() if brings(view)
    }
    unread = (contact for linked in wanted.values() for contact in linked or () if contact not in others)
    contacts = {**others, **_read(deps, unread)}
    users = _users(deps, sources.workspace, [one.record for one in contacts.values()])
    for key, linked in wanted.items():
        if linked is not None:
            views[key] = replace(views[key], contacts=_people(linked, contacts, users))
    return Scene(views, {**contacts, **stored})


def _read(deps: Deps, keys: Iterable[RecordKey]) -> Mapping[RecordKey, Stored]:
    return deps.records.get_many(sorted(set(keys)))


def _view(sources: Sources, key: RecordKey, deal: Stored, linked: Mapping[Kind, Sequence[Facts]]) -> View:
    directories = sources.directories(key.connection)
    known = deal_facts(deal.record, directories)
    known.linked = linked
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


def _ends(
    sources: Sources, key: RecordKey, deal: Record, links: Collection[Kind]
) -> Mapping[Kind, Sequence[RecordKey]]:
    """What the deal is linked to, of the kinds whose links were read."""
    found = {kind: _linked_keys(sources, key, deal, kind) for kind in links}
    return {kind: linked for kind, linked in found.items() if linked is not None}


def _linked(
    sources: Sources, ends: Mapping[Kind, Sequence[RecordKey]], others: Mapping[RecordKey, Stored]
) -> Mapping[Kind, Sequence[Facts]]:
    """Of what is linked and was never stored nothing is known; what is gone from the CRM is linked no more."""
    return {
        kind: [
            deal_facts(others[key].record, sources.directories(key.connection)) if key in others else Facts()
            for key in linked
            if key not in others or others[key].record.state is State.LIVE
        ]
        for kind, linked in ends.items()
    }


def _linked_keys(sources: Sources, key: RecordKey, deal: Record, kind: Kind) -> list[RecordKey] | None:
    """None when no links to such records were ever read."""
    read = [name for name in sources.objects(key.connection, kind) if name in deal.links]
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
