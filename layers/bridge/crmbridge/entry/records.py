"""Records in the API: as the store has them or, asked for live, as the CRM does; edited by actions."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.entry.actions import ActionShown, CustomFields, Fields, IdempotencyKey, followed
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Cursor, Given, Limit, Page, Shown
from crmbridge.services import edit_record, link_chat, read_records

router = new_router()
TAGS = ["Records"]

OfKind = Annotated[Kind | None, Query(description="One kind only")]
OfConnection = Annotated[str | None, Query(max_length=MAX_ID, description="One connection only")]
Email = Annotated[str | None, Query(min_length=3, max_length=320, description="All records with this e-mail address")]
Prefix = Annotated[str | None, Query(min_length=2, max_length=MAX_ID, description="How a name begins, or an e-mail")]
Live = Annotated[bool, Query(description="Ask the CRM first")]


class LinkShown(Shown):
    external_id: str
    label: str
    primary: bool


class RecordShown(Shown):
    """Money is text, so that no cent is lost; a field that was not read is absent. `odd` names fields whose value could
    not be understood and is shown as the CRM has it."""

    connection: str
    object: str
    external_id: str
    kind: Kind
    platform: str
    state: State
    successor_id: str | None
    successor_object: str | None
    url: str | None
    fields: dict[str, Any]
    custom_fields: dict[str, Any]
    links: dict[str, list[LinkShown]]
    odd: list[str]
    remote_created_at: datetime | None
    remote_updated_at: datetime | None


class RecordPage(Page[RecordShown]):
    pass


class EditShown(Shown):
    """What somebody wants a field to be. `status` is that of the action; `custom` fields go by the CRM's names."""

    name: str
    custom: bool
    value: Any
    action: str
    status: str
    by: str
    at: datetime
    reason: str
    next_step: str


class RecordRead(RecordShown):
    """`pending` edits are on their way to the CRM; `refused` ones came to nothing within the last hour, and say why."""

    pending: list[EditShown]
    refused: list[EditShown]


class EditGiven(Given):
    """`base` is what the person saw of the fields to change: where the CRM has something else now, the answer is 409
    with both, unless `force` is set. Null empties a field."""

    fields: Fields = Field(default_factory=dict)
    custom_fields: CustomFields = Field(default_factory=dict)
    base: dict[str, Any] = Field(default_factory=dict)
    force: bool = False
    chat: Annotated[str, Field(max_length=MAX_ID, description="Where it was asked for")] = ""
    message: Annotated[str, Field(max_length=MAX_ID, description="The id of the message it came from")] = ""


class ChatShown(Shown):
    chat: str


class ChatPage(Page[ChatShown]):
    pass


@router.get("/v1/records", summary="List records", tags=TAGS)
def list_records(  # noqa: PLR0913 - one parameter per filter
    ask: Ask,
    *,
    kind: OfKind = None,
    connection: OfConnection = None,
    email: Email = None,
    q: Prefix = None,
    live: Live = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RecordPage:
    asked = read_records.Asked(kind=kind, connection=connection, email=email, q=q, live=live)
    found = read_records.list_records(ask.deps, ask.caller, asked, limit=limit, cursor=cursor)
    return RecordPage.model_validate(found)


@router.get("/v1/records/<connection>/<object>/<id>", summary="Read a record, or what it was merged into", tags=TAGS)
def read_record(ask: Ask, connection: str, object: str, id: str, live: Live = False) -> RecordRead:
    found = read_records.read_record(ask.deps, ask.caller, connection, object, id, live=live)
    return RecordRead.model_validate(found)


@router.patch(
    "/v1/records/<connection>/<object>/<id>", summary="Edit a record, as an action", tags=TAGS, status_code=202
)
def change_record(
    ask: Ask, connection: str, object: str, id: str, edit: EditGiven, key: IdempotencyKey
) -> Response[ActionShown]:
    """The values are pending at once, and confirmed when the CRM has them; a repeated key answers with the action there
    is."""
    wish = edit_record.Wish(**edit.model_dump())
    record = RecordKey(ask.caller.workspace, connection, object, id)
    return followed(edit_record.edit_record(ask.deps, ask.caller, record, wish, key))


@router.get("/v1/records/<connection>/<object>/<id>/chats", summary="List the chats that link a record", tags=TAGS)
def list_chats(ask: Ask, connection: str, object: str, id: str, limit: Limit = 50, cursor: Cursor = None) -> ChatPage:
    record = RecordKey(ask.caller.workspace, connection, object, id)
    found = link_chat.chats_of_record(ask.deps, ask.caller, record, limit=limit, cursor=cursor)
    return ChatPage.model_validate(found)
