"""What else an admin sets up in the API: people, API keys, and where the chat app listens."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crmbridge.domain.workspaces import ApiKey, Endpoint
from crmbridge.entry.http import Ask, Asked, new_router
from crmbridge.entry.models import MAX_ID, Given, Shown
from crmbridge.services import manage_endpoint, manage_keys, manage_people

router = new_router()
TAGS = ["Workspace"]

Role = Literal["admin", "member"]


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


class EndpointShown(Shown):
    """`secret` signs what we send there (Standard Webhooks); null url: none was set."""

    url: str | None
    enabled: bool
    secret: str


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
    endpoint = manage_endpoint.set_endpoint(ask.deps, ask.caller, url=given.url, enabled=given.enabled)
    return _endpoint(ask, endpoint)


def _named(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyShown.model_fields}


def _endpoint(ask: Asked, endpoint: Endpoint | None) -> EndpointShown:
    secret = manage_endpoint.read_signing_secret(ask.deps, ask.caller)
    url, enabled = (endpoint.url, endpoint.enabled) if endpoint else (None, False)
    return EndpointShown(url=url, enabled=enabled, secret=secret)
