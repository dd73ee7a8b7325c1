"""Records in the API: as the store has them or, asked for live, as the CRM does."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from crmbridge.domain.records import Kind, State
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Cursor, Limit, Page, Shown
from crmbridge.services import read_records

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
def read_record(ask: Ask, connection: str, object: str, id: str, live: Live = False) -> RecordShown:
    found = read_records.read_record(ask.deps, ask.caller, connection, object, id, live=live)
    return RecordShown.model_validate(found)
