"""From the text of a query to words, literals and signs, each with its place for the error messages."""

import re
from dataclasses import dataclass
from typing import Literal

from local.simulators.salesforce.errors import Refused

Sort = Literal["string", "datetime", "date", "number", "name", "sign", "end"]
PATTERN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d(?![\dT]))
  | (?P<number>[+-]?\d+(?:\.\d+)?)
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::\d+)?)
  | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    sort: Sort
    text: str
    place: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.sort == "name" else ""


def tokens_of(query: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while query[place:].strip():
        found = PATTERN.match(query, place)
        if found is None:
            bad = query[place:].lstrip()[:1]
            raise malformed(query, len(query) - len(query[place:].lstrip()), f"unexpected token: '{bad}'")
        sort: Sort = found.lastgroup or "end"  # type: ignore[assignment]  # the groups are the sorts
        tokens.append(Token(sort, found[sort], found.start(sort)))
        place = found.end()
    return [*tokens, Token("end", "<EOF>", len(query))]


def unescaped(literal: str) -> str:
    """The text of a quoted literal; LIKE needs `\\%` and `\\_` to stay as they are."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0] if found[1] in "%_" else found[1]),
                  literal[1:-1])  # fmt: skip


def located(query: str, place: int, message: str) -> str:
    """Salesforce shows a stretch of the query with a caret under the place."""
    start = max(0, place - 32)
    shown = query[start : place + 32].replace("\n", " ")
    return f"\n{shown}\n{' ' * (place - start)}^\nERROR at Row:1:Column:{place + 1}\n{message}"


def malformed(query: str, place: int, message: str) -> Refused:
    return Refused(400, "MALFORMED_QUERY", located(query, place, message))
