"""Read-only questions to a CRM in the API, in the CRM's own language."""

from typing import Annotated, Any

from pydantic import Field

from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, MAX_LIMIT, Given, Page, Shown
from crmbridge.services.query_crm import query_crm

router = new_router()


class QueryGiven(Given):
    """`query` where the CRM's language is text (SOQL, COQL), `object` and `search` where it is not. `query` in the
    CRM's catalogue entry says which it is, with an example."""

    query: Annotated[str, Field(max_length=20_000, description="One SELECT statement")] = ""
    object: Annotated[str, Field(max_length=MAX_ID, description="What is searched, in the CRM's word")] = ""
    search: Annotated[dict[str, Any], Field(description="The search, in the CRM's own JSON")] = Field(
        default_factory=dict
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many rows at most")] = 50
    cursor: Annotated[
        str | None, Field(max_length=2000, description="Continues an answer: `cursor` of the page before")
    ] = None


class RecordFound(Shown):
    """A record as `GET /v1/records/{connection}/{object}/{id}` has it."""

    connection: str
    object: str
    external_id: str


class RowShown(Shown):
    """`row` is the CRM's own JSON; `record` is null where it is no record of an object that is kept here."""

    row: dict[str, Any]
    record: RecordFound | None


class RowPage(Page[RowShown]):
    """`total`: how many rows there are, where the CRM says so."""

    total: int | None


@router.post("/v1/connections/<id>/query", summary="Ask the CRM in its own language", tags=["Connections"])
def query(ask: Ask, id: str, asked: QueryGiven) -> RowPage:
    """For admins; reads and never writes. Rows are not kept."""
    found = query_crm(ask.deps, ask.caller, id, **asked.model_dump())
    return RowPage.model_validate(found)
