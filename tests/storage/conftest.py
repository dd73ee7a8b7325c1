"""Both stores behind one port, and records for them to hold: the store path in small (heads, judge, write, again)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.merging import UNSEEN, Head, RecordWrite, Sighting, judge
from crmbridge.domain.records import Kind, Labelled, Link, Record, RecordKey, State
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.items import Items
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.records import RecordStore
from moto import mock_aws

from tests.tables import table_definition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)

See = Callable[..., Sighting]
Decide = Callable[..., RecordWrite]
Save = Callable[..., bool]


@cache
def dynamodb() -> "DynamoDBClient":
    """One for all tests: making it takes longer than most of them, and each has a pretended AWS of its own."""
    return boto3.client("dynamodb")


@pytest.fixture(params=["memory", "dynamo"])
def make_items(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Items]]:
    """An empty table of that name (a key of `items.INDEXES`), once in memory and once on moto."""
    if request.param == "memory":
        yield MemoryItems
        return

    def make(table: str) -> Items:
        dynamodb().create_table(**table_definition(table))
        return DynamoItems(dynamodb(), table, lambda _: None)

    with mock_aws():
        yield make


@pytest.fixture
def key() -> Callable[..., RecordKey]:
    return lambda id="1", object="contacts", workspace="w1", connection="c1": RecordKey(
        workspace, connection, object, id
    )


@pytest.fixture
def see() -> See:
    """What a call showed of one record. `updated` is in minutes; `links`: ids of companies."""

    def make(id: str = "1", updated: int = 0, links: Any = None, says: str = "", **more: Any) -> Sighting:
        read = {} if links is None else {"companies": tuple(Link("companies", str(link)) for link in links)}
        attributes = {"fingerprint": says, "links": read, "remote_updated_at": BEGIN + timedelta(minutes=updated)}
        return Sighting(object="contacts", external_id=id, kind=Kind.CONTACT, **{**attributes, **more})

    return make


@pytest.fixture
def decide(key: Callable[..., RecordKey]) -> Decide:
    """What is to be written of a sighting, on top of a head. `read` is the minute of reading; `also` are further
    e-mails."""

    def make(
        seen: Sighting, head: Head = UNSEEN, read: int = 0, email: str = "", name: str = "", also: tuple[str, ...] = ()
    ) -> RecordWrite:
        verdict = judge(head, seen, BEGIN + timedelta(minutes=read))
        return RecordWrite(
            key=key(seen.external_id),
            kind=seen.kind,
            state=seen.state,
            successor_id=seen.successor_id,
            cause=Cause(Origin.INCREMENTAL),
            verdict=verdict,
            core=_record(seen, name, also) if verdict.writes_core and seen.state is State.LIVE else None,
            links=seen.links,
            email=email,
            name=name,
            emails=also,
        )

    return make


def _record(seen: Sighting, name: str, emails: tuple[str, ...]) -> Record:
    listed = {"emails": tuple(Labelled(email) for email in emails)} if emails else {}
    fields: Mapping[str, Any] = {"first_name": name, "lead_status": seen.fingerprint, **listed}
    return Record(platform="hubspot", object=seen.object, external_id=seen.external_id, kind=seen.kind, fields=fields)


@pytest.fixture
def save(decide: Decide, key: Callable[..., RecordKey]) -> Save:
    """Store a sighting as the service does; False when the store had nothing to write or refused for ever."""

    def store(records: RecordStore, seen: Sighting, **how: Any) -> bool:
        for _ in range(5):
            head = records.heads([key(seen.external_id)], list(seen.links)).get(key(seen.external_id), UNSEEN)
            write = decide(seen, head, **how)
            if not write.verdict.parts:
                return False
            if not records.write([write]):
                return True
        return False

    return store


@pytest.fixture
def table() -> MemoryItems:
    return MemoryItems("records")


@pytest.fixture
def records(table: MemoryItems) -> RecordStore:
    return RecordStore(table)
