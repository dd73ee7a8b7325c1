"""What else an admin sets up in the API: people, API keys, and where the chat app listens."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crmbridge.domain.records import Kind
from crmbridge.domain.workspaces import ApiKey, Endpoint
from crmbridge.entry.http import Ask, Asked, new_router
from crmbridge.entry.models import MAX_ID, Cursor, Given, Limit, Page, Shown
from crmbridge.services import manage_endpoint, manage_keys, manage_people, manage_workspace, resend_events

router = new_router()
TAGS = ["Workspace"]

Role = Literal["admin", "member"]
ByName = Annotated[Kind, Field(strict=False)]
RECORD_CHANGES = "Kinds of records of whose changes the chat app hears as `record.changed`; none unless it asks"


class UsualGiven(Given):
    """What a new smart group takes that names none; null: what its CRM accounts have. Groups that there are keep
    theirs."""

    currency: Annotated[str | None, Field(description='Of amounts: three letters such as "EUR"', max_length=3)] = None
    time_zone: Annotated[str | None, Field(description='Where "today" is: an IANA name', max_length=100)] = None


class UsualShown(Shown):
    currency: str | None
    time_zone: str | None


class People(Shown):
    """E-mail address -> chat user."""

    people: dict[str, str]


class PeopleGiven(Given):
    """E-mail address -> chat user; null forgets one, whoever is not named stays as they are."""

    people: Annotated[dict[str, str | None], Field(max_length=1000)]


class Mapped(Shown):
    mapped: int


class KeyGiven(Given):
    """The key speaks for `user`; without one, for you."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role = "member"
    user: Annotated[str, Field(max_length=MAX_ID)] = ""


class KeyShown(Shown):
    id: str
    name: str
    role: Role
    user: str
    created_at: datetime


class NewKeyShown(KeyShown):
    """`key` is what to send as a bearer; it is shown this once."""

    key: str


class KeyList(Shown):
    items: list[KeyShown]


class EndpointGiven(Given):
    """`enabled` false: events wait, for a day."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    enabled: bool = True
    record_changes: Annotated[list[ByName], Field(max_length=len(Kind), description=RECORD_CHANGES)] = Field(
        default_factory=list
    )


class EndpointShown(Shown):
    """`secret` signs what we send there (Standard Webhooks); null url: none was set."""

    url: str | None
    enabled: bool
    record_changes: list[Kind]
    secret: str


class GraceGiven(Given):
    """So long both secrets sign; 0 for a secret that leaked."""

    grace_hours: Annotated[int, Field(ge=0, le=manage_endpoint.LONGEST_GRACE_HOURS)] = 24


class SecretShown(Shown):
    secret: str


class TrialShown(Shown):
    """`error` says why the event was not delivered."""

    delivered: bool
    error: str


class EventShown(Shown):
    """`event` is what the chat app was to get; `error` is why the last try failed."""

    id: str
    event: dict[str, Any]
    since: datetime
    attempts: int
    error: str


class EventPage(Page[EventShown]):
    pass


class Resent(Shown):
    resent: int


@router.get("/v1/workspace", summary="Read what new smart groups take", tags=TAGS)
def read_usual(ask: Ask) -> UsualShown:
    return UsualShown.model_validate(manage_workspace.read_usual(ask.deps, ask.caller))


@router.put("/v1/workspace", summary="Say what new smart groups take", tags=TAGS)
def set_usual(ask: Ask, given: UsualGiven) -> UsualShown:
    usual = manage_workspace.set_usual(ask.deps, ask.caller, currency=given.currency, time_zone=given.time_zone)
    return UsualShown.model_validate(usual)


@router.get("/v1/people", summary="Read who is who", tags=TAGS)
def list_people(ask: Ask) -> People:
    return People(people=dict(manage_people.list_people(ask.deps, ask.caller)))


@router.put("/v1/people", summary="Say who is who", tags=TAGS)
def map_people(ask: Ask, given: PeopleGiven) -> Mapped:
    return Mapped(mapped=manage_people.map_people(ask.deps, ask.caller, given.people))


@router.get("/v1/keys", summary="List API keys", tags=TAGS)
def list_keys(ask: Ask) -> KeyList:
    return KeyList(items=[KeyShown.model_validate(key) for key in manage_keys.list_keys(ask.deps, ask.caller)])


@router.post("/v1/keys", summary="Make an API key", tags=TAGS, status_code=201)
def create_key(ask: Ask, given: KeyGiven) -> NewKeyShown:
    made = manage_keys.create_key(ask.deps, ask.caller, name=given.name, role=given.role, user=given.user)
    return NewKeyShown.model_validate({**_named(made.key), "key": made.text})


@router.delete("/v1/keys/<id>", summary="Delete an API key; it ends within a minute", tags=TAGS, status_code=204)
def delete_key(ask: Ask, id: str) -> None:
    manage_keys.delete_key(ask.deps, ask.caller, id)


@router.get("/v1/chat-endpoint", summary="Read where the chat app listens", tags=TAGS)
def read_endpoint(ask: Ask) -> EndpointShown:
    return _endpoint(ask, manage_endpoint.read_endpoint(ask.deps, ask.caller))


@router.put("/v1/chat-endpoint", summary="Say where the chat app listens", tags=TAGS)
def set_endpoint(ask: Ask, given: EndpointGiven) -> EndpointShown:
    endpoint = manage_endpoint.set_endpoint(
        ask.deps, ask.caller, url=given.url, enabled=given.enabled, record_changes=given.record_changes
    )
    return _endpoint(ask, endpoint)


@router.post("/v1/chat-endpoint/secret", summary="Rotate the secret that signs events", tags=TAGS)
def rotate_secret(ask: Ask, given: GraceGiven) -> SecretShown:
    """Until the grace is over, every event carries the signatures of both secrets."""
    made = manage_endpoint.rotate_signing_secret(ask.deps, ask.caller, grace_hours=given.grace_hours)
    return SecretShown(secret=made)


@router.post("/v1/chat-endpoint/test", summary="Send the chat app a test event", tags=TAGS)
def send_test(ask: Ask) -> TrialShown:
    error = manage_endpoint.try_endpoint(ask.deps, ask.caller)
    return TrialShown(delivered=not error, error=error)


@router.get("/v1/chat-endpoint/failed", summary="List events that the chat app never took", tags=TAGS)
def list_failed(ask: Ask, limit: Limit = 20, cursor: Cursor = None) -> EventPage:
    """An event is tried for a day, then listed here for 30 days."""
    page = resend_events.list_failed_events(ask.deps, ask.caller, limit=limit, cursor=cursor)
    return EventPage(items=[EventShown.model_validate(event) for event in page.items], cursor=page.cursor)


@router.post("/v1/chat-endpoint/failed/<id>/resend", summary="Send a failed event again", tags=TAGS, status_code=202)
def resend_one(ask: Ask, id: str) -> Resent:
    resend_events.resend_event(ask.deps, ask.caller, id)
    return Resent(resent=1)


@router.post("/v1/chat-endpoint/failed/resend", summary="Send failed events again", tags=TAGS, status_code=202)
def resend_all(ask: Ask) -> Resent:
    """Up to 100 of them; ask again until none are left."""
    return Resent(resent=resend_events.resend_events(ask.deps, ask.caller))


def _named(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyShown.model_fields}


def _endpoint(ask: Asked, endpoint: Endpoint | None) -> EndpointShown:
    secret = manage_endpoint.read_signing_secret(ask.deps, ask.caller)
    if endpoint is None:
        return EndpointShown(url=None, enabled=False, record_changes=[], secret=secret)
    kinds = list(endpoint.record_changes)
    return EndpointShown(url=endpoint.url, enabled=endpoint.enabled, record_changes=kinds, secret=secret)
