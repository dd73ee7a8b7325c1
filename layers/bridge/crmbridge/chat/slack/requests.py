"""What Slack posts to an app, read out of the bytes that were proven: commands, interactions, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from crmbridge.domain.errors import MalformedPayload

OPEN: Final = "open:"
"""Begins the names of buttons that open a form; what follows is the type of its action."""
PANEL: Final = "panel"
"""No form: a window with what the channel is about."""
SETTLE: Final = "settle"
"""A form that asks which record an uncertain action became."""
DONE: Final = "done"
NOT_DONE: Final = "not_done"
"""Buttons by which a person says what became of an uncertain action."""
DECISIONS: Final = ("retry", "cancel", "undo", DONE, NOT_DONE)
"""All by which one decides about an action; their value is its id."""
LINK: Final = "link"
"""The button that links a channel."""
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A form somebody wants to fill: from a shortcut, a button or a command. `trigger` opens it, for three seconds."""

    trigger: str
    type: str
    context: Mapping[str, str]


def read_command(body: bytes) -> Payload:
    return _form(body)


def unquoted(text: str) -> str:
    """As it is meant: people put names in quotes."""
    return text.strip().strip("\"'“”„«»`").strip()


def read_interaction(body: bytes) -> Payload:
    """Raises MalformedPayload, too, for what no interaction of Slack's looks like."""
    payload = _object(_form(body).get("payload", ""))
    view = payload.get("view") or {}
    if not (_fits(payload, _SHAPES) and _fits(view, _VIEW) and _has_inputs(view)):
        raise MalformedPayload("the payload is no interaction as Slack sends them")
    return payload


def read_event(body: bytes) -> Payload:
    return _object(body)


def team_of(payload: Payload) -> str:
    """The team the app is installed in; a person of another team may act in a shared channel."""
    named = payload.get("team")
    return str((named.get("id") if isinstance(named, dict) else None) or payload.get("team_id") or "")


def user_of(payload: Payload) -> str:
    named = payload.get("user")
    return str((named.get("id") if isinstance(named, dict) else None) or payload.get("user_id") or "")


def channel_of(payload: Payload) -> str:
    """Where it happened; empty in modals and on the Home tab."""
    named = payload.get("channel")
    container = payload.get("container") or {}
    found = named.get("id") if isinstance(named, dict) else payload.get("channel_id") or container.get("channel_id")
    return str(found or "")


def message_of(payload: Payload) -> dict[str, str]:
    """The message a shortcut or a button belongs to: `message` is its ts, `thread` the one that answers to it stand
    under. What one person alone sees cannot be answered to."""
    message, container = payload.get("message") or {}, payload.get("container") or {}
    if container.get("is_ephemeral"):
        return {}
    ts = str(message.get("ts") or container.get("message_ts") or "")
    thread = str(message.get("thread_ts") or container.get("thread_ts") or ts)
    return {"message": ts, "thread": thread, "text": str(message.get("text") or "")}


_SHAPES: Final = {"container": dict, "message": dict, "view": dict, "actions": list}
_VIEW: Final = {"state": dict, "blocks": list, "private_metadata": str}


def _fits(given: Payload, shapes: Mapping[str, type]) -> bool:
    return all(isinstance(given.get(name) or shape(), shape) for name, shape in shapes.items())


def _has_inputs(view: Payload) -> bool:
    """Blocks with elements, and what was entered by block and element, as far as there are any."""
    values = (view.get("state") or {}).get("values") or {}
    entered = isinstance(values, dict) and all(isinstance(one, dict) for one in values.values())
    return entered and all(isinstance(block, dict) for block in view.get("blocks") or ())


def _form(body: bytes) -> Payload:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    except ValueError:
        raise MalformedPayload("the body is no form") from None


def _object(text: str | bytes) -> Payload:
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise MalformedPayload("the body is no JSON object")
    return found
