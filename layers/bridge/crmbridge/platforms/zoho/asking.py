"""COQL as an admin writes it: one SELECT, its rows a page at a time."""

import re
from typing import Final

from crmbridge.platforms.http import Api
from crmbridge.platforms.questions import Answers, QuerySpec, Question, bare_of, only_select, row
from crmbridge.platforms.zoho.objects import OBJECTS
from crmbridge.platforms.zoho.queries import query

FURTHEST: Final = 100_000
"""Rows that paging may reach."""
_LIMIT: Final = re.compile(r"(?<!\s)\s+limit\s+(\d{1,9})(?:\s*,\s*(\d{1,9})|\s+offset\s+(\d{1,9}))?\s*$", re.IGNORECASE)
_MODULE: Final = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
_MODULES: Final = {name.casefold(): name for name in OBJECTS}


def check(question: Question) -> None:
    """COQL knows no other statement; ours would still be the first to say so."""
    only_select(question.text)


def ask(api: Api, question: Question) -> Answers:
    """The question's own limit bounds all pages together."""
    text, first, most = _bounds(question.text)
    done = int(question.place("done", r"\d{1,6}", "0"))
    wanted = min(question.limit, most - done)
    if wanted <= 0:
        return Answers(())
    found = query(api, text, wanted, after=first + done)
    more = found.more and done + wanted < most
    object = _module(text)
    rows = [row(raw, object, raw.get("id")) for raw in found.records]
    return Answers(rows, {"done": done + wanted} if more else None)


def _bounds(text: str) -> tuple[str, int, int]:
    """The question without its limit, rows to skip, and rows at most. `limit 10, 50` skips ten, as `offset 10` does."""
    found = _LIMIT.search(text)
    if found is None:
        return text.strip(), 0, FURTHEST
    one, two, offset = found.groups()
    first, most = (int(one), int(two)) if two else (int(offset or 0), int(one))
    return text[: found.start()].strip(), first, min(most, FURTHEST)


def _module(text: str) -> str:
    """The module asked, where it is one that we keep."""
    found = _MODULE.search(bare_of(text))
    return _MODULES.get(found[1].casefold(), "") if found else ""


QUERY: Final = QuerySpec(
    language="COQL",
    description="One select statement with a where clause, in API names. A page costs one credit.",
    example={"query": "select id, Deal_Name, Stage, Amount from Deals where Amount > 10000 order by Amount desc"},
    check=check,
    ask=ask,
)
