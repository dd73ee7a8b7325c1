"""Connections in the API: list, add, test, sync, set up, say goodbye."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from crmbridge.domain.connections import Connection
from crmbridge.domain.runs import RunType
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Given, Shown
from crmbridge.entry.runs import RunShown
from crmbridge.services import read_connections
from crmbridge.services.add_connection import add_connection
from crmbridge.services.check_connection import check_connection
from crmbridge.services.disconnect import disconnect
from crmbridge.services.edit_connection import edit_connection
from crmbridge.services.keep_channel import make_address
from crmbridge.services.read_schema import read_schema
from crmbridge.services.request_run import request_run

router = new_router()
TAGS = ["Connections"]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Live = Annotated[bool, Query(description="Ask the CRM now; otherwise as of the last run")]


class SettingsShown(Shown):
    """What an admin may set."""

    direction: str
    frequency_minutes: int
    full_every_hours: int
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
    shortened: Annotated[
        list[str], Field(description="Some of the records (object/id) too large to be stored whole: they were cut")
    ]


class ConnectionList(Shown):
    items: list[ConnectionShown]


class TokenGiven(Given):
    """`auth` is one of the `ways` of the CRM's catalogue entry, `given` what that way asks for; `token` alone is short
    for the way `token`. OAuth begins at POST /v1/oauth/{platform}/start."""

    platform: Annotated[str, Field(max_length=MAX_ID)]
    auth: Annotated[str, Field(max_length=MAX_ID)] = "token"
    given: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    token: Annotated[str, Field(max_length=4000, description="Made by an admin of the CRM")] = ""
    display_name: Annotated[str, Field(max_length=200)] = ""


class ConnectionChange(Given):
    """Only what is given changes."""

    display_name: Name | None = None
    direction: Literal["both", "from_crm", "to_crm"] | None = None
    frequency_minutes: Annotated[int | None, Field(ge=5, le=10080)] = None
    full_every_hours: Annotated[int | None, Field(ge=1, le=744)] = None
    kinds: list[str] | None = None
    filters: Annotated[
        dict[str, Any] | None,
        Field(
            description="Kind -> rules, as those of smart groups, about the record itself. What does not match is not "
            "kept, and what no longer does is hidden; a full run begins at once"
        ),
    ] = None
    conflict_strategy: Literal["crm_wins", "chat_wins", "newest_wins", "ask"] | None = None


class ScopeMissing(Shown):
    """`why` says what breaks without it."""

    name: str
    why: str
    kinds: list[str]
    required: bool


class ForecastShown(Shown):
    """Calls per run and day, as the newest runs suggest; null: not known yet."""

    full_calls: int | None
    incremental_calls: int | None
    daily_calls: int | None
    full_seconds: float | None
    lasts_until: Annotated[datetime | None, Field(description="When the day's quota ends at this pace")]


class AccountShown(Shown):
    """`url`: where people look at its records."""

    id: str
    name: str
    currency: str | None
    time_zone: str
    url: Annotated[str, Field(validation_alias="ui_url")]


class IdentityShown(Shown):
    """Whom the connection speaks for, as the CRM itself says; `user` is empty where it does not."""

    account: AccountShown
    user: str


class CheckShown(Shown):
    """`ok` false: `error` and `next_step` say what to do, or `missing` names required scopes. `identity` is null where
    the CRM did not answer."""

    ok: Annotated[bool, Field(validation_alias="is_ok")]
    identity: IdentityShown | None
    error: str
    next_step: str
    granted: list[str]
    missing: list[ScopeMissing]
    quota: Annotated[dict[str, dict[str, float]], Field(description="Per limit: left, limit, seconds until full")]
    forecast: ForecastShown


class AddressShown(Shown):
    """Shown once; `steps` say where the CRM wants it."""

    url: str
    user: str
    password: str
    steps: str


class RunWish(Given):
    type: Literal["full", "incremental"] = "incremental"
    confirm_removals: Annotated[
        bool,
        Field(description="With a full run: remove all that the CRM no longer shows, after a run stopped to ask"),
    ] = False


class OptionShown(Shown):
    value: str
    label: str


class FieldShown(Shown):
    """`maps_to` is the field of ours it fills, if any. `required`: no record can be made without it. `multiple`:
    several of its options may be chosen. `length`: as many characters its text may have, where the CRM says so."""

    key: str
    label: str
    type: str
    options: list[OptionShown]
    maps_to: str | None
    custom: bool
    read_only: bool
    required: bool
    multiple: Annotated[bool, Field(validation_alias="is_multiple")]
    unique: bool
    length: int | None


class Schema(Shown):
    """Per CRM object."""

    objects: dict[str, list[FieldShown]]


@router.get("/v1/connections", summary="List connections", tags=TAGS)
def list_connections(ask: Ask) -> ConnectionList:
    return ConnectionList(items=[shown(each) for each in read_connections.list_connections(ask.deps, ask.caller)])


@router.post("/v1/connections", summary="Connect an account without a consent page", tags=TAGS, status_code=201)
def add(ask: Ask, given: TokenGiven) -> ConnectionShown:
    asked = {**given.given, "token": given.token} if given.token else given.given
    return shown(
        add_connection(ask.deps, ask.caller, given.platform, asked, auth=given.auth, display_name=given.display_name)
    )


@router.get("/v1/connections/<id>", summary="Read a connection", tags=TAGS)
def read(ask: Ask, id: str) -> ConnectionShown:
    return shown(read_connections.read_connection(ask.deps, ask.caller, id))


@router.patch("/v1/connections/<id>", summary="Change a connection's settings", tags=TAGS)
def edit(ask: Ask, id: str, change: ConnectionChange) -> ConnectionShown:
    return shown(edit_connection(ask.deps, ask.caller, id, change.model_dump(exclude_unset=True)))


@router.delete(
    "/v1/connections/<id>", summary="Disconnect an account and forget its records", tags=TAGS, status_code=204
)
def remove(ask: Ask, id: str) -> None:
    disconnect(ask.deps, ask.caller, id)


@router.post("/v1/connections/<id>/test", summary="Test a connection", tags=TAGS)
def test(ask: Ask, id: str) -> CheckShown:
    """Asks the CRM now; what it refuses is part of the answer."""
    return CheckShown.model_validate(check_connection(ask.deps, ask.caller, id))


@router.post("/v1/connections/<id>/address", summary="Make an address to deliver to", tags=TAGS, status_code=201)
def make_channel_address(ask: Ask, id: str) -> AddressShown:
    """For CRMs whose catalogue entry says that deliveries are set up by hand. The address before this one stays good,
    those before it do not."""
    return AddressShown.model_validate(make_address(ask.deps, ask.caller, id))


@router.post("/v1/connections/<id>/sync", summary="Sync now", tags=TAGS, status_code=202)
def sync(ask: Ask, id: str, wish: RunWish) -> Response[RunShown]:
    run = request_run(ask.deps, ask.caller, id, RunType(wish.type), confirm_removals=wish.confirm_removals)
    return Response(202, "application/json", RunShown.model_validate(run), {"location": f"/v1/runs/{run.id}"})


@router.get("/v1/connections/<id>/fields", summary="Read the CRM's fields", tags=TAGS)
def read_fields(ask: Ask, id: str, live: Live = False) -> Schema:
    return Schema.model_validate({"objects": read_schema(ask.deps, ask.caller, id, live=live)}, from_attributes=True)


def shown(connection: Connection) -> ConnectionShown:
    own = {name: getattr(connection, name) for name in ConnectionShown.model_fields if name != "settings"}
    settings = connection.settings
    times = {
        "frequency_minutes": settings.frequency // timedelta(minutes=1),
        "full_every_hours": settings.full_every // timedelta(hours=1),
    }
    named = {name: getattr(settings, name) for name in SettingsShown.model_fields if name not in times}
    return ConnectionShown.model_validate({**own, "settings": named | times}, from_attributes=True)
