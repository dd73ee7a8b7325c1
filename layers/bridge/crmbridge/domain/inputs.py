"""Values of our fields as people send them and are shown them: checked JSON in, plain JSON out."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates.values import read_number
from crmbridge.domain.records import FIELDS, Json, Kind, Labelled, Type, Value, instant_text

MAX_TEXT: Final = 65_536
MAX_WORD: Final = 500
MAX_LIST: Final = 50
YEARS: Final = range(1700, 4001)
"""Salesforce takes no others, and nobody means them."""
ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
"""No more than what all CRMs agree on."""

DERIVED: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.CONTACT: {
        "lifecycle_raw": "set lifecycle_stage",
        "company_ids": "link the contact to a company",
        "company_name": "link the contact to a company",
    },
    Kind.DEAL: {
        "stage_label": "set stage",
        "pipeline_label": "set pipeline",
        "amount_home": "set amount",
        "home_currency": "the CRM knows it",
        "created_date": "the CRM knows it",
        "is_closed": "set stage",
        "is_won": "set stage",
        "contact_roles": "link the contact",
    },
}
"""Fields that say something and cannot be said: what to set instead."""


def writable(kind: Kind) -> tuple[str, ...]:
    return tuple(name for name in FIELDS[kind] if name not in DERIVED.get(kind, {}))


def read_fields(kind: Kind, fields: Mapping[str, Json], *, clearing: bool = False) -> dict[str, Json]:
    """The fields in the one form in which they are kept and sent: numbers as text, days and instants as ISO text.

    `clearing`: null empties a field. Raises Invalid naming every wrong one as `fields.<name>`.
    """
    problems: list[Problem] = []
    read: dict[str, Json] = {}
    for name, value in fields.items():
        try:
            read[name] = _read_field(kind, name, value, clearing=clearing)
        except Invalid as refused:
            problems += refused.problems
    if problems:
        raise Invalid(*problems)
    return read


def _read_field(kind: Kind, name: str, value: Json, *, clearing: bool) -> Json:
    path = f"fields.{name[:MAX_WORD]}"
    if name not in FIELDS[kind]:
        close = get_close_matches(name, writable(kind), 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise Invalid(Problem(path, f"is no field of {_OF[kind]}", f"{hint}one of {', '.join(writable(kind))}"))
    if instead := DERIVED.get(kind, {}).get(name):
        raise Invalid(Problem(path, "cannot be set", instead))
    if value is None and clearing:
        return None
    read, wants = _OF_ADDRESSES.get(name) or _READERS[FIELDS[kind][name]]
    if (known := read(value)) is None:
        raise Invalid(Problem(path, "has the wrong form", wants + (", or null to empty it" if clearing else "")))
    return known


def _text(value: Json) -> Json:
    return value if isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= MAX_TEXT else None


def _word(value: Json) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= MAX_WORD else None


def _address(value: Json) -> Json:
    """Every CRM refuses what is none; some of them in words that nobody understands."""
    text = _word(value)
    return text if isinstance(text, str) and ADDRESS.fullmatch(text) else None


def _number(value: Json) -> Json:
    number = read_number(value)
    return None if number is None or abs(number.adjusted()) > 30 else f"{number:f}"


def _flag(value: Json) -> Json:
    return value if isinstance(value, bool) else None


def _instant(value: Json) -> Json:
    """Without an offset nobody could tell which moment is meant."""
    try:
        moment = datetime.fromisoformat(value)
        return instant_text(moment) if moment.tzinfo and moment.year in YEARS else None
    except (TypeError, ValueError, OverflowError):
        return None


def _day(value: Json) -> Json:
    try:
        day = date.fromisoformat(value)
        return day.isoformat() if day.year in YEARS else None
    except (TypeError, ValueError):
        return None


def _moment(value: Json) -> Json:
    return _day(value) or _instant(value)


def _words(value: Json) -> Json:
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_LIST:
        return None
    words = [_word(each) for each in value]
    return None if None in words else words


def _labelled(value: Json) -> Json:
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_LIST:
        return None
    entries = [each if isinstance(each, Mapping) else {"value": each} for each in value]
    if any(_word(each.get("value")) is None for each in entries):
        return None
    return [
        {
            "value": _word(each["value"]),
            "label": str(each.get("label", ""))[:MAX_WORD],
            "primary": each.get("primary") is True,
        }
        for each in entries
    ]


_OF: Final = {kind: f"an {kind}" if kind is Kind.ACTIVITY else f"a {kind}" for kind in Kind}


def _addresses(value: Json) -> Json:
    entries = _labelled(value)
    return entries if entries and all(_address(each["value"]) for each in entries) else None


_LISTED: Final = 'a list such as [{"value": "ann@example.com", "label": "work", "primary": true}]'
_OF_ADDRESSES: Final[Mapping[str, tuple[Callable[[Json], Json], str]]] = {
    "email": (_address, "an e-mail address such as ann@example.com"),
    "emails": (_addresses, _LISTED),
}
_READERS: Final[Mapping[Type, tuple[Callable[[Json], Json], str]]] = {
    Type.TEXT: (_text, f"a text of 1 to {MAX_TEXT} characters"),
    Type.ID: (_word, "an id, as text"),
    Type.OPTION: (_word, "an option, as text"),
    Type.MONEY: (_number, 'a number such as 50000 or "50000.00"'),
    Type.NUMBER: (_number, "a number"),
    Type.FLAG: (_flag, "true or false"),
    Type.INSTANT: (_instant, 'an instant with an offset, such as "2026-12-31T17:00:00Z"'),
    Type.DAY: (_day, 'a day such as "2026-12-31"'),
    Type.MOMENT: (_moment, 'a day such as "2026-12-31", or an instant with an offset'),
    Type.IDS: (_words, "a list of ids"),
    Type.LABELLED: (_labelled, _LISTED.replace("ann@example.com", "+49 30 1234")),
}


def plain(value: Value | Any) -> Json:
    """A value as JSON shows it."""
    if isinstance(value, Labelled):
        return {"value": value.value, "label": value.label, "primary": value.primary}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value
