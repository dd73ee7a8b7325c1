"""A window in which a person says which record an uncertain action became: one that fits, a link, or an id."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from crmbridge.chat.slack.forms import RECORD, FormField, entered, form
from crmbridge.chat.slack.requests import SETTLE
from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus, Target
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Invalid, Problem
from crmbridge.domain.records import NEVER, Json, Record, RecordKey, State, name_of
from crmbridge.domain.stored import Stored
from crmbridge.services.follow_record import follow_record
from crmbridge.services.list_related import related_keys
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import own_action
from crmbridge.services.settle_action import settle_action
from crmbridge.services.slack.unfurl_links import record_at

CANDIDATE: Final = "candidate"
"""The block in which a record is chosen that looks like it."""
MOST: Final = 10
SKEW: Final = timedelta(minutes=5)
"""How far a CRM's clock may be behind ours."""


def ask_which_record(deps: Deps, caller: Caller, context: Mapping[str, Any]) -> dict[str, Json]:
    """The window as it is filled. Raises Forbidden for who may not decide, Clash for what is uncertain no more."""
    action = own_action(deps, caller, str(context.get("record") or ""))
    if action.status is not ActionStatus.UNCERTAIN:
        raise Clash(f"somebody has decided meanwhile: the action is {action.status}")
    connection = deps.connections.get(caller.workspace, action.connection)
    title, kind = deps.platform(connection.platform).title, ACTION_TYPES[action.type].kind
    alike = tuple((str(one.key), _words(one.record)) for one in _alike(deps, action))
    choice = [FormField(CANDIDATE, "Is it one of these?", "select", options=alike)] if alike else []
    pasted = FormField(RECORD, f"{'Or the' if alike else 'The'} link or id of the {kind} in {title}", "text")
    return form(SETTLE, context, [*choice, pasted])


def settle_by_form(deps: Deps, caller: Caller, view: Mapping[str, Any], context: Mapping[str, Any]) -> Action:
    """Raises Invalid for a record that none can be, and what `settle_action` does."""
    action = own_action(deps, caller, str(context.get("record") or ""))
    given = entered(view)
    record = _chosen(given[CANDIDATE]) if CANDIDATE in given else _pasted(deps, action, given.get(RECORD, ""))
    return settle_action(deps, caller, action.id, done=True, record=record)


def _alike(deps: Deps, action: Action) -> list[Stored]:
    """What was made since at the record it was to be linked to, as far as it is here by now; the newest first."""
    about = next((follow_record(deps, _key(action, link)) for link in action.links), None)
    if about is None:
        return []
    platform = deps.platform(deps.connections.get(action.workspace, action.connection).platform)
    kind = ACTION_TYPES[action.type].kind
    near = deps.records.get_many(related_keys(deps, platform, about, kind)).values()
    found = [one for one in near if one.record.kind is kind and _is_new(action, one.record)]
    return sorted(found, key=lambda one: one.record.remote_created_at or NEVER, reverse=True)[:MOST]


def _is_new(action: Action, record: Record) -> bool:
    made = record.remote_created_at
    return record.state is State.LIVE and made is not None and made > action.created_at - SKEW


def _key(action: Action, link: Target) -> RecordKey:
    return RecordKey(action.workspace, action.connection, link.object, link.external_id)


def _words(record: Record) -> str:
    return name_of(record) or str(record.get("body") or record.external_id)


def _chosen(reference: str) -> Target:
    _, _, rest = reference.partition("/")
    object, _, external_id = rest.partition("/")
    return Target(object, external_id)


def _pasted(deps: Deps, action: Action, text: str) -> Target:
    """A link says of what it is; an id alone is of the object that was to be made."""
    text = text.strip().strip("<>").partition("|")[0]
    if not text:
        raise Invalid(Problem(RECORD, "is needed", "open it in the CRM and copy the address"))
    if "/" in text or "." in text:
        return _linked(action, record_at(deps, action.workspace, text))
    platform = deps.platform(deps.connections.get(action.workspace, action.connection).platform)
    return Target(platform.actions[action.type].made(action.fields), text)


def _linked(action: Action, key: RecordKey | None) -> Target:
    if key is None:
        fix = "open the record itself in the CRM and copy the address"
        raise Invalid(Problem(RECORD, "is no address of a record in a connected CRM", fix))
    if key.connection != action.connection:
        raise Invalid(Problem(RECORD, "is in another CRM account than the one it was asked of"))
    return Target(key.object, key.external_id)
