"""What a record holds for a clause, read as its family; or that it was not read, or is empty or unreadable."""

from collections.abc import Callable
from datetime import UTC, date
from typing import Any, Final

from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.trees import Clause
from crmbridge.domain.predicates.values import READINGS, Family, each, is_blank, read_local_day, read_text
from crmbridge.domain.predicates.words import CUSTOM, Facts
from crmbridge.domain.records import Labelled

Held = Callable[[Facts, When | None], Any]

UNREAD: Final = object()
BLANK: Final = object()


class _Nobody(Facts):
    """Stands at the other end of links that were read and lead nowhere: all of its fields are empty."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> None:
        return None

    def get(self, *_: Any) -> None:
        return None


NOBODY: Final = (_Nobody(),)


def same_holding(clause: Clause) -> tuple[object, ...]:
    """Clauses that agree in this look at the same thing in the same way."""
    operator = clause.operator
    way = "empty" if operator.of_emptiness else "age" if operator.window else clause.family.value
    return (clause.word.sources[:1] if way == "empty" else clause.word.sources, way, clause.currency)


def holder(clause: Clause) -> Held:
    source = clause.word.sources[0]
    if clause.operator.of_emptiness:
        return _emptiness(source)
    if clause.operator.window:
        return _age(source)
    if clause.family is Family.TEXT:
        return _texts(clause.word.sources)
    if clause.family is Family.DAY:
        return _day(source)
    if clause.currency is None:
        return _single(source, clause.family)
    return _money(clause.currency) if source == "amount" else _custom_money(source, clause.currency)


def _emptiness(source: str) -> Held:
    """A custom field that is not there is empty: CRMs send those that are filled."""
    absent = None if source.startswith(CUSTOM) else UNREAD

    def held(known: Facts, _: When | None) -> Any:
        value = known.get(source, absent)
        return UNREAD if value is UNREAD else is_blank(value)

    return held


def _age(source: str) -> Held:
    """In days; while nobody says what day it is, nobody knows."""

    def held(known: Facts, when: When | None) -> Any:
        if source not in known or when is None:
            return UNREAD
        value = known[source]
        day = value if type(value) is date else read_local_day(value, when.zone)
        return BLANK if day is None else (when.today - day).days

    return held


def _day(source: str) -> Held:
    """An instant is the day that the asker calls it."""

    def held(known: Facts, when: When | None) -> Any:
        if source not in known:
            return UNREAD
        value = known[source]
        day = value if type(value) is date else read_local_day(_bare(value), when.zone if when else UTC)
        return BLANK if day is None else day

    return held


def _texts(sources: tuple[str, ...]) -> Held:
    def held(known: Facts, _: When | None) -> Any:
        values = [known[name] for name in sources if name in known]
        if not values:
            return UNREAD
        items = [item for value in values for item in ((value,) if isinstance(value, str) else each(value))]
        return frozenset([text for item in items if (text := read_text(item)) is not None]) or BLANK

    def held_alone(known: Facts, when: When | None) -> Any:
        value = known.get(sources[0])
        if type(value) is not str:
            return held(known, when)
        return BLANK if (text := read_text(value)) is None else frozenset((text,))

    return held_alone if len(sources) == 1 else held


def _single(source: str, family: Family) -> Held:
    read = READINGS[family].read

    def held(known: Facts, _: When | None) -> Any:
        if source not in known:
            return UNREAD
        value = read(_bare(known[source]))
        return BLANK if value is None else value

    return held


def _bare(value: Any) -> Any:
    """A single option without its label, an amount without the currency beside it."""
    if isinstance(value, dict):
        return value.get("value")
    is_option = isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Labelled)
    return value[0].value if is_option else value


def _money(currency: str) -> Held:
    """The amount when it is in that currency, else the home amount when that is; otherwise nobody can tell."""
    amount, home = _single("amount", Family.NUMBER), _single("amount_home", Family.NUMBER)

    def held(known: Facts, when: When | None) -> Any:
        if read_text(known.get("currency")) == currency:
            return amount(known, when)
        if read_text(known.get("home_currency")) == currency:
            return home(known, when)
        return BLANK if "amount" in known and "currency" in known else UNREAD

    return held


def _custom_money(source: str, currency: str) -> Held:
    """Of an amount without a currency beside it nobody could say in which it is."""
    amount = _single(source, Family.NUMBER)

    def held(known: Facts, when: When | None) -> Any:
        value = known.get(source)
        if source in known and not (isinstance(value, dict) and read_text(value.get("currency")) == currency):
            return BLANK
        return amount(known, when)

    return held
