"""Turns the text of a query into a tree. Criteria are joined in pairs: three need brackets."""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.simulators.zoho.errors import Refused

TOKEN = re.compile(r"""\s*(?:(?P<text>'(?:\\.|''|[^'\\])*')|(?P<quoted>"\w+")|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>[$\w]+(?:\.\w+)*)|(?P<sign><=|>=|!=|<>|[=<>(),]))""", re.VERBOSE)  # fmt: skip
SIGNS = {"=", "!=", "<>", "<", "<=", ">", ">="}
MOST_COLUMNS, MOST_CRITERIA, MOST_VALUES, MOST_ORDERS = 50, 25, 50, 10
DEFAULT_LIMIT = 200
FUNCTIONS = {"COUNT", "SUM", "MIN", "MAX", "AVG"}
MOST_GROUPED = 4
SQL_WORDS = {"DATE", "DAY", "EXTERNAL", "GROUP", "LANGUAGE", "LIMIT", "MONTH", "ORDER", "POSITION", "RESULT", "USER",
             "VALUE", "YEAR"}  # fmt: skip
"""Some of those that Zoho would have in quotes; its own example is External."""


class Token(NamedTuple):
    kind: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Column:
    """`Account_Name.Industry` has two steps; `SUM(Amount) as total` has a function and an alias."""

    name: str
    function: str = ""
    alias: str = ""

    @property
    def shown(self) -> str:
        """The key in the answer's rows."""
        return self.alias or (f"{self.function}({self.name})" if self.function else self.name)

    @property
    def steps(self) -> list[str]:
        return self.name.split(".")


@dataclass(frozen=True, slots=True)
class Condition:
    column: Column
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Pair:
    joint: str
    left: "Criteria"
    right: "Criteria"


Criteria = Condition | Pair


@dataclass(slots=True)
class Query:
    columns: list[Column]
    module: str
    where: Criteria
    order: list[tuple[Column, bool]] = field(default_factory=list)
    group: list[Column] = field(default_factory=list)
    offset: int = 0
    limit: int = DEFAULT_LIMIT

    @property
    def has_totals(self) -> bool:
        return bool(self.group) or any(column.function for column in self.columns)


def parse(text: str) -> Query:
    return Parser(text).query()


def syntax_error(text: str, place: int) -> Refused:
    near = text[place : place + 20]
    return Refused(400, "SYNTAX_ERROR", "error occurred while parsing the query", line=1, column=place, near=near)


def conditions(criteria: Criteria) -> list[Condition]:
    if isinstance(criteria, Condition):
        return [criteria]
    return [*conditions(criteria.left), *conditions(criteria.right)]


class Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def query(self) -> Query:
        self._expect("select")
        columns = self._columns()
        self._expect("from")
        module = self._word()
        if not self._takes("where"):
            raise Refused(400, "SYNTAX_ERROR", "missing clause", clause="where")
        query = Query(columns, module, self._criteria())
        if self._takes("group"):
            self._expect("by")
            query.group = self._columns()
        if self._takes("order"):
            self._expect("by")
            query.order = self._order()
        self._bounds(query)
        if self._at < len(self._tokens):
            raise self._wrong()
        _check_sizes(query)
        return query

    def _columns(self) -> list[Column]:
        columns = [self._column()]
        while self._takes(","):
            columns.append(self._column())
        return columns

    def _column(self) -> Column:
        name, function = self._name(), ""
        if name.upper() in FUNCTIONS and self._takes("("):
            name, function = self._word(), name.upper()
            self._expect(")")
        return Column(name, function, self._word() if self._takes("as") else "")

    def _name(self) -> str:
        """A word of SQL is a column's name in quotes only, single or double ones."""
        token = self._next()
        if token.kind in {"text", "quoted"}:
            return token.text[1:-1]
        if token.kind == "word" and token.text.upper() not in SQL_WORDS:
            return token.text
        self._at -= 1
        raise self._wrong()

    def _criteria(self) -> Criteria:
        """One or two operands; a third one is an error that brackets would cure."""
        left = self._operand()
        for joint in ("and", "or"):
            if self._takes(joint):
                return Pair(joint, left, self._operand())
        return left

    def _operand(self) -> Criteria:
        if self._takes("("):
            inner = self._criteria()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        column = Column(self._word())
        negated = "not " if self._takes("not") else ""
        if self._takes("in"):
            return Condition(column, f"{negated}in", self._values())
        if self._takes("like"):
            return Condition(column, f"{negated}like", self._value())
        if self._takes("between"):
            low = self._value()
            self._expect("and")
            return Condition(column, f"{negated}between", [low, self._value()])
        if self._takes("is"):
            empty = "is not null" if self._takes("not") else "is null"
            self._expect("null")
            return Condition(column, empty)
        sign = self._next().text
        if sign not in SIGNS or negated:
            self._at -= 1
            raise self._wrong()
        return Condition(column, "!=" if sign == "<>" else sign, self._value())

    def _values(self) -> list[Any]:
        self._expect("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> Any:
        token = self._next()
        if token.kind == "text":
            return re.sub(r"\\(.)|''", lambda found: found[1] or "'", token.text[1:-1])
        if token.kind == "number" or token.text.lower() in {"true", "false"}:
            return token.text
        self._at -= 1
        raise self._wrong()

    def _order(self) -> list[tuple[Column, bool]]:
        order = []
        while True:
            column = Column(self._word())
            descending = self._takes("desc")
            order.append((column, descending or (self._takes("asc") and False)))
            if not self._takes(","):
                return order

    def _bounds(self, query: Query) -> None:
        """`limit 10`, `limit 20, 10` (from the 21st on) and `limit 10 offset 20`."""
        if self._takes("limit"):
            query.limit = self._whole()
            if self._takes(","):
                query.offset, query.limit = query.limit, self._whole()
        if self._takes("offset"):
            query.offset = self._whole()

    def _whole(self) -> int:
        token = self._next()
        if not token.text.isdecimal():
            self._at -= 1
            raise self._wrong()
        return int(token.text)

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            self._at -= 1
            raise self._wrong()
        return token.text

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, word: str) -> bool:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind != "text" and token.text.lower() == word:
                self._at += 1
                return True
        return False

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self._wrong()

    def _wrong(self) -> Refused:
        place = self._tokens[self._at].place if self._at < len(self._tokens) else len(self._text)
        return syntax_error(self._text, place)


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise syntax_error(text, at)
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def _check_sizes(query: Query) -> None:
    all_conditions = conditions(query.where)
    sizes = {
        "select": (len(query.columns), MOST_COLUMNS),
        "where": (len(all_conditions), MOST_CRITERIA),
        "order by": (len(query.order), MOST_ORDERS),
        "group by": (len(query.group), MOST_GROUPED),
    }
    sizes |= {
        each.column.name: (len(each.value), MOST_VALUES) for each in all_conditions if each.operator.endswith("in")
    }
    for clause, (size, most) in sizes.items():
        if size > most:
            raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", clause=clause, limit=most)
    names = [column.name for column, _ in query.order]
    if len(names) != len(set(names)):
        raise Refused(400, "DUPLICATE_DATA", "duplicate column found", clause="order by")
