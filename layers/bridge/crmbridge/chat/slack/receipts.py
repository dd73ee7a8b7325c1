"""An action as a card in a channel: on its way, then its receipt, or what to do about it."""

from collections.abc import Callable, Mapping
from typing import Final

from crmbridge.chat.slack.blocks import Block, button, buttons, cut, escaped, lines, link, section, small
from crmbridge.chat.slack.requests import DONE, NOT_DONE, OPEN, SETTLE
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.records import Json

WORDS: Final[Mapping[str, str]] = {
    "create_task": "Task", "update_task": "Change of a task", "create_deal": "Deal", "update_deal": "Change of a deal",
    "log_call": "Call", "log_meeting": "Meeting", "create_note": "Note", "update_activity": "Change of an activity",
    "create_contact": "Contact", "update_contact": "Change of a contact", "create_company": "Company",
    "update_company": "Change of a company",
}  # fmt: skip
SIGNS: Final[Mapping[ActionStatus, str]] = {
    ActionStatus.PENDING: ":hourglass_flowing_sand:",
    ActionStatus.SENDING: ":hourglass_flowing_sand:",
    ActionStatus.WAITING: ":hourglass_flowing_sand:",
    ActionStatus.COMPLETED: ":white_check_mark:",
    ActionStatus.FAILED: ":x:",
    ActionStatus.UNCERTAIN: ":grey_question:",
    ActionStatus.SUPERSEDED: ":leftwards_arrow_with_hook:",
    ActionStatus.CANCELLED: ":no_entry_sign:",
}


def receipt_card(action: Action, crm: str) -> list[Block]:
    """`crm` is what its connection is called. Everybody in the channel sees it: it tells what was named, not what a
    note or a call says, nor which amount a deal has."""
    url = action.receipt.url if action.receipt else ""
    title = f"{SIGNS[action.status]} {link(url, ': '.join(filter(None, (_words(action), _what(action)))))}"
    card = [section(lines(title, _said(action, crm)))]
    card.append(small(f"<@{escaped(action.requested_by)}> · {escaped(crm)}"))
    chosen = [button(words, verb, action.id) for words, verb in _choices(action)]
    return [*card, buttons(*chosen)] if chosen else card


def receipt_text(action: Action) -> str:
    """What a notification says."""
    return f"{_words(action)}: {action.status}"


def _words(action: Action) -> str:
    return WORDS.get(action.type, action.type)


def _what(action: Action) -> str:
    named = next((action.fields[name] for name in ("subject", "name") if action.fields.get(name)), None)
    if named or action.target is None:
        return cut(str(named or ""), 150)
    return ", ".join([*action.fields, *action.custom_fields])


def _said(action: Action, crm: str) -> str:
    return _SAYS.get(action.status, _on_its_way)(action, crm)


def _on_its_way(action: Action, crm: str) -> str:
    return f"Being looked for in {escaped(crm)} …" if action.found else "On its way …"


def _completed(action: Action, crm: str) -> str:
    if action.receipt and action.receipt.twins:
        others = ", ".join(link(twin.url, twin.external_id) for twin in action.receipt.twins)
        return f"{escaped(crm)} has it more than once: a request landed late. Delete all but one; also there: {others}."
    return f"Found in {escaped(crm)} already, and linked." if action.receipt and action.receipt.linked else ""


def _failed(action: Action, _: str) -> str:
    error = action.error or {}
    return lines(_sentence(error.get("message") or "It failed."), _next(error))


def _uncertain(action: Action, crm: str) -> str:
    message = (action.error or {}).get("message") or f"Nobody can tell whether {crm} did it"
    return lines(
        f"{_sentence(message)}. Look there and say what you see.",
        "*Try again* looks for it once more, and sends it only when it is not found.",
    )


def _waiting(action: Action, _: str) -> str:
    message = (action.error or {}).get("message")
    return lines("Waiting; it goes on by itself.", _sentence(message) if message else "")


_SAYS: Final[Mapping[ActionStatus, Callable[[Action, str], str]]] = {
    ActionStatus.COMPLETED: _completed,
    ActionStatus.FAILED: _failed,
    ActionStatus.UNCERTAIN: _uncertain,
    ActionStatus.WAITING: _waiting,
    ActionStatus.SUPERSEDED: lambda *_: "A later change of the same record came first; this one was not written.",
    ActionStatus.CANCELLED: lambda *_: "Called off.",
}


def _next(error: Mapping[str, Json]) -> str:
    return f"Next: {escaped(error['next_step'])}." if error.get("next_step") else ""


def _sentence(text: Json) -> str:
    return escaped(cut(str(text), 600))


def _choices(action: Action) -> list[tuple[str, str]]:
    if action.status is ActionStatus.UNCERTAIN:
        there = ("It was done", DONE) if action.target else ("It is there", f"{OPEN}{SETTLE}")
        return [there, ("It was not done", NOT_DONE), ("Try again", "retry")]
    if action.status is ActionStatus.FAILED:
        return [("Try again", "retry")]
    if action.status in (ActionStatus.PENDING, ActionStatus.WAITING):
        return [("Call off", "cancel")]
    return [("Undo", "undo")] if action.status is ActionStatus.COMPLETED and action.target else []
