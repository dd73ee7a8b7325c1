"""Read-only questions that an admin asks a CRM in its own language: what that is, and one page of what it answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Json
from crmbridge.platforms.http import Api

TEXT: Final = "query"
"""What a text is given as; a CRM whose language is no text is given an `object` and a `search`."""
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*+('?)", re.DOTALL)
"""What is never closed reaches to the end, so that no letter is looked at twice."""
_FOREIGN: Final = ('"', "--", "/*")
"""Neither SOQL nor COQL has comments or other quotations; if one ever did, something could be hidden in them."""
_WORD: Final = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`text` where the CRM's language is text, `object` and `search` where it is not. At most `limit` rows are wanted;
    `cursor` is what the page before returned, or anything that somebody made of it."""

    text: str = ""
    object: str = ""
    search: Mapping[str, Json] = field(default_factory=dict)
    limit: int
    cursor: Mapping[str, Json] = field(default_factory=dict)

    def place(self, name: str, pattern: str, default: str) -> str:
        """A part of the cursor. Raises Invalid where it is none of ours."""
        found = str(self.cursor.get(name, default))
        if not re.fullmatch(pattern, found, re.ASCII):
            raise Invalid(Problem("cursor", "belongs to another question", "begin without a cursor"))
        return found


@dataclass(frozen=True, slots=True)
class Row:
    """One row in the CRM's own JSON; `object` and `external_id` where it is a record of an object that we keep."""

    raw: Json
    object: str = ""
    external_id: str = ""


def row(raw: Json, object: object, id: object) -> Row:
    """`object`: ours where we keep it, else nothing."""
    return Row(raw, object, str(id)) if isinstance(object, str) and object and id else Row(raw)


@dataclass(frozen=True, slots=True)
class Answers:
    """`next` None: there are no more. `total` where the CRM says how many there are."""

    rows: Sequence[Row]
    next: Mapping[str, Json] | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySpec:
    """`example` is a body of `POST /v1/connections/{id}/query` that works in any account. `ask` sends one request, and
    to nothing but what can only read; `check` raises Invalid for what it would not send."""

    language: str
    description: str
    example: Mapping[str, Json]
    check: Callable[[Question], None]
    ask: Callable[[Api, Question], Answers]

    @property
    def is_text(self) -> bool:
        return TEXT in self.example


def only_select(text: str, *, never: frozenset[str] = frozenset()) -> None:
    """One SELECT statement and nothing else. `never`: words (in lower case) that make one change something."""
    bare = bare_of(text)
    words = [word.lower() for word in _WORD.findall(bare)]
    if words[:1] != ["select"] or not bare.lstrip()[:6].isalpha():
        raise _invalid("is not a SELECT statement", "begin with SELECT; only reading is possible here")
    if ";" in bare or "'" in bare.replace("''", ""):
        raise _invalid("is not one statement", "leave semicolons out, and close every quotation")
    if foreign := [mark for mark in _FOREIGN if mark in bare]:
        raise _invalid(f"has {foreign[0]}, which is not of this language", "quote texts with ', and leave comments out")
    if found := never.intersection(words):
        raise _invalid(f"has {min(found).upper()}, which changes something", "leave it out; only reading is possible")


def bare_of(text: str) -> str:
    """Without what is quoted; of a quotation that is never closed its mark is left."""
    return _QUOTED.sub(r"'\1", text)


def _invalid(message: str, fix: str) -> Invalid:
    return Invalid(Problem(TEXT, message, fix))
