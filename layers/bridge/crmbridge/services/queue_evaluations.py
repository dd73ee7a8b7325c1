"""Ring for groups to be evaluated: some records, or everything a connection has."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from crmbridge.domain.connections import Connection
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.ports import Deps

BATCH: Final = 100
SHARDS: Final = 16

T = TypeVar("T")


def queue_scans(deps: Deps, workspace: str, connections: Iterable[str] = ()) -> int:
    """Ask for a full evaluation of these connections (none named: all); returns the number of shards queued."""
    wanted = set(connections)
    messages = [
        Message({"workspace": workspace, "scan": {"connection": one.id, "object": name, "shard": shard}}, workspace)
        for one in deps.connections.list(workspace)
        if not wanted or one.id in wanted
        for name in objects_of(deps, one, Kind.DEAL)
        for shard in range(SHARDS)
    ]
    deps.queues.groups.send(*messages)
    return len(messages)


def queue_records(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Ask for an evaluation of these records, all of one workspace."""
    for batch in batches(keys):
        records = [[key.connection, key.object, key.external_id] for key in batch]
        workspace = batch[0].workspace
        deps.queues.groups.send(Message({"workspace": workspace, "records": records}, workspace))


def objects_of(deps: Deps, connection: Connection, kind: Kind) -> list[str]:
    """What that CRM calls records of a kind."""
    return [spec.name for spec in deps.platform(connection.platform).objects.values() if kind in spec.kinds]


def batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
