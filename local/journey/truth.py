"""Does the table hold what the CRM holds? Compared field by field, with expectations written without the adapter."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from crmbridge.domain.records import State
from crmbridge.domain.stored import Stored
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.records import RecordStore

from local.journey.steps import Story, in_crm
from local.journey.world import World

Json = Any
Values = Mapping[str, str | None]

SHARDS = 16
OBJECTS = ("contacts", "companies", "deals", "tasks", "calls", "notes", "meetings", "emails")
LINKS = {
    "contacts": ("companies", "tickets"),
    "companies": (),
    "deals": ("contacts", "companies", "tickets"),
    **dict.fromkeys(("tasks", "calls", "notes", "meetings", "emails"), ("contacts", "companies", "deals", "tickets")),
}


def text(name: str) -> Callable[[Values], Any]:
    return lambda values: values.get(name) or None


def number(name: str) -> Callable[[Values], Any]:
    return lambda values: Decimal(values[name] or 0) if values.get(name) else None


EXPECTED: Mapping[str, Mapping[str, Callable[[Values], Any]]] = {
    "contacts": {
        "first_name": text("firstname"),
        "last_name": text("lastname"),
        "email": text("email"),
        "owner_id": text("hubspot_owner_id"),
    },
    "companies": {"name": text("name"), "domain": text("domain"), "industry": text("industry")},
    "deals": {"name": text("dealname"), "amount": number("amount"), "stage": text("dealstage")},
    "tasks": {"subject": text("hs_task_subject"), "body": text("hs_task_body")},
    "calls": {"subject": text("hs_call_title")},
    "notes": {"body": text("hs_note_body")},
    "meetings": {"subject": text("hs_meeting_title")},
    "emails": {"subject": text("hs_email_subject")},
}


def differences(story: Story) -> list[str]:
    """Everything in which the stored records are not the CRM's; empty when they are equal."""
    store = records(story.world)
    found: list[str] = []
    for object in OBJECTS:
        stored = {one.key.external_id: one for one in scanned(store, story, object)}
        found += compared(object, in_crm(story, object, associations=1), stored)
    return found


def records(world: World) -> RecordStore:
    table = world.stack.outputs["RecordsTable"]
    return RecordStore(DynamoItems(world.stack.engine.client("dynamodb"), table))


def scanned(store: RecordStore, story: Story, object: str) -> Iterator[Stored]:
    for shard in range(SHARDS):
        yield from store.scan(story.workspace, story.connection, object, shard)


def compared(object: str, truth: Json, stored: Mapping[str, Stored]) -> Iterator[str]:
    live = {record["id"]: record for record in truth["live"]}
    ours = {id for id, one in stored.items() if one.record.state is State.LIVE}
    yield from (f"{object} {id} is missing" for id in sorted(live.keys() - ours))
    yield from (f"{object} {id} lives only in the table" for id in sorted(ours - live.keys()))
    for id in live.keys() & ours:
        yield from unequal(object, live[id], stored[id])
    for loser, survivor in truth["merged"].items():
        if loser in stored and (stored[loser].record.state, stored[loser].record.successor_id) != ("merged", survivor):
            yield f"{object} {loser} was merged into {survivor}, stored as {stored[loser].record.state}"


def unequal(object: str, raw: Json, ours: Stored) -> Iterator[str]:
    properties, record = raw["properties"], ours.record
    for field, expected in EXPECTED[object].items():
        held = record.fields.get(field, "absent")
        if field not in record.odd and (None if held == "" else held) != expected(properties):
            yield f"{object} {raw['id']} {field}: {held!r}, in the CRM {expected(properties)!r}"
    for target in LINKS[object]:
        linked = {link["id"] for link in raw.get("associations", {}).get(target, ())}
        held_links = {link.external_id for link in record.links.get(target, ())}
        if linked != held_links:
            yield f"{object} {raw['id']} links to {target}: {sorted(held_links)}, in the CRM {sorted(linked)}"
