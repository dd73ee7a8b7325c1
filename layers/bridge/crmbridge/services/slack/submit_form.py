"""A form that was sent: an action, once per form however often it is sent; what is wrong is shown in it."""

from collections.abc import Mapping
from typing import Any

from crmbridge.chat.slack.forms import CONNECTION, RECORD, blocks_of, changed, context_of, entered, wrong
from crmbridge.chat.slack.requests import SETTLE, Payload, team_of, user_of
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import BridgeError, Clash, Invalid, Problem
from crmbridge.domain.installations import Card
from crmbridge.domain.records import Json
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action
from crmbridge.services.slack.find_records import referred_record, writable
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.settle_by_form import settle_by_form
from crmbridge.services.slack.show_card import ring_card


def submit_form(deps: Deps, payload: Payload) -> Mapping[str, Json] | None:
    """Slack's answer: what is wrong under which block, or None, which closes the form."""
    view = payload.get("view") or {}
    try:
        _act(deps, payload, view)
    except Invalid as refused:
        return wrong(_placed(refused, blocks_of(view)))
    except BridgeError as error:
        return wrong({block: str(error) for block in list(blocks_of(view).values())[:1]})
    return None


def _act(deps: Deps, payload: Payload, view: Mapping[str, Any]) -> None:
    context = context_of(view)
    caller = _who(deps, payload)
    if context.get("type") == SETTLE:
        ring_card(deps, settle_by_form(deps, caller, view, context))
        return
    channel, thread = str(context.get("channel") or ""), str(context.get("thread") or "")
    body = _body(deps, caller, str(context.get("type") or ""), view, context)
    action, _ = request_action(deps, caller, body, f"slack#{view.get('id')}")
    card = Card(action=action.id, channel=channel or caller.user, user=caller.user, thread=thread)
    deps.installations.want_card(caller.workspace, card, deps.now())
    ring_card(deps, action)


def _who(deps: Deps, payload: Payload) -> Caller:
    installation = deps.installations.of_team(team_of(payload))
    if installation is None:
        raise Clash("this Slack workspace is not connected any more")
    return identify_user(deps, installation, user_of(payload))


def _body(
    deps: Deps, caller: Caller, type: str, view: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, Json]:
    """As `POST /v1/actions` takes it. A change sends what was changed in the form, and nothing else."""
    given = entered(view)
    record = referred_record(deps, caller.workspace, given[RECORD]) if RECORD in given else None
    if RECORD in given and record is None:
        raise Invalid(Problem(RECORD, "there is no such record any more"))
    is_update = type.startswith("update_")
    fields = changed(view) if is_update else given
    body: dict[str, Json] = {
        "type": type,
        "connection": _connection(deps, caller, type, record, given),
        "fields": _below("fields.", fields),
        "custom_fields": _below("custom_fields.", fields),
    }
    reference = {"object": record.key.object, "external_id": record.key.external_id} if record else None
    body |= {"target": reference} if is_update else {"links": [reference] if reference else []}
    named_chat = {"chat": context.get("channel"), "message": context.get("message")}
    return body | {name: value for name, value in named_chat.items() if value}


def _below(place: str, fields: Mapping[str, str | None]) -> dict[str, Json]:
    return {block.removeprefix(place): value for block, value in fields.items() if block.startswith(place)}


def _connection(deps: Deps, caller: Caller, type: str, record: Stored | None, given: Mapping[str, str]) -> str:
    if record:
        return record.key.connection
    if CONNECTION in given:
        return given[CONNECTION]
    connections = writable(deps, caller.workspace, type)
    if len(connections) != 1:
        raise Invalid(Problem(RECORD, "is required", "choose a record: it says in which CRM"))
    return connections[0].id


def _placed(refused: Invalid, blocks: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with something that the form does not show stands under its first block."""
    found: dict[str, str] = {}
    for problem in refused.problems:
        said = f"{problem.message}; {problem.fix}" if problem.fix else problem.message
        block = blocks.get(problem.field) or next(iter(blocks.values()), "")
        found[block] = f"{found[block]}. {said}" if block in found else said
    return found
