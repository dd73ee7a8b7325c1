"""Named actions whose fields hold placeholders: filled from the message, its chat and the record it is linked to."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from string import Formatter
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, ActionType
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.inputs import read_fields
from crmbridge.domain.records import FIELDS, Json, Kind, Type, instant_text

LONGEST: Final = 20_000
"""Characters of JSON: each may be a placeholder, and each of those a long message."""
ONE_LINE: Final = 255
"""Characters. A message of many lines becomes a subject of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTemplate:
    """Texts in `fields` and `custom_fields` may hold placeholders. `connection` empty: that of the linked record, or
    the workspace's only one. `built_in`: every workspace has it, and nobody edits it."""

    id: str
    workspace: str
    name: str
    type: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    connection: str = ""
    built_in: bool = False
    created_by: str = ""
    created_at: datetime
    version: int = 0

    @property
    def action(self) -> ActionType:
        return ACTION_TYPES[self.type]


WORDS: Final[Mapping[str, str]] = {
    "message_text": "Can you send the quote?",
    "message_author": "Ada Lovelace",
    "message_url": "https://chat.example.com/m/1",
    "chat_name": "acme-renewal",
    "me": "U1",
    "record_name": "Renewal",
    "record_url": "https://crm.example.com/1",
    "record_owner": "1",
    "contact_name": "Grace Hopper",
    "contact_first_name": "Grace",
    "contact_last_name": "Hopper",
    "contact_email": "grace@example.com",
    "contact_phone": "+49 30 1234",
    "contact_title": "CTO",
    "deal_name": "Renewal",
    "deal_amount": "50000",
    "deal_currency": "EUR",
    "deal_stage": "Negotiation",
    "deal_pipeline": "Sales",
    "deal_close_date": "2026-12-31",
    "company_name": "Acme",
    "company_domain": "acme.example",
    "company_website": "https://acme.example",
    "company_industry": "Software",
}
"""What a placeholder may name, with an example of each. `me` is who uses the template, as a chat user."""

MOMENT: Final = re.compile(
    r"(?P<base>today|due|now)(?:\s*(?P<sign>[+-])\s*(?P<count>\d{1,4})\s*(?P<unit>minute|hour|day|working day|week)s?)?"
)
"""`today` and `due` are the day on which the template is used, `now` is the moment."""


def fill_fields(
    fields: Mapping[str, Json], words: Mapping[str, str], now: datetime, *, kind: Kind | None, path: str
) -> dict[str, Json]:
    """`now` is in the time zone whose days are meant; a field of which nothing is left is left out. Raises Invalid
    naming each field that holds a wrong placeholder, or one for which there is no word and nothing to stand in."""
    filled: dict[str, Json] = {}
    problems: list[Problem] = []
    for name, value in fields.items():
        try:
            text = _filled(value, lambda text: _spoken(text, words, now), _is_one_line(kind, name))
        except _Wrong as wrong:
            problems.append(Problem(f"{path}.{name}", wrong.what, wrong.fix))
        else:
            filled |= {name: text} if text != "" else {}
    if problems:
        raise Invalid(*problems)
    return filled


def check_template(type: ActionType, fields: Mapping[str, Json], custom_fields: Mapping[str, Json]) -> None:
    """Every placeholder is known, and what stands in a field could be its value. Raises Invalid."""
    if len(json.dumps([fields, custom_fields], default=str)) > LONGEST:
        raise Invalid(Problem("fields", "are too much for a template", f"{LONGEST} characters of JSON altogether"))
    midday = datetime(2026, 5, 4, 12, tzinfo=UTC)
    examples = fill_fields(fields, WORDS, midday, kind=type.kind, path="fields")
    fill_fields(custom_fields, WORDS, midday, kind=None, path="custom_fields")
    read_fields(type.kind, examples, clearing=not type.creates)
    for name, value in type.sets.items():
        if fields.get(name, value) != value:
            raise Invalid(Problem(f"fields.{name}", f"is {value}, because the action is {type.name}", "leave it out"))


def needed_words(template: ActionTemplate) -> list[str]:
    """The words of which nothing else can stand in its texts."""
    needed: dict[str, None] = {}

    def note(text: str) -> str:
        named = [piece for piece, is_literal in _pieces(text) if not is_literal and "|" not in piece]
        needed.update(dict.fromkeys(name.strip() for name in named if name.strip() in WORDS))
        return text

    for value in (*template.fields.values(), *template.custom_fields.values()):
        _filled(value, note, one_line=False)
    return list(needed)


class _Wrong(Exception):
    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def _is_one_line(kind: Kind | None, name: str) -> bool:
    return kind is not None and FIELDS[kind].get(name) is Type.TEXT and name != "body"


def _filled(value: Json, speak: Callable[[str], str], one_line: bool) -> Json:
    if isinstance(value, str):
        text = speak(value).strip()
        return _shortened(" ".join(text.split())) if one_line else text
    if isinstance(value, Mapping):
        return {name: _filled(each, speak, one_line) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(each, speak, one_line) for each in value]
    return value


def _shortened(text: str) -> str:
    """Between words where there is a space to cut at: a long address has none, nor has Japanese."""
    if len(text) <= ONE_LINE:
        return text
    kept = text[: ONE_LINE - 1]
    words = kept.rpartition(" ")[0]
    return f"{words if len(words) > ONE_LINE // 2 else kept}…"


def _spoken(text: str, words: Mapping[str, str], now: datetime) -> str:
    return "".join(text if is_literal else _word(text, words, now) for text, is_literal in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """(text, whether it stands for itself). Python's own format strings, without their conversions and formats."""
    try:
        for literal, name, spec, conversion in Formatter().parse(text):
            yield literal, True
            if name is not None:
                yield "".join((name, f"!{conversion}" if conversion else "", f":{spec}" if spec else "")), False
    except ValueError:
        raise _Wrong("has a brace without its other half", "{{ and }} are braces that mean themselves") from None


def _word(named: str, words: Mapping[str, str], now: datetime) -> str:
    name, bar, instead = (part.strip() for part in named.partition("|"))
    if moment := MOMENT.fullmatch(name):
        return _moment(moment, now)
    if name not in WORDS:
        close = get_close_matches(name, [*WORDS, "today", "due", "now"], 1)
        hint = f"did you mean {{{close[0]}}}? " if close else ""
        known = ", ".join(WORDS)
        raise _Wrong(f"{{{named[:80]}}} is no placeholder", f"{hint}one of {known}, today, due + 2 days, now + 1 hour")
    if found := words.get(name):
        return found
    if not bar:
        raise _Wrong(
            f"nothing is known to fill {{{name}}} with",
            f"link the chat to a record that has it, send the value, or let the template say {{{name} | something}}",
        )
    return instead


def _moment(said: re.Match[str], now: datetime) -> str:
    count = int(said["count"] or 0) * (-1 if said["sign"] == "-" else 1)
    unit = said["unit"] or "day"
    try:
        if said["base"] != "now":
            return _day(now.date(), count, unit).isoformat()
        later = now + timedelta(**{f"{unit}s": count}) if unit in ("minute", "hour") else _at(now, count, unit)
        return instant_text(later)
    except OverflowError:
        raise _Wrong("lies too far away", "a moment nearer to today") from None


def _at(now: datetime, count: int, unit: str) -> datetime:
    """The same time of day, so many days later, whatever the clocks do between."""
    return datetime.combine(_day(now.date(), count, unit), now.timetz())


def _day(day: date, count: int, unit: str) -> date:
    if unit == "working day":
        return _working_day(day, count)
    if unit in ("minute", "hour"):
        raise _Wrong("a day has no time", "{now + 2 hours} is a moment")
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _working_day(day: date, count: int) -> date:
    """Monday to Friday; nobody knows everybody's holidays."""
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        count -= int(step.days) if day.weekday() < 5 else 0
    return day


_LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)

BUILT_IN: Final[Mapping[str, ActionTemplate]] = {
    each.id: each
    for each in (
        ActionTemplate(
            id="follow-up-task", workspace="", name="Follow-up task", type="create_task", built_in=True,
            fields={
                "subject": "Follow up with {contact_name | the customer}: {message_text | as agreed}",
                "body": "{message_text | } {message_url | }", "due_at": "{due + 2 working days}",
            },
            created_at=_LONG_AGO,
        ),
        ActionTemplate(
            id="log-call", workspace="", name="Log call", type="log_call", built_in=True,
            fields={"subject": "Call with {contact_name | the customer}", "body": "{message_text | }"},
            created_at=_LONG_AGO,
        ),
        ActionTemplate(
            id="note", workspace="", name="Note from the chat", type="create_note", built_in=True,
            fields={"body": "{message_author | Somebody}: {message_text} {message_url | }"},
            created_at=_LONG_AGO,
        ),
    )
}  # fmt: skip
