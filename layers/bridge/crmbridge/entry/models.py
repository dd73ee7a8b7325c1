"""What all request and answer models share."""

from typing import Annotated, Final, Generic, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

MAX_LIMIT: Final = 200
MAX_ID: Final = 200


class Given(BaseModel):
    """What a caller sends: unknown fields are refused by name, and types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shown(BaseModel):
    """What a caller gets; made straight from ours."""

    model_config = ConfigDict(from_attributes=True)


Text = Annotated[str, Field(min_length=1, max_length=MAX_ID)]


class RecordGiven(Given):
    """A record of one of the workspace's connections."""

    connection: Text
    object: Text
    external_id: Text


class Page(Shown, Generic[T]):
    """`cursor` continues the listing; absent or null: there is no more."""

    items: list[T]
    cursor: str | None = None


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most")]
Cursor = Annotated[str | None, Query(max_length=2000, description="Continues a listing: `cursor` of the page before")]
