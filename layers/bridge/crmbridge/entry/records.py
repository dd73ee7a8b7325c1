"""Records in the API: as the store has them or, asked for live, as the CRM does."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from crmbridge.domain.records import Kind
from crmbridge.entry.http import new_router
from crmbridge.entry.models import MAX_ID, Page, Shown

router = new_router()
TAGS = ["Records"]

Filter = Annotated[str | None, Query(min_length=1, max_length=MAX_ID)]


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
    state: str
    successor_id: str | None
    fields: dict[str, Any]
    custom_fields: dict[str, Any]
    links: dict[str, list[LinkShown]]
    odd: list[str]
    remote_created_at: datetime | None
    remote_updated_at: datetime | None


class RecordPage(Page[RecordShown]):
    pass
