"""Connections in the API: list, add, test, sync, set up, say goodbye."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field, SecretStr

from crmbridge.domain.connections import Connection
from crmbridge.domain.records import Kind
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Given, Shown
from crmbridge.entry.runs import RunShown

router = new_router()
TAGS = ["Connections"]

Name = Annotated[str, Field(min_length=1, max_length=200)]


class SettingsShown(Shown):
    """What an admin may set; times in minutes."""

    direction: str
    frequency_minutes: int
    full_every_minutes: int
    kinds: list[str]
    filters: dict[str, Any]
    conflict_strategy: str


class ConnectionShown(Shown):
    """`health_note` says what is wrong when it is not well; `active_run` is the run under way."""

    id: str
    platform: str
    account: str
    display_name: str
    auth: str
    scopes: list[str]
    health: Literal["connected", "needs_reconnect", "disconnected"]
    health_note: str
    settings: SettingsShown
    user: str
    created_at: datetime
    created_by: str
    incremental_due_at: datetime | None
    full_due_at: datetime | None
    active_run: str | None


class ConnectionList(Shown):
    items: list[ConnectionShown]
