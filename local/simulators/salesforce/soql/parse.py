"""Recursive descent over the words of a query."""

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.soql.dates import is_range
from local.simulators.salesforce.soql.tokens import Token, malformed, tokens_of, unescaped
from local.simulators.salesforce.soql.tree import (
    Aggregate,
    Among,
    Both,
    Compare,
    Condition,
    FieldsOf,
    Not,
    Order,
    Path,
    Query,
    Selected,
    Value,
)
from local.simulators.salesforce.values import parsed_day, parsed_moment

FUNCTIONS = {"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"}
CLAUSES = {"WHERE", "WITH", "GROUP", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL", "USING", "FROM", "HAVING"}
COMPARISONS = {"=", "!=", "<>", "<", "<=", ">", ">="}
LONGEST = 100_000


def parse(text: str) -> Query:
    if len(text) > LONGEST:
        raise Refused(400, "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    parser = Parser(text)
    query = parser.query()
    parser.finish()
    return query


class Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0

    def query(self) -> Query:
        self._need("SELECT")
        select = [self._selected()]
        while self._take(","):
            select.append(self._selected())
        self._need("FROM")
        name = self._next() if self._peek.word == "GROUP" else self._name("an object")
        query = Query(self._text, select, name.text, name.place)
        if self._peek.sort == "name" and self._peek.word not in CLAUSES:
            query.alias = self._next().text
        self._clauses(query)
        return query

    def finish(self) -> None:
        if self._peek.sort != "end":
            raise self._unexpected()

    def _clauses(self, query: Query) -> None:
        if self._take("USING"):
            self._need("SCOPE")
            self._next()
        if self._take("WHERE"):
            query.where = self._condition()
        if self._take("WITH"):
            self._next()
        if self._take("GROUP"):
            self._need("BY")
            query.group_by = [self._path()]
            while self._take(","):
                query.group_by.append(self._path())
        if self._take("ORDER"):
            self._need("BY")
            query.order_by = [self._order()]
            while self._take(","):
                query.order_by.append(self._order())
        self._bounds(query)

    def _bounds(self, query: Query) -> None:
        if self._take("LIMIT"):
            query.limit = self._whole()
        if self._take("OFFSET"):
            query.offset = self._whole()
        if self._take("FOR"):
            self._next()
        if self._take("ALL"):
            self._need("ROWS")
            query.all_rows = True

    def _selected(self) -> Selected:
        if self._take("("):
            query = self.query()
            self._need(")")
            return query
        name = self._name("a field")
        if not self._take("("):
            return Path(tuple(name.text.split(".")), name.place)
        if name.word == "FIELDS":
            group = self._next().word
            self._need(")")
            return FieldsOf(group, name.place)
        if name.word == "TOLABEL":
            path = self._path()
            self._need(")")
            return path
        return self._aggregate(name)

    def _aggregate(self, name: Token) -> Aggregate:
        if name.word not in FUNCTIONS:
            raise malformed(self._text, name.place, f"unexpected token: '{name.text}'")
        path = None if self._peek.text == ")" else self._path()
        self._need(")")
        has_alias = self._peek.sort == "name" and self._peek.word not in CLAUSES
        return Aggregate(name.word, path, self._next().text if has_alias else None)

    def _condition(self) -> Condition:
        conditions = [self._term()]
        joint = self._peek.word if self._peek.word in {"AND", "OR"} else None
        while joint and self._take(joint):
            conditions.append(self._term())
        if self._peek.word in {"AND", "OR"}:
            raise self._unexpected()  # AND and OR cannot be mixed without parentheses
        return Both(tuple(conditions), joint == "AND") if joint else conditions[0]

    def _term(self) -> Condition:
        if self._take("NOT"):
            return Not(self._term())
        if self._take("("):
            condition = self._condition()
            self._need(")")
            return condition
        return self._comparison(self._path())

    def _comparison(self, path: Path) -> Condition:
        if self._take("LIKE"):
            return Compare(path, "LIKE", self._value())
        negated = self._take("NOT")
        if self._take("IN"):
            return self._among(path, negated)
        operator = self._next()
        if negated or operator.text not in COMPARISONS:
            self._at -= 1
            raise self._unexpected()
        return Compare(path, "!=" if operator.text == "<>" else operator.text, self._value())

    def _among(self, path: Path, negated: bool) -> Among:
        self._need("(")
        values: tuple[Value, ...] | Query
        if self._peek.word == "SELECT":
            values = self.query()
        else:
            listed = [self._value()]
            while self._take(","):
                listed.append(self._value())
            values = tuple(listed)
        self._need(")")
        return Among(path, values, negated)

    def _value(self) -> Value:
        token = self._next()
        if token.sort == "string":
            return Value("string", unescaped(token.text), place=token.place)
        if token.sort == "number":
            return Value("number", float(token.text), place=token.place)
        if token.sort in {"date", "datetime"}:
            return self._time_value(token)
        return self._word_value(token)

    def _time_value(self, token: Token) -> Value:
        is_day = token.sort == "date"
        found = parsed_day(token.text) if is_day else parsed_moment(token.text)
        if found is None:
            raise malformed(self._text, token.place, f"line 1:{token.place} Invalid date or time: {token.text}")
        return Value("date" if is_day else "datetime", found, place=token.place)

    def _word_value(self, token: Token) -> Value:
        if token.word in {"TRUE", "FALSE"}:
            return Value("boolean", token.word == "TRUE", place=token.place)
        if token.word == "NULL":
            return Value("null", None, place=token.place)
        name, _, amount = token.word.partition(":")
        if not is_range(name, amount):
            self._at -= 1
            raise self._unexpected()
        return Value("range", name, int(amount or 0), token.place)

    def _order(self) -> Order:
        path = self._path()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        nulls_last = False
        if self._take("NULLS"):
            nulls_last = self._take("LAST")
            if not nulls_last:
                self._need("FIRST")
        return Order(path, descending, nulls_last)

    def _path(self) -> Path:
        name = self._name("a field")
        return Path(tuple(name.text.split(".")), name.place)

    def _name(self, what: str) -> Token:
        token = self._next()
        if token.sort != "name" or token.word in CLAUSES:
            raise malformed(self._text, token.place, f"unexpected token: '{token.text}' (expected {what})")
        return token

    def _whole(self) -> int:
        token = self._next()
        if token.sort != "number" or not token.text.isdecimal():
            self._at -= 1
            raise self._unexpected()
        return int(token.text)

    def _take(self, wanted: str) -> bool:
        found = self._peek.word == wanted or (self._peek.sort == "sign" and self._peek.text == wanted)
        self._at += found
        return found

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._unexpected()

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._peek
        if token.sort == "end":
            raise self._unexpected()
        self._at += 1
        return token

    def _unexpected(self) -> Refused:
        token = self._peek
        return malformed(self._text, token.place, f"unexpected token: '{token.text}'")
