"""`POST /crm/v3/objects/{type}/search`: filters, sorting, the 10,000-row cap, and an index that may lag behind."""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from starlette.responses import Response

from local.simulators.hubspot.api import Call, RouteSpec, found, whole_number
from local.simulators.hubspot.errors import ApiError, Flaw, invalid_values, validation
from local.simulators.hubspot.portal import kind_of
from local.simulators.hubspot.properties import Property
from local.simulators.hubspot.schema import ObjectType
from local.simulators.hubspot.store import Record, Store, Values
from local.simulators.hubspot.values import moment_ms

MAX_PAGE = 200
MAX_RESULTS = 10_000
MAX_BODY = 3_000
MAX_GROUPS = 5

Key = float | str
Test = Callable[[Record], bool]


def search(call: Call) -> Response:
    kind, portal, fields = call.kind, call.portal, call.fields()
    call.need(kind.read_scope)
    length = int(call.request.headers.get("content-length", "0"))
    if length > MAX_BODY:
        raise validation(f"The query is too long: {length} characters of at most {MAX_BODY}")
    limit = whole_number("limit", fields.get("limit") or 10, MAX_PAGE)
    start = _offset(fields.get("after"))
    matching = _matching(call, kind, fields)
    _sort(portal.properties[kind.name], kind, matching, fields.get("sorts") or [])
    names = portal.readable(kind, fields.get("properties") or [])
    end = min(start + limit, MAX_RESULTS)
    results = [portal.wire(kind, record, names) for record in matching[start:end]]
    body: dict[str, Any] = {"total": len(matching), "results": results}
    if end < len(matching):
        body["paging"] = {"next": {"after": str(end)}}
    return found(body)


def indexed(store: Store, now_ms: int) -> Iterator[Record]:
    """The live records by ascending id as the index knows them, which is as they were before the latest writes."""
    store.settle(now_ms)
    if not store.unindexed:
        for number in store.live:
            yield store.records[number]
        return
    for number in sorted({*store.live, *store.unindexed}):
        seen = _seen(store.unindexed.get(number) or store.records[number])
        if seen:
            yield seen


def _seen(record: Record) -> Record | None:
    if not record.versions:
        return record if record.archived_ms is None else None
    oldest = record.versions[0]
    if oldest.values is None:
        return None
    return Record(record.id, oldest.values, record.created_ms, oldest.updated_ms)


def _offset(after: object) -> int:
    text = str(after or "0")
    if not text.isdecimal():
        raise ApiError(400, {"message": f'Cannot deserialize value of type `int` from String "{text}"'})
    if int(text) >= MAX_RESULTS:
        raise ApiError(400, {"message": f"Cannot page beyond {MAX_RESULTS} results; after was {text}"})
    return int(text)


def _matching(call: Call, kind: ObjectType, fields: dict[str, Any]) -> list[Record]:
    groups = [list(group.get("filters") or []) for group in fields.get("filterGroups") or []]
    if len(groups) > MAX_GROUPS:
        raise validation(f"Too many filter groups: {len(groups)} of at most {MAX_GROUPS}")
    in_group, in_all = call.hub.settings.filters_in_group, call.hub.settings.filters_in_all
    if any(len(group) > in_group for group in groups) or sum(map(len, groups)) > in_all:
        raise validation(f"Too many filters: at most {in_group} in a group and {in_all} in all")
    tests = [[_test(call, kind, each) for each in group] for group in groups]
    words = str(fields.get("query") or "").casefold().split()
    records = indexed(call.portal.stores[kind.name], call.hub.clock.now_ms())
    if words:
        records = (record for record in records if _has_words(kind, record.values, words))
    return _passing(records, tests)


def _passing(records: Iterable[Record], groups: list[list[Test]]) -> list[Record]:
    """The records that pass every test of one group at least; the usual single group is filtered test by test."""
    if len(groups) > 1:
        return [record for record in records if any(all(test(record) for test in group) for group in groups)]
    for test in groups[0] if groups else []:
        records = filter(test, records)
    return list(records)


def _has_words(kind: ObjectType, values: Values, words: list[str]) -> bool:
    text = " ".join(values.get(name, "") for name in kind.search_in).casefold()
    return all(word in text for word in words)


def _test(call: Call, kind: ObjectType, spec: dict[str, Any]) -> Test:
    name, operation = str(spec.get("propertyName", "")), str(spec.get("operator", ""))
    if name.startswith("associations."):
        return _linked(call, kind, name.removeprefix("associations."), operation, spec)
    prop = call.portal.properties[kind.name].get(name)
    if prop is None:
        raise invalid_values([Flaw(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')])
    if operation not in OPERATORS:
        raise validation(f'Cannot deserialize value of type `OperatorEnum` from String "{operation}"')
    lacking = [each for each in NEEDS.get(operation, ("value",)) if spec.get(each) in (None, [])]
    if lacking:
        raise validation(f"{operation} filter on property {name} is missing {' and '.join(lacking)}")
    test: Test = OPERATORS[operation](_value_of(kind, prop), _key_of(prop), spec)
    return test


def _linked(call: Call, kind: ObjectType, target: str, operation: str, spec: dict[str, Any]) -> Test:
    other = kind_of(target)
    wanted = {int(each) for each in [spec.get("value"), *(spec.get("values") or [])] if str(each).isdecimal()}
    links = call.portal.links
    if operation in {"EQ", "IN"}:
        return lambda record: not wanted.isdisjoint(links.of(kind, record.id, other))
    if operation in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return lambda record: bool(links.of(kind, record.id, other)) is (operation == "HAS_PROPERTY")
    raise validation(f"Operator {operation} is not supported for associations")


def _value_of(kind: ObjectType, prop: Property) -> Callable[[Record], Key | None]:
    """Reads a record's value for comparison; id and modified date are compared as numbers without parsing them."""
    if prop.name == "hs_object_id":
        return lambda record: record.id
    if prop.name == kind.modified:
        return lambda record: record.updated_ms
    key, name = _key_of(prop), prop.name

    def value(record: Record) -> Key | None:
        text = record.values.get(name)
        return None if text is None else key(text)

    return value


def _key_of(prop: Property) -> Callable[[str], Key]:
    if prop.type in {"date", "datetime"}:
        return moment_ms
    if prop.type == "number":
        return float
    return str.casefold


def _parsed(key: Callable[[str], Key], value: object) -> Key:
    try:
        return key(str(value))
    except ValueError:
        raise validation(f"Invalid value in a filter: {value}") from None


def _compare(how: Callable[[Any, Any], bool]) -> Any:
    def build(value_of: Callable[[Record], Key | None], key: Callable[[str], Key], spec: dict[str, Any]) -> Test:
        bound = _parsed(key, spec.get("value"))

        def test(record: Record) -> bool:
            value = value_of(record)
            return value is not None and how(value, bound)

        return test

    return build


def _unequal(value_of: Callable[[Record], Key | None], key: Callable[[str], Key], spec: dict[str, Any]) -> Test:
    bound = _parsed(key, spec.get("value"))
    return lambda record: value_of(record) != bound


def _between(value_of: Callable[[Record], Key | None], key: Callable[[str], Key], spec: dict[str, Any]) -> Test:
    low, high = _parsed(key, spec.get("value")), _parsed(key, spec.get("highValue"))

    def test(record: Record) -> bool:
        value: Any = value_of(record)
        return value is not None and low <= value <= high

    return test


def _among(value_of: Callable[[Record], Key | None], key: Callable[[str], Key], spec: dict[str, Any]) -> Test:
    """Text in `values` must be lower-case to match anything: only the record's side is folded."""
    values = [str(each) for each in spec.get("values") or []]
    wanted = set(values) if key is str.casefold else {_parsed(key, each) for each in values}
    inside = spec["operator"] == "IN"
    return lambda record: (value_of(record) in wanted) is inside


def _present(value_of: Callable[[Record], Key | None], _: Callable[[str], Key], spec: dict[str, Any]) -> Test:
    wanted = spec["operator"] == "HAS_PROPERTY"
    return lambda record: (value_of(record) is not None) is wanted


def _token(value_of: Callable[[Record], Key | None], _: Callable[[str], Key], spec: dict[str, Any]) -> Test:
    """Whole words, or parts of them with `*`; e-mail addresses break at `@` and dots."""
    text = str(spec.get("value", "")).casefold()
    wanted = spec["operator"] == "CONTAINS_TOKEN"
    part = text.strip("*")

    def test(record: Record) -> bool:
        value = str(value_of(record) or "")
        words = value.replace("@", " ").replace(".", " ").split()
        return (part in value if "*" in text else text in words or text == value) is wanted

    return test


# What a filter must bring along; most bring one value.
NEEDS: dict[str, tuple[str, ...]] = {
    "BETWEEN": ("value", "highValue"),
    "IN": ("values",),
    "NOT_IN": ("values",),
    "HAS_PROPERTY": (),
    "NOT_HAS_PROPERTY": (),
}
OPERATORS: dict[str, Any] = {
    "EQ": _compare(operator.eq),
    "NEQ": _unequal,
    "LT": _compare(operator.lt),
    "LTE": _compare(operator.le),
    "GT": _compare(operator.gt),
    "GTE": _compare(operator.ge),
    "BETWEEN": _between,
    "IN": _among,
    "NOT_IN": _among,
    "HAS_PROPERTY": _present,
    "NOT_HAS_PROPERTY": _present,
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _token,
}


def _sort(properties: dict[str, Property], kind: ObjectType, records: list[Record], sorts: list[Any]) -> None:
    """One sort at most, given as an object or as `name` / `-name`; without one it is by id."""
    if len(sorts) > 1:
        raise validation("Only one sort is supported")
    for sort in sorts:
        spec = sort if isinstance(sort, dict) else {"propertyName": sort.lstrip("-"), "direction": _direction(sort)}
        prop = properties.get(str(spec.get("propertyName")))
        if prop is None:
            raise validation(f"Cannot sort by {spec.get('propertyName')}: no such property")
        value_of = _value_of(kind, prop)
        records.sort(key=lambda record: _sortable(value_of(record)), reverse=spec.get("direction") == "DESCENDING")


def _direction(sort: str) -> str:
    return "DESCENDING" if sort.startswith("-") else "ASCENDING"


def _sortable(value: Key | None) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


ROUTES: list[RouteSpec] = [("POST", "/crm/v3/objects/{type}/search", search)]
