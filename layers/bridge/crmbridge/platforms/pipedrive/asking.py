"""Pipedrive's search as an admin writes it: all items at once, or those of one sort, by a term."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Json
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import next_cursor
from crmbridge.platforms.pipedrive.fetching import SEARCH_COST, data_of
from crmbridge.platforms.pipedrive.objects import ENTITIES
from crmbridge.platforms.questions import Answers, QuerySpec, Question, Row, row

ITEMS: Final = "items"
SEARCHED: Final[Mapping[str, frozenset[str]]] = {
    ITEMS: frozenset({"item_types", "search_for_related_items"}),
    "deals": frozenset({"person_id", "organization_id", "status"}),
    "persons": frozenset({"organization_id"}),
    "organizations": frozenset(),
    "products": frozenset(),
    "leads": frozenset({"person_id", "organization_id"}),
}
"""What can be searched -> what may be said of it beside what may be said of all."""
OF_ALL: Final = frozenset({"term", "fields", "exact_match", "include_fields"})
MOST_ITEMS: Final = 100
_CURSOR: Final = r"[\w=+/.%-]{0,1000}"


def check(question: Question) -> None:
    """Pipedrive ignores a parameter it does not know and shows what nobody asked for: we do not."""
    if question.object not in SEARCHED:
        raise Invalid(Problem("object", "cannot be searched in Pipedrive", f"use one of {', '.join(SEARCHED)}"))
    known = OF_ALL | SEARCHED[question.object]
    problems = [
        Problem(f"search.{name}"[:100], "is not known here", f"known: {', '.join(sorted(known))}")
        for name in question.search.keys() - known
    ]
    if not str(question.search.get("term") or "").strip():
        problems.append(Problem("search.term", "is missing", "say what to look for, in two characters or more"))
    if problems:
        raise Invalid(*problems)


def ask(api: Api, question: Question) -> Answers:
    """Twenty tokens a page."""
    most = min(question.limit, MOST_ITEMS) if question.object == ITEMS else question.limit
    params = {name: _text(value) for name, value in question.search.items()} | {"limit": str(most)}
    if cursor := question.place("after", _CURSOR, ""):
        params["cursor"] = cursor
    path = paths.ITEM_SEARCH if question.object == ITEMS else paths.search(question.object)
    answer = api.get(path, params, pool="search", cost=SEARCH_COST)
    found = data_of(answer).get("items")
    following = next_cursor(answer)
    rows = [_row(hit) for hit in found if isinstance(hit, dict)] if isinstance(found, list) else []
    return Answers(rows, {"after": following} if following else None)


def _row(hit: Mapping[str, Any]) -> Row:
    told = hit.get("item")
    item: Mapping[str, Any] = told if isinstance(told, dict) else {}
    return row(hit, ENTITIES.get(str(item.get("type"))), item.get("id"))


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


QUERY: Final = QuerySpec(
    language="Pipedrive search",
    description=(
        f"What to search ({', '.join(SEARCHED)}), and the parameters of that search: term, fields, exact_match and "
        "more. From the search index."
    ),
    example={"object": ITEMS, "search": {"term": "acme", "item_types": "deal,organization"}},
    check=check,
    ask=ask,
)
