"""What a record is linked to, whichever of the two owns the link."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound
from crmbridge.domain.records import Kind, Record, RecordKey
from crmbridge.platforms.spec import ObjectSpec
from crmbridge.services.ports import Deps

MOST: Final = 1_000
"""So many linked records of one kind a group looks at; of a record with more nothing is known there."""


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

    def specs(self, id: str, kind: Kind) -> list[ObjectSpec]:
        """The objects of that CRM that hold records of a kind."""
        connection = self.connection(id)
        objects = self.deps.platform(connection.platform).objects.values() if connection else ()
        return [spec for spec in objects if kind in spec.kinds]

    def is_of(self, key: RecordKey, kind: Kind) -> bool:
        """Whether it may be: an object may hold records of several kinds."""
        return any(spec.name == key.object for spec in self.specs(key.connection, kind))

    def keeps(self, id: str, kind: Kind) -> bool:
        connection = self.connection(id)
        return connection is not None and kind in connection.settings.kinds


def linked_keys(sources: Sources, key: RecordKey, record: Record, kind: Kind) -> list[RecordKey] | None:
    """What may be of that kind at the other end of its links; None when none of them were read, or when they are too
    many to look at."""
    known = _reads(sources, key, record, kind)
    found = list(dict.fromkeys(islice(every_link(sources, key, record, kind), MOST + 1))) if known else None
    return found if found is None or len(found) <= MOST else None


def every_link(sources: Sources, key: RecordKey, record: Record | None, kind: Kind) -> Iterator[RecordKey]:
    """However many they are. Of a record that is not known, the links that others own."""
    for spec in sources.specs(key.connection, kind):
        for link in record.links.get(spec.name, ()) if record else ():
            yield key._replace(object=spec.name, external_id=link.external_id)
        if key.object in spec.links:
            for id in sources.deps.records.linked(key, spec.name):
                yield key._replace(object=spec.name, external_id=id)


def owns_links(sources: Sources, key: RecordKey, kind: Kind) -> bool:
    """Whether links to records of that kind lie with this one, rather than with them."""
    targets = {spec.name for spec in sources.specs(key.connection, kind)}
    connection = sources.connection(key.connection)
    own = sources.deps.platform(connection.platform).objects.get(key.object) if connection else None
    return own is not None and not targets.isdisjoint(own.links)


def _reads(sources: Sources, key: RecordKey, record: Record, kind: Kind) -> bool:
    """Its own links are read with it; those of others as soon as these others are kept at all."""
    specs = sources.specs(key.connection, kind)
    return any(
        spec.name in record.links or (key.object in spec.links and sources.keeps(key.connection, kind))
        for spec in specs
    )
