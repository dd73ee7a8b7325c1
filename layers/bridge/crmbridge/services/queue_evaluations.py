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


def queue_scans(
    deps: Deps, workspace: str, connections: Iterable[str] = (), kinds: Iterable[Kind] | None = None
) -> int:
    """Ask for a full evaluation of these connections (none named: all), for groups about these kinds of records (None:
    for all groups); returns the number of shards queued. The clock of the groups that ask what day it is goes on, and
    so does the check of all of them."""
    wanted = set(connections)
    about = {group.kind for group in deps.groups.snapshot(workspace)[1]} if kinds is None else set(kinds)
    messages = [
        Message({"workspace": workspace, "scan": {"connection": one.id, "object": name, "shard": shard}}, workspace)
        for one in deps.connections.list(workspace)
        if not wanted or one.id in wanted
        for name in objects_of(deps, one, *about)
        for shard in range(SHARDS)
    ]
    if messages:
        deps.workspaces.ring_clock(workspace, deps.now())
        deps.workspaces.keep_check(workspace, deps.now())
    deps.queues.groups.send(*messages)
    return len(messages)


def queue_records(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Ask for an evaluation of these records, all of one workspace, and of what is linked to them."""
    _queue(deps, "records", keys)


def queue_settling(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Ask for an evaluation of just these records, all of one workspace."""
    _queue(deps, "settle", keys)


def queue_people(deps: Deps, workspace: str, persons: Iterable[str]) -> None:
    """Ask for these people of a workspace to be told of anew, in every group that wants them."""
    bells = (Message({"workspace": workspace, "people": batch}, workspace) for batch in batches(persons))
    deps.queues.groups.send(*bells)


def _queue(deps: Deps, what: str, keys: Sequence[RecordKey]) -> None:
    for batch in batches(keys):
        records = [[key.connection, key.object, key.external_id] for key in batch]
        workspace = batch[0].workspace
        deps.queues.groups.send(Message({"workspace": workspace, what: records}, workspace))


def objects_of(deps: Deps, connection: Connection, *kinds: Kind) -> list[str]:
    """What that CRM calls records of these kinds."""
    specs = deps.platform(connection.platform).objects.values()
    return [spec.name for spec in specs if any(kind in spec.kinds for kind in kinds)]


def batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
