"""Fill a form that was opened empty: what is known goes in, and what the CRM offers to choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.chat.slack.forms import CONNECTION, RECORD, UPDATED, FormField, context_of, entered, form, said
from crmbridge.chat.slack.requests import PANEL, SETTLE
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.due_words import split_due
from crmbridge.domain.errors import BridgeError, Forbidden
from crmbridge.domain.installations import SlackPerson
from crmbridge.domain.records import Json, name_of
from crmbridge.domain.stored import Stored
from crmbridge.services.link_chat import linked_record
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import check_writer
from crmbridge.services.slack.edited_fields import edited_fields
from crmbridge.services.slack.find_records import referred_record, writable
from crmbridge.services.slack.identify_user import identify_user, known_person
from crmbridge.services.slack.open_slack import Slack
from crmbridge.services.slack.settle_by_form import ask_which_record
from crmbridge.services.slack.show_panel import show_panel

PRIORITIES: Final = (("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a form begins with; `text` is the message it is about."""

    type: str
    stored: Stored | None
    text: str
    subject: str = ""
    due: date | None = None


def fill_form(deps: Deps, slack: Slack, asked: Mapping[str, Json]) -> None:
    """A form that cannot be filled says why; one that was closed meanwhile is nobody's any more."""
    view, user = asked["view"], str(asked["user"])
    context = context_of(view)
    type = str(context.pop("type", ""))
    try:
        caller = identify_user(deps, slack.installation, user)
        window = _WINDOWS.get(type)
        filled = window(deps, caller, context) if window else _filled(deps, slack, caller, type, context, entered(view))
    except BridgeError as error:
        if error.retryable:
            raise
        filled = said(type, context, str(error))
    try:
        slack.api.call("views.update", view_id=view["id"], view=filled)
    except SlackRefused as refused:
        if refused.code not in ("not_found", "view_not_found"):
            raise


def _filled(
    deps: Deps, slack: Slack, caller: Caller, type: str, context: Mapping[str, Any], chosen: Mapping[str, str]
) -> dict[str, Json]:
    check_writer(caller)
    person = known_person(deps, slack.installation, caller.user)
    connections = writable(deps, slack.workspace, type)
    if not connections:
        raise Forbidden("no CRM is connected that takes this; an admin connects one")
    wanted = chosen.get(RECORD) or str(context.get("record") or "")
    channel = str(context.get("channel") or "")
    stored = referred_record(deps, slack.workspace, wanted or _linked(deps, slack.workspace, channel, type))
    subject, due = _task_words(deps, context, person)
    known = Known(type, stored, str(context.get("text") or ""), subject, due)
    fields = edited_fields(deps, stored) if type in UPDATED else _FIELDS[type](known)
    return form(type, context, [*_place(known, connections), *fields])


def _linked(deps: Deps, workspace: str, channel: str, type: str) -> str:
    """What the channel is about, where the form can be about it."""
    _, stored = linked_record(deps, workspace, channel) if channel else (None, None)
    if stored is None or UPDATED.get(type, stored.record.kind) is not stored.record.kind:
        return ""
    return str(stored.key)


def _task_words(deps: Deps, context: Mapping[str, Any], person: SlackPerson) -> tuple[str, date | None]:
    """What stood behind `/crm task`, in the person's own day; a message gives its first line."""
    if not context.get("task"):
        return next(iter(str(context.get("text") or "").splitlines()), "")[:200], None
    return split_due(str(context["task"]), deps.now().astimezone(_zone(person)).date())


def _zone(person: SlackPerson) -> ZoneInfo:
    try:
        return ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _place(known: Known, connections: list[Connection]) -> list[FormField]:
    """The record it is about says in which CRM; without one a person does, where there are several."""
    stored, kind = known.stored, UPDATED.get(known.type)
    about = FormField(
        RECORD,
        kind.capitalize() if kind else "About",
        "record",
        value=str(stored.key) if stored else "",
        shown=name_of(stored.record) if stored else "",
        required=kind is not None,
        asks_again=kind is not None,
    )
    if stored or kind or len(connections) == 1:
        return [about]
    options = tuple((one.id, one.display_name) for one in connections)
    return [about, FormField(CONNECTION, "In", "select", value=options[0][0], options=options, required=True)]


def _task(known: Known) -> list[FormField]:
    due = known.due.isoformat() if known.due else ""
    return [
        FormField("fields.subject", "What is to be done", "text", value=known.subject, required=True),
        FormField("fields.due_at", "Due", "date", value=due),
        FormField("fields.priority", "Priority", "select", options=PRIORITIES),
        FormField("fields.body", "Details", "textarea", value=known.text),
    ]


def _told(known: Known) -> list[FormField]:
    return [
        FormField("fields.subject", "Subject", "text", value=known.subject),
        FormField("fields.body", "What was said", "textarea", value=known.text, required=True),
    ]


def _note(known: Known) -> list[FormField]:
    return [FormField("fields.body", "Note", "textarea", value=known.text, required=True)]


_WINDOWS: Final[Mapping[str, Callable[[Deps, Caller, Mapping[str, Any]], dict[str, Json]]]] = {
    PANEL: show_panel,
    SETTLE: ask_which_record,
}
_FIELDS: Final[Mapping[str, Callable[[Known], list[FormField]]]] = {
    "create_task": _task,
    "log_call": _told,
    "log_meeting": _told,
    "create_note": _note,
}
