"""Forms in Slack's modals: opened empty at once, filled when everything is known, read when they are sent.

A field's block is called after its place in an action's body (`fields.subject`), so that what is wrong with it is
shown under it. Slack keeps what was entered into a block of the same name when a form changes: where another record's
fields come, the record is part of the name (`fields.amount@...`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import orjson

from crmbridge.chat.slack.blocks import Block, cut, escaped, option, plain, section
from crmbridge.chat.slack.requests import PANEL, SETTLE
from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.records import Json, Kind

CALLBACK: Final = "crm"
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
VALUE: Final = "value"
RECORD: Final = "record"
"""The block by which a record is chosen."""
CONNECTION: Final = "connection"
MAX_OPTIONS: Final = 100
MAX_VALUE: Final = 150
"""Of an option."""
MAX_INPUT: Final = 3000
MAX_CONTEXT: Final = 3000
MAX_VIEW: Final = 200_000
"""Bytes of its blocks; Slack refuses views of 250 KB."""
TITLES: Final[dict[str, str]] = {
    "create_task": "New task",
    "log_call": "Log a call",
    "log_meeting": "Log a meeting",
    "create_note": "New note",
    "update_deal": "Update a deal",
    "update_contact": "Update a contact",
    "update_company": "Update a company",
}
"""The forms there are, by the type of their action. A title has 24 characters."""
WINDOWS: Final[dict[str, str]] = {PANEL: "This channel in the CRM", SETTLE: "Which record is it?"}
"""Those that ask for no action."""
UPDATED: Final[Mapping[str, Kind]] = {name: ACTION_TYPES[name].kind for name in TITLES if name.startswith("update_")}
"""Forms that change a record of one kind."""


@dataclass(frozen=True, slots=True)
class FormField:
    """`type` is one of text, textarea, date, select, record; `options` are (value, words)."""

    block: str
    label: str
    type: str
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    shown: str = ""
    """What a chosen record is called."""
    asks_again: bool = False
    """Choosing changes the form."""


def skeleton(type: str, context: Mapping[str, Json]) -> Block:
    return _view(type, context, [section("One moment …")])


def said(type: str, context: Mapping[str, Json], text: str) -> Block:
    """A form that cannot be filled says why."""
    return shown(type, context, [section(escaped(text))])


def shown(type: str, context: Mapping[str, Json], blocks: Sequence[Block]) -> Block:
    """Nothing to enter."""
    return _view(type, context, blocks)


def form(type: str, context: Mapping[str, Json], fields: Sequence[FormField]) -> Block:
    """As many of the fields as Slack takes: the options of forty may be too much."""
    inputs = [_input(field) for field in fields]
    ends = accumulate(len(orjson.dumps(block)) for block in inputs)
    taken = [block for block, end in zip(inputs, ends, strict=True) if end <= MAX_VIEW]
    return _view(type, context, taken) | {"submit": plain("Save")}


def context_of(view: Mapping[str, Json]) -> dict[str, Any]:
    """What was known when the form was opened."""
    try:
        known = orjson.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def entered(view: Mapping[str, Json]) -> dict[str, str]:
    """Place -> what was entered; what was left empty is absent."""
    return {place_of(block): value for block, value in _values(view).items() if value}


def changed(view: Mapping[str, Json]) -> dict[str, str | None]:
    """Place -> what was entered instead of what the form began with; None where it was emptied."""
    begun = {str(block.get("block_id")): _begun(block.get("element") or {}) for block in view.get("blocks") or ()}
    now = _values(view)
    return {place_of(block): value or None for block, value in now.items() if value != begun.get(block, "")}


def place_of(block: str) -> str:
    """The place in an action's body that a block stands for."""
    return block.partition("@")[0]


def blocks_of(view: Mapping[str, Json]) -> dict[str, str]:
    """Place -> block: under which something can be said."""
    inputs = [str(block.get("block_id")) for block in view.get("blocks") or () if block.get("type") == "input"]
    return {place_of(block): block for block in inputs}


def wrong(errors: Mapping[str, str]) -> dict[str, Json]:
    """The answer that keeps the form open."""
    return {"response_action": "errors", "errors": {block: cut(text, 500) for block, text in errors.items()}}


def _view(type: str, context: Mapping[str, Json], blocks: Sequence[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain((TITLES | WINDOWS).get(type, "CRM Bridge"), 24),
        "close": plain("Cancel", 24),
        "private_metadata": orjson.dumps(fitting({**context, "type": type})).decode(),
        "blocks": list(blocks),
    }


def fitting(context: Mapping[str, Json]) -> dict[str, Json]:
    """The words a form begins with, of a message or a command, are cut until Slack keeps it all."""
    kept = dict(context)
    while len(orjson.dumps(kept)) > MAX_CONTEXT and (longest := _longest(kept)):
        kept[longest] = kept[longest][: len(kept[longest]) // 2]
    return kept


def _longest(context: Mapping[str, Json]) -> str:
    words = [name for name in ("text", "task") if context.get(name)]
    return max(words, key=lambda name: len(context[name]), default="")


def _input(field: FormField) -> Block:
    made: Block = {
        "type": "input",
        "block_id": field.block,
        "label": plain(field.label, 200),
        "element": {"action_id": VALUE, **_ELEMENTS[field.type](field)},
        "optional": not field.required,
    }
    return made | ({"dispatch_action": True} if field.asks_again else {})


def _text(field: FormField) -> Block:
    long = {"multiline": True} if field.type == "textarea" else {}
    begun = {"initial_value": cut(field.value, MAX_INPUT)} if field.value else {}
    return {"type": "plain_text_input", "max_length": MAX_INPUT, **long, **begun}


def _date(field: FormField) -> Block:
    begun = {"initial_date": field.value[:10]} if DAY.match(field.value) else {}
    return {"type": "datepicker", **begun}


def _select(field: FormField) -> Block:
    options = [option(words, value) for value, words in field.options[:MAX_OPTIONS]]
    begun = [one for one in options if one["value"] == field.value]
    return {"type": "static_select", "options": options, **({"initial_option": begun[0]} if begun else {})}


def _record(field: FormField) -> Block:
    begun = {"initial_option": option(field.shown, field.value)} if field.value else {}
    return {
        "type": "external_select",
        "min_query_length": 2,
        "placeholder": plain("Begin to type a name or an e-mail", 150),
        **begun,
    }


_ELEMENTS: Final = {"text": _text, "textarea": _text, "date": _date, "select": _select, "record": _record}


def _values(view: Mapping[str, Json]) -> dict[str, str]:
    values = (view.get("state") or {}).get("values") or {}
    return {str(block): _value(elements.get(VALUE) or {}) for block, elements in values.items()}


def _begun(element: Mapping[str, Json]) -> str:
    chosen = element.get("initial_option") or {}
    return str(element.get("initial_value") or element.get("initial_date") or chosen.get("value") or "").strip()


def _value(element: Mapping[str, Json]) -> str:
    chosen = element.get("selected_option") or {}
    return str(element.get("value") or element.get("selected_date") or chosen.get("value") or "").strip()
