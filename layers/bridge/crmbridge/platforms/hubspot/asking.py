"""HubSpot's search as an admin writes it: any object, filters, sorts and properties, a page at a time."""

import re
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.objects import NAMES, OBJECTS
from crmbridge.platforms.questions import Answers, QuerySpec, Question, row

OURS: Final = ("limit", "after")
"""Parts of a search that `limit` and `cursor` of the request stand for."""
_OBJECT: Final = re.compile(r"[A-Za-z0-9][\w-]{0,99}", re.ASCII)


def check(question: Question) -> None:
    """What is searched is a name in a path, and must be nothing else; what for is HubSpot's to understand."""
    if not _OBJECT.fullmatch(question.object):
        raise Invalid(Problem("object", "is no object of HubSpot's", "use contacts, deals, tickets, 2-1234567, ..."))
    if found := [name for name in OURS if name in question.search]:
        fix = "leave it out, and use limit and cursor beside search"
        raise Invalid(*(Problem(f"search.{name}", "is not asked for here", fix) for name in found))


def ask(api: Api, question: Question) -> Answers:
    """Of the search index, which lags behind by seconds. HubSpot pages to 10,000 rows and says so then."""
    after = question.place("after", r"\d{1,9}", "0")
    body = {**question.search, "limit": question.limit, "after": after}
    answer = api.post(paths.search(question.object), body, pool="search")
    found: list[dict[str, Any]] = answer.get("results") or []
    following = ((answer.get("paging") or {}).get("next") or {}).get("after")
    object = NAMES.get(question.object)
    rows = [row(raw, object if object in OBJECTS else None, raw.get("id")) for raw in found]
    return Answers(rows, {"after": str(following)} if following else None, answer.get("total"))


QUERY: Final = QuerySpec(
    language="HubSpot search",
    description=(
        "An object and the body of its search: query, filterGroups, sorts, properties. From the search index, without "
        "archived records and associations."
    ),
    example={
        "object": "deals",
        "search": {
            "filterGroups": [{"filters": [{"propertyName": "amount", "operator": "GT", "value": "10000"}]}],
            "sorts": [{"propertyName": "amount", "direction": "DESCENDING"}],
            "properties": ["dealname", "dealstage", "amount"],
        },
    },
    check=check,
    ask=ask,
)
