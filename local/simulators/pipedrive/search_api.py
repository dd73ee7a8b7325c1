"""v2 search: what the index holds, which lags behind writes."""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from local.simulators.pipedrive.call import MOST, Call, Op, one_of, page
from local.simulators.pipedrive.company import Company, record_title
from local.simulators.pipedrive.errors import invalid
from local.simulators.pipedrive.kinds import BY_NAME, DEALS, ORGANIZATIONS, PERSONS, Kind
from local.simulators.pipedrive.listing import pack, read_cursor
from local.simulators.pipedrive.store import Record, Values, as_indexed

SEARCHED = {
    "persons": ("name", "email", "phone", "notes", "custom_fields"),
    "organizations": ("name", "address", "notes", "custom_fields"),
    "deals": ("title", "notes", "custom_fields"),
}
# Only these custom fields are searched.
SEARCHED_TYPES = {"varchar", "text", "varchar_auto", "address", "double", "monetary", "phone"}
COLUMNS = {"persons": "person_id", "organizations": "org_id", "deals": "deal_id"}
ITEM_TYPES = ("deal", "person", "organization", "product", "lead", "file", "mail_attachment", "project")
ITEM_FIELDS = ("address", "code", "custom_fields", "email", "name", "notes", "phone", "title", "description")
FEWEST, ITEM_MOST = 2, 100

Hit = tuple[float, dict[str, Any]]


def search(kind: Kind) -> Any:
    def handler(call: Call) -> Response:
        wanted = {column: call.number(name) for name, column in (("organization_id", "org_id"),
                                                                   ("person_id", "person_id"))}  # fmt: skip
        filters: dict[str, Any] = {column: value for column, value in wanted.items() if value is not None}
        if call.query("status"):
            filters["status"] = _among(call, "status", ("open", "won", "lost"))[0]
        fields = _among(call, "fields", SEARCHED[kind.name])
        return _page(call, list(_hits(call, kind, _term(call), fields, filters)), MOST)

    return handler


def item_search(call: Call) -> Response:
    """What this company has none of (products, leads, files) is known by name and never found."""
    term, asked = _term(call), _among(call, "fields", ITEM_FIELDS)
    hits: list[Hit] = []
    for name in _among(call, "item_types", ITEM_TYPES):
        if name in BY_NAME:
            kind = BY_NAME[name]
            hits += _hits(call, kind, term, [each for each in SEARCHED[kind.name] if each in asked], {})
    return _page(call, hits, ITEM_MOST)


def _among(call: Call, name: str, known: Sequence[str]) -> Sequence[str]:
    """A list out of what is known; not given means all of it."""
    asked = call.names(name)
    if any(each not in known for each in asked):
        raise invalid(f"{name}: must be one of {', '.join(known)}")
    return asked or known


def _term(call: Call) -> str:
    term, fewest = call.query("term").strip().casefold(), 1 if call.flag("exact_match") else FEWEST
    if len(term) < fewest:
        raise invalid(f"term: must be at least {fewest} characters long")
    return term


def _page(call: Call, hits: list[Hit], most: int) -> Response:
    """The best first; a cursor is a place in the list."""
    limit, cursor = call.limit(most), read_cursor(call, "place", "asc")
    start = cursor["id"] if cursor else 0
    ordered = sorted(hits, key=lambda hit: (-hit[0], hit[1]["id"]))
    items = [{"result_score": score, "item": item} for score, item in ordered[start : start + limit]]
    more = len(ordered) > start + limit
    return page({"items": items}, pack(call, "place", "asc", None, start + limit) if more else None)


def _hits(call: Call, kind: Kind, term: str, fields: Sequence[str], filters: dict[str, Any]) -> Iterator[Hit]:
    company, exact = call.company, bool(call.flag("exact_match"))
    notes = _notes(company, COLUMNS[kind.name]) if "notes" in fields else {}
    now = company.clock.now_ms()
    for record in list(company.stores[kind.name].records.values()):
        indexed = as_indexed(record, now)
        if indexed is None or any(indexed[0][column] != value for column, value in filters.items()):
            continue
        texts = _texts(company, kind, fields, indexed, notes.get(record.id, []))
        best = max((_score(term, text.casefold(), exact) for text in texts if text), default=0.0)
        if best:
            yield best, _item(company, kind, record, indexed, notes.get(record.id, []))


def _score(term: str, text: str, exact: bool) -> float:
    if term == text:
        return 1.0
    return 0.0 if exact or term not in text else 0.5


def _texts(company: Company, kind: Kind, fields: Sequence[str], indexed: tuple[Values, Values],
           notes: list[str]) -> list[str]:  # fmt: skip
    values, custom = indexed
    texts = [values[record_title(kind.name)]] if {"name", "title"} & set(fields) else []
    if "email" in fields:
        texts += [each["value"] for each in values["emails"]]
    if "phone" in fields:
        texts += [each["value"] for each in values["phones"]]
    if "address" in fields and values["address"]:
        texts.append(values["address"]["value"])
    if "custom_fields" in fields:
        texts += _custom_texts(company, kind, custom)
    return texts + (notes if "notes" in fields else [])


def _custom_texts(company: Company, kind: Kind, custom: Values) -> list[str]:
    known = company.customs[kind.name]
    held = (value for key, value in custom.items() if key in known and known[key].type in SEARCHED_TYPES)
    return [str(value["value"] if isinstance(value, dict) else value) for value in held]


def _notes(company: Company, column: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for note in company.stores["notes"].live():
        if note.values[column] is not None:
            found.setdefault(note.values[column], []).append(note.values["content"])
    return found


def _item(company: Company, kind: Kind, record: Record, indexed: tuple[Values, Values],
          notes: list[str]) -> dict[str, Any]:  # fmt: skip
    values, custom = indexed
    body = {"id": record.id, "type": kind.singular, record_title(kind.name): values[record_title(kind.name)]}
    body |= {"visible_to": values["visible_to"], "owner": {"id": values["owner_id"]}, "notes": notes}
    body["custom_fields"] = _custom_texts(company, kind, custom)
    if kind is PERSONS:
        body |= {name: [each["value"] for each in values[name]] for name in ("phones", "emails")}
        return body | {"organization": _named(company, "organizations", values["org_id"])}
    if kind is ORGANIZATIONS:
        return body | {"address": values["address"] and values["address"]["value"]}
    body |= {name: values[name] for name in ("value", "currency", "status", "is_archived")}
    stage = company.stages.get(values["stage_id"])
    body["stage"] = {"id": values["stage_id"], "name": stage.name if stage else None}
    body["person"] = _named(company, "persons", values["person_id"])
    return body | {"organization": _named(company, "organizations", values["org_id"])}


def _named(company: Company, name: str, number: int | None) -> dict[str, Any] | None:
    return None if number is None else {"id": number, "name": company.title(name, number)}


OPS = [
    Op("GET", f"/api/v2/{kind.name}/search", search(kind), 20, kind.read_scopes | {"search:read"})
    for kind in (PERSONS, ORGANIZATIONS, DEALS)
] + [Op("GET", "/api/v2/itemSearch", item_search, 20, one_of("search:read"))]
