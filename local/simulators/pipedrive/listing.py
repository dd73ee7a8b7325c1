"""v2 lists: keyset cursors, filters, the choice of fields, labels instead of ids."""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from starlette.responses import Response

from local.simulators.pipedrive.call import Call, page
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.counts import Counts
from local.simulators.pipedrive.errors import invalid, not_found
from local.simulators.pipedrive.kinds import DEALS, Kind
from local.simulators.pipedrive.store import Record, Values

MOST_IDS = 100
MOST_CUSTOM = 15
Test = Callable[[Record], bool]
Key = Callable[[Record], Any]


def list_records(call: Call, kind: Kind, matching: list[Test], source: Iterator[Record] | None = None) -> Response:
    """`source` replaces the live records. Order is by id, or by another field and then the id."""
    if call.query("filter_id"):
        raise not_found("filter")
    field, direction = call.query("sort_by", "id"), call.query("sort_direction", "asc")
    if field not in kind.sortable:
        raise invalid(f"sort_by: must be one of {', '.join(kind.sortable)}")
    if direction not in {"asc", "desc"}:
        raise invalid("sort_direction: must be asc or desc")
    limit, cursor = call.limit(), read_cursor(call, field, direction)
    show = shower(call, kind)
    wanted = _wanted(call, kind, matching)
    chosen: list[Record] = []
    for record in _ordered(call.company, kind, field, direction, cursor, source):
        if all(test(record) for test in wanted):
            chosen.append(record)
            if len(chosen) > limit:
                break
    more = len(chosen) > limit
    last = chosen[limit - 1] if more else None
    following = write_cursor(call, field, direction, last) if last else None
    return page([show(record) for record in chosen[:limit]], following)


def paged(call: Call, rows: list[Values], *, sortable: tuple[str, ...] = ()) -> Response:
    """A page of a list that is short enough to be sorted whole: pipelines, stages, fields. The cursor is a place."""
    field = call.query("sort_by", "id")
    if sortable and field not in sortable:
        raise invalid(f"sort_by: must be one of {', '.join(sortable)}")
    if sortable:
        rows = sorted(rows, key=lambda row: (row[field], row["id"]), reverse=call.query("sort_direction") == "desc")
    limit, cursor = call.limit(), read_cursor(call, "place", "asc")
    start = cursor["id"] if cursor else 0
    more = len(rows) > start + limit
    return page(rows[start : start + limit], pack(call, "place", "asc", None, start + limit) if more else None)


def shower(call: Call, kind: Kind) -> Callable[[Record], Values]:
    """How this call wants its records."""
    company, keys = call.company, call.names("custom_fields")
    if len(keys) > MOST_CUSTOM:
        raise invalid(f"custom_fields: at most {MOST_CUSTOM} keys")
    wire, steps = company.wirer(kind, keys or None), _additions(call, kind)
    if not steps:
        return wire

    def show(record: Record) -> Values:
        body = wire(record)
        for step in steps:
            step(record, body)
        return body

    return show


def _additions(call: Call, kind: Kind) -> list[Callable[[Record, Values], None]]:
    company, more = call.company, call.names("include_fields")
    unknown = [name for name in more if name not in kind.optional]
    if unknown:
        raise invalid(f"include_fields: unknown field {unknown[0]!r}")
    steps: list[Callable[[Record, Values], None]] = []
    if more:
        steps.append(Counts(company, kind).adder(more))
    if kind.name not in company.customs:
        return steps
    if call.flag("include_labels"):
        steps.append(lambda _, body: _label_labels(company, kind, body))
    if call.flag("include_option_labels"):
        steps.append(lambda _, body: _label_options(company, kind, body))
    return steps


def equals(code: str, value: object) -> list[Test]:
    return [] if value is None else [lambda record: record.values[code] == value]


def read_cursor(call: Call, field: str, direction: str) -> dict[str, Any] | None:
    text = call.query("cursor")
    if not text:
        return None
    try:
        cursor: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        same = (cursor["field"], cursor["sortDirection"]) == (field, direction) and isinstance(cursor["id"], int)
        life = call.company.settings.cursor_seconds
        stale = life and cursor["at"] + life <= call.company.clock.now()
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid("cursor: is not valid") from None
    if not same or stale:
        raise invalid("cursor: has expired" if stale else "cursor: does not belong to this list")
    return cursor


def write_cursor(call: Call, field: str, direction: str, record: Record) -> str:
    return pack(call, field, direction, record.values[field], record.id)


def pack(call: Call, field: str, direction: str, value: Any, number: int) -> str:
    cursor = {"field": field, "fieldValue": value, "sortDirection": direction, "id": number}
    if call.company.settings.cursor_seconds:
        cursor["at"] = call.company.clock.now()
    return base64.urlsafe_b64encode(orjson.dumps(cursor)).decode().rstrip("=")


def _ordered(company: Company, kind: Kind, field: str, direction: str, cursor: dict[str, Any] | None,
             source: Iterator[Record] | None) -> Iterator[Record]:  # fmt: skip
    """From behind the cursor on, as things are now: a record that moved meanwhile is met again or missed."""
    store, down = company.stores[kind.name], direction == "desc"
    if field == "id" and source is None:
        if down:
            return store.live_down(cursor["id"] if cursor else None)
        return store.live(cursor["id"] if cursor else 0)

    def place(record: Record) -> tuple[Any, int]:
        return (record.values[field] if field == "id" else record.values[field] or "", record.id)

    ordered = sorted(source or store.live(), key=place, reverse=down)
    if cursor is None:
        return iter(ordered)
    start = (cursor["fieldValue"] if field == "id" else cursor["fieldValue"] or "", cursor["id"])
    return (record for record in ordered if (place(record) < start if down else place(record) > start))


def _wanted(call: Call, kind: Kind, matching: list[Test]) -> list[Test]:
    tests = list(matching)
    since, until = call.moment("updated_since"), call.moment("updated_until")
    if since:
        tests.append(lambda record: record.values["update_time"] >= since)
    if until:
        tests.append(lambda record: record.values["update_time"] < until)
    tests += equals("owner_id", call.number("owner_id"))
    ids = call.names("ids")
    if len(ids) > MOST_IDS or not all(each.isdecimal() for each in ids):
        raise invalid(f"ids: expected at most {MOST_IDS} comma-separated integers")
    if ids:
        numbers = set(map(int, ids))
        tests.insert(0, lambda record: record.id in numbers)
    if kind is not DEALS:
        return tests
    for code in ("person_id", "org_id", "pipeline_id", "stage_id"):
        tests += equals(code, call.number(code))
    return tests


def _label_labels(company: Company, kind: Kind, body: Values) -> None:
    labels = company.options[kind.name]["label_ids"]
    body["label_ids"] = [{"id": each, "label": labels.get(each)} for each in body["label_ids"]]


def _label_options(company: Company, kind: Kind, body: Values) -> None:
    customs = company.customs[kind.name]
    for key, value in body["custom_fields"].items():
        options = customs[key].options
        if options and isinstance(value, list):
            body["custom_fields"][key] = [{"id": each, "label": options.get(each)} for each in value]
        elif options and value is not None:
            body["custom_fields"][key] = {"id": value, "label": options.get(value)}
