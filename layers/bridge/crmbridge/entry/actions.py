"""Actions in the API: writes to CRMs that somebody asked for, and their receipts."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import Field

from crmbridge.domain.actions import ACTION_TYPES, Action, Target
from crmbridge.domain.inputs import writable
from crmbridge.domain.records import Kind
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Cursor, Given, Limit, Page, Shown, Text
from crmbridge.services import read_actions, request_action, settle_action, undo_action

router = new_router()
TAGS = ["Actions"]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Asking again with the same key means the same action: it is done once",
    ),
]

LINKS = (
    "What a new record is associated with. Left out, it is the record that the `chat` is linked to, where the CRM"
    " takes that; an empty list says: with nothing"
)

OURS = "By our names. " + "; ".join(f"{kind}: {', '.join(writable(kind))}" for kind in Kind)
CUSTOM = "By the CRM's own names, as `GET /v1/connections/{id}/fields` lists them; options by value or label"
Fields = Annotated[dict[str, Any], Field(description=OURS)]
CustomFields = Annotated[dict[str, Any], Field(description=CUSTOM)]


class TargetGiven(Given):
    """A record of that CRM."""

    object: Text
    external_id: Text


class ActionGiven(Given):
    """`target` is the record to change; null in a field of it empties the field."""

    connection: Text
    type: Annotated[Text, Field(description=f"One of {', '.join(ACTION_TYPES)}")]
    fields: Fields = Field(default_factory=dict)
    custom_fields: CustomFields = Field(default_factory=dict)
    target: TargetGiven | None = None
    links: Annotated[list[TargetGiven], Field(max_length=50, description=LINKS)] = Field(default_factory=list)
    chat: Annotated[str, Field(max_length=MAX_ID, description="Where it was asked for")] = ""
    message: Annotated[str, Field(max_length=MAX_ID, description="The id of the message it came from")] = ""


class SettleGiven(Given):
    """`record` is the one that was made; an update has its own."""

    done: Annotated[bool, Field(description="Whether the CRM did it, as a person saw there")]
    record: TargetGiven | None = None


class TargetShown(Shown):
    object: str
    external_id: str


class TwinShown(TargetShown):
    url: str


class ReceiptShown(Shown):
    """`linked`: the object existed already and was linked, not overwritten. `twins`: made beside it by a request that
    landed late, and seen afterwards; a person deletes them in the CRM."""

    object: str
    external_id: str
    url: str
    linked: bool
    before: dict[str, Any]
    after: dict[str, Any]
    completed_at: datetime
    attempts: int
    twins: list[TwinShown]


class StepShown(Shown):
    status: str
    at: str
    note: str


class ActionShown(Shown):
    """`uncertain`: nobody can tell whether the CRM did it; look there, then retry or settle it.

    `undoes` is the id of the action that this one takes back, or empty; `cause_rule` that of the rule that asked.
    `next_attempt_at`: when it goes on; of one that has ended, when it is looked for once more what a request has done
    that was never answered."""

    id: str
    connection: str
    type: str
    status: str
    fields: dict[str, Any]
    custom_fields: dict[str, Any]
    target: TargetShown | None
    links: list[TargetShown]
    chat: str
    message: str
    requested_by: str
    created_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    error: dict[str, Any] | None
    receipt: ReceiptShown | None
    undoes: str
    cause_rule: str | None
    history: list[StepShown]


class ActionPage(Page[ActionShown]):
    pass


@router.post("/v1/actions", summary="Ask for a write to a CRM", tags=TAGS, status_code=202)
def ask_for_action(ask: Ask, action: ActionGiven, key: IdempotencyKey) -> Response[ActionShown]:
    """Answers at once with where to follow it; a repeated key answers with the action there is."""
    body = action.model_dump(exclude_unset=True)
    asked, _ = request_action.request_action(ask.deps, ask.caller, body, key)
    return followed(asked)


@router.get("/v1/actions/<id>", summary="Read an action and its receipt", tags=TAGS)
def read_action(ask: Ask, id: str) -> ActionShown:
    return shown(read_actions.read_action(ask.deps, ask.caller, id))


@router.post("/v1/actions/<id>/retry", summary="Try a failed action again", tags=TAGS, status_code=202)
def retry_action(ask: Ask, id: str) -> Response[ActionShown]:
    return followed(read_actions.retry_action(ask.deps, ask.caller, id))


@router.post("/v1/actions/<id>/settle", summary="Say what became of an uncertain action", tags=TAGS, status_code=202)
def settle_uncertain(ask: Ask, id: str, word: SettleGiven) -> Response[ActionShown]:
    """Done: it completes with a receipt once the CRM shows the record. Not done: it has failed, and can be retried.
    Nothing is sent either way."""
    record = Target(word.record.object, word.record.external_id) if word.record else None
    return followed(settle_action.settle_action(ask.deps, ask.caller, id, done=word.done, record=record))


@router.post("/v1/actions/<id>/cancel", summary="Call off an action that was not sent", tags=TAGS)
def cancel_action(ask: Ask, id: str) -> ActionShown:
    return shown(read_actions.cancel_action(ask.deps, ask.caller, id))


@router.post("/v1/actions/<id>/undo", summary="Take back a completed update", tags=TAGS, status_code=202)
def take_back_action(ask: Ask, id: str) -> Response[ActionShown]:
    """Only while the CRM still has what was written. Answers with the action that writes back what was there before;
    asking again answers with the same one."""
    return followed(undo_action.undo_action(ask.deps, ask.caller, id))


@router.get("/v1/chats/<chat>/actions", summary="List a chat's actions, the newest first", tags=TAGS)
def list_actions(ask: Ask, chat: str, limit: Limit = 20, cursor: Cursor = None) -> ActionPage:
    page = read_actions.actions_of_chat(ask.deps, ask.caller, chat, limit=limit, cursor=cursor)
    return ActionPage(items=[shown(each) for each in page.items], cursor=page.cursor)


def followed(action: Action) -> Response[ActionShown]:
    return Response(202, "application/json", shown(action), {"location": f"/v1/actions/{action.id}"})


def shown(action: Action) -> ActionShown:
    steps = [StepShown(status=status, at=at, note=note) for status, at, note in action.history]
    named = {name: getattr(action, name) for name in ActionShown.model_fields if name != "history"}
    return ActionShown.model_validate({**named, "history": steps}, from_attributes=True)
