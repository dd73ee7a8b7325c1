"""`/crm/v3/objects/{type}/batch/...`: up to 100 records at once, and answers that are only partly good."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from local.simulators.clock import iso
from local.simulators.hubspot.api import Call, RouteSpec, found, no_content
from local.simulators.hubspot.errors import ApiError, conflict, item_error, object_not_found, refused, validation
from local.simulators.hubspot.objects_api import after_update, by_property, create_linked, targets_of
from local.simulators.hubspot.store import Record, unique_values

MAX_INPUTS = 100
Wish = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """Results and errors of one batch; the order of the results is not that of the inputs."""

    results: list[dict[str, Any]]
    errors: list[dict[str, Any]]

    def answer(self, call: Call, good: int) -> Response:
        now = iso(call.hub.clock.now_ms())
        body: dict[str, Any] = {"status": "COMPLETE", "results": self.results, "startedAt": now, "completedAt": now}
        if self.errors:
            body |= {"numErrors": len(self.errors), "errors": self.errors}
        return found(body, 207 if self.errors else good)


def read(call: Call) -> Response:
    kind, portal, fields = call.kind, call.portal, call.fields()
    call.need(kind.read_scope)
    wanted = _ids(call)
    archived, id_property = call.flag("archived"), str(fields.get("idProperty") or "")
    found_by_id = {each: _looked_up(call, each, id_property, archived=archived) for each in wanted}
    names = portal.readable(kind, fields.get("properties") or [])
    records = {record.id: record for record in found_by_id.values() if record}
    results = [portal.wire(kind, record, names) for _, record in sorted(records.items())]
    missing = [each for each, record in found_by_id.items() if record is None]
    reported = missing if call.hub.settings.batch_read_reports_missing else []
    return Outcome(results, _unknown(call, reported)).answer(call, 200)


def create(call: Call) -> Response:
    kind = call.kind
    call.need(kind.write_scope)
    inputs = call.inputs(MAX_INPUTS)

    def check(wish: Wish) -> None:
        targets_of(call.portal, kind, wish.get("associations") or [])
        call.desk.prepare(kind, wish.get("properties") or {})

    def carry_out(wish: Wish) -> dict[str, Any]:
        record = create_linked(call, {"properties": {}, **wish})
        return call.portal.wire(kind, record, sorted(record.values))

    if not _traced(inputs):
        _refuse_twins(call, inputs)
    return _each(inputs, check, carry_out).answer(call, 201)


def update(call: Call) -> Response:
    kind = call.kind
    call.need(kind.write_scope)
    inputs = call.inputs(MAX_INPUTS)
    _refuse_duplicates([str(wish.get("id")) for wish in inputs])
    records = [_looked_up(call, str(wish.get("id")), str(wish.get("idProperty") or "")) for wish in inputs]
    known = [(wish, record) for wish, record in zip(inputs, records, strict=True) if record]
    lost = [str(wish.get("id")) for wish, record in zip(inputs, records, strict=True) if record is None]
    by_wish = {id(wish): record for wish, record in known}

    def check(wish: Wish) -> None:
        call.desk.prepare_update(kind, by_wish[id(wish)], wish.get("properties") or {})

    def carry_out(wish: Wish) -> dict[str, Any]:
        return _updated(call, by_wish[id(wish)], wish)

    outcome = _each([wish for wish, _ in known], check, carry_out)
    outcome.errors += _unknown(call, lost)
    return outcome.answer(call, 200)


def upsert(call: Call) -> Response:
    kind = call.kind
    call.need(kind.write_scope)
    inputs = call.inputs(MAX_INPUTS)
    _refuse_duplicates([str(wish.get("id")).casefold() for wish in inputs])

    def found_for(wish: Wish) -> Record | None:
        record = by_property(call, str(wish.get("idProperty") or "hs_object_id"), str(wish.get("id")))
        if record is None and not wish.get("idProperty"):
            raise object_not_found(kind.singular, str(wish.get("id")))
        return record

    def check(wish: Wish) -> None:
        record = found_for(wish)
        if record is None:
            call.desk.prepare(kind, _with_key(wish))
        else:
            call.desk.prepare_update(kind, record, wish.get("properties") or {})

    def carry_out(wish: Wish) -> dict[str, Any]:
        record = found_for(wish)
        if record:
            return _updated(call, record, wish) | {"new": False}
        record = call.desk.create(kind, _with_key(wish))
        return call.portal.wire(kind, record, sorted(record.values)) | {"new": True}

    return _each(inputs, check, carry_out).answer(call, 200)


def archive(call: Call) -> Response:
    call.need(call.kind.write_scope)
    for record_id in _ids(call):
        record = _looked_up(call, record_id, "")
        if record:
            call.desk.archive(call.kind, record)
    return no_content()


def _each(inputs: list[Wish], check: Callable[[Wish], None], carry_out: Callable[[Wish], dict[str, Any]]) -> Outcome:
    """Traced inputs fail one by one; one bad input without a trace id spoils the whole batch."""
    if not _traced(inputs):
        for wish in inputs:
            check(wish)
        return Outcome([carry_out(wish) for wish in inputs][::-1], [])
    outcome = Outcome([], [])
    for wish in inputs:
        trace = str(wish["objectWriteTraceId"])
        try:
            outcome.results.insert(0, carry_out(wish) | {"objectWriteTraceId": trace})
        except ApiError as error:
            outcome.errors.append(_failed(error, trace))
    return outcome


def _failed(error: ApiError, trace: str) -> dict[str, Any]:
    context: dict[str, list[str]] = {"objectWriteTraceId": [trace], **error.body.get("context", {})}
    message = str(error.body["message"])
    if error.status == 409:
        context["existingId"] = [message.rpartition(" ")[2]]
    entry = item_error(str(error.body.get("category")), message, context)
    return entry | ({"errors": error.body["errors"]} if "errors" in error.body else {})


def _traced(inputs: list[Wish]) -> bool:
    traces = [wish.get("objectWriteTraceId") for wish in inputs]
    return None not in traces and len(set(map(str, traces))) == len(traces)


def _updated(call: Call, record: Record, wish: Wish) -> dict[str, Any]:
    changes = call.desk.update(call.kind, record, wish.get("properties") or {})
    return call.portal.wire(call.kind, record, after_update(call.portal, call.kind, changes))


def _with_key(wish: Wish) -> dict[str, Any]:
    return {str(wish.get("idProperty")): wish.get("id"), **(wish.get("properties") or {})}


def _ids(call: Call) -> list[str]:
    ids = [str(each.get("id", "")) for each in call.inputs(MAX_INPUTS)]
    _refuse_duplicates(ids)
    return ids


def _looked_up(call: Call, record_id: str, id_property: str, *, archived: bool = False) -> Record | None:
    store = call.portal.stores[call.kind.name]
    if id_property:
        return by_property(call, id_property, record_id)
    if not record_id.isdecimal():
        return None
    number = int(record_id)
    if number in store.merged and not call.hub.settings.batch_read_follows_merges:
        return None
    return store.find(number, archived=archived)


def _refuse_duplicates(ids: list[str]) -> None:
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        message = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise validation(message, context={"ids": twice})


def _refuse_twins(call: Call, inputs: list[Wish]) -> None:
    """An untraced batch is refused as a whole, so its inputs must not take a unique value from each other either."""
    store = call.portal.stores[call.kind.name]
    seen: set[tuple[str, str]] = set()
    for wish in inputs:
        values = {name: str(value) for name, value in (wish.get("properties") or {}).items() if value}
        for name in filter(store.is_unique, values):
            for value in unique_values(name, values):
                if store.holder(name, value) is not None or (name, value) in seen:
                    raise refused(409, "CONFLICT", str(conflict(call.kind.singular, 0)).partition(".")[0])
                seen.add((name, value))


def _unknown(call: Call, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    message = (
        f"Could not get some {call.kind.singular.upper()} objects, they may be deleted or not exist."
        " Check that ids are valid."
    )
    return [item_error("OBJECT_NOT_FOUND", message, {"ids": ids})]


ROUTES: list[RouteSpec] = [
    ("POST", "/crm/v3/objects/{type}/batch/read", read),
    ("POST", "/crm/v3/objects/{type}/batch/create", create),
    ("POST", "/crm/v3/objects/{type}/batch/update", update),
    ("POST", "/crm/v3/objects/{type}/batch/upsert", upsert),
    ("POST", "/crm/v3/objects/{type}/batch/archive", archive),
]
