"""A whole house in memory: stores, queues, a clock that the test sets, ids that rise, and a CRM that is a function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.errors import ChatError
from crmbridge.domain.merging import UNSEEN, RecordWrite, Sighting, judge
from crmbridge.domain.records import Kind, Link, Record, RecordKey, State
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.ports import Deps
from requests.adapters import BaseAdapter

from tests.clock import BEGIN, Clock
from tests.memory_deps import memory_deps


@dataclass
class ChatApp:
    """The chat app behind the signed endpoint: what it was told, by which secrets, and whether it refuses."""

    heard: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    signed_by: list[Sequence[str]] = field(default_factory=list)
    refusal: ChatError | None = None

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Mapping[str, Any]) -> None:
        if self.refusal:
            raise self.refusal
        self.heard.append((id, event))
        self.signed_by.append(secrets)


@dataclass(frozen=True)
class Asked:
    """One request as the CRM saw it; `body` is JSON or a form."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]


@dataclass
class RemoteCrm(BaseAdapter):
    """Every host there is. `answer` is called with what was asked; what it raises, the network did."""

    answer: Callable[[Asked], Answer] = lambda asked: (404, {"message": f"nobody answers {asked.path}"})
    asked: list[Asked] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        asked = _asked(request)
        self.asked.append(asked)
        status, body, *headers = self.answer(asked)
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url or "", request
        response._content = b"" if body is None else orjson.dumps(body)
        response.headers.update(headers[0] if headers else {})
        return response

    def close(self) -> None:
        """Nothing is open."""

    def count(self, path: str) -> int:
        return sum(asked.path == path for asked in self.asked)


def _asked(request: requests.PreparedRequest) -> Asked:
    url, body = urlsplit(request.url or ""), request.body or ""
    text = body.decode() if isinstance(body, bytes) else str(body)
    is_form = "form" in request.headers.get("Content-Type", "")
    read = {name: values[0] for name, values in parse_qs(text).items()} if is_form else text and orjson.loads(text)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Asked(request.method or "", url.path, query, read, dict(request.headers))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat() -> ChatApp:
    return ChatApp()


@pytest.fixture
def remote() -> RemoteCrm:
    return RemoteCrm()


@pytest.fixture
def make_deps(clock: Clock, chat: ChatApp, remote: RemoteCrm) -> Callable[..., Deps]:
    """Give any part of Deps by name to have it instead of the one in memory."""

    def make(**parts: Any) -> Deps:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", remote)
        session.mount("http://", remote)
        known = {
            "apps": {"hubspot": AppCredentials("client", "secret", app_id="990012")}, "chat": chat, "http": session,
            "return_urls": ("https://chat.test/",),
        }  # fmt: skip
        return memory_deps(clock, clock.sleep, **{**known, **parts})

    return make


@pytest.fixture
def deps(make_deps: Callable[..., Deps]) -> Deps:
    return make_deps()


@pytest.fixture
def admin() -> Caller:
    return Caller("w1", "u1", "admin", "ada@example.test")


@pytest.fixture
def member() -> Caller:
    return Caller("w1", "u2", "member", "max@example.test")


@pytest.fixture
def make_connection(deps: Deps) -> Callable[..., Connection]:
    """A stored connection of workspace w1 to account 48; give any field by name to have it differ."""

    def make(**fields: Any) -> Connection:
        known = {
            "id": "c1", "workspace": "w1", "platform": "hubspot", "account": "48", "display_name": "Acme",
            "auth": "oauth", "base_url": "https://api.hubapi.com", "created_at": BEGIN, "created_by": "u1",
        }  # fmt: skip
        connection = Connection(**{**known, **fields})
        deps.connections.add(connection)
        return connection

    return make


def as_link(target: str, one: str | Link) -> Link:
    return one if isinstance(one, Link) else Link(target, one)


@pytest.fixture
def put_record(deps: Deps, clock: Clock) -> Callable[..., RecordKey]:
    """Store a record of connection c1 in our own words; links per target object (ids, or links) are those it owns."""

    def put(
        object: str,
        id: str,
        kind: Kind,
        *,
        links: Any = None,
        state: State = State.LIVE,
        successor_id: str | None = None,
        custom: Any = None,
        remote_created_at: datetime | None = None,
        **fields: Any,
    ) -> RecordKey:
        clock.advance(1)
        key = RecordKey("w1", "c1", object, id)
        owned = {
            target: tuple(one if isinstance(one, Link) else Link(target, one) for one in ids)
            for target, ids in (links or {}).items()
        }
        print_ = repr((sorted(fields.items()), custom))
        seen = Sighting(object=object, external_id=id, kind=kind, fingerprint=print_, state=state, links=owned)
        head = deps.records.heads([key]).get(key, UNSEEN)
        verdict = judge(head, seen, clock())
        record = Record(platform="hubspot", object=object, external_id=id, kind=kind, fields=fields,
                        custom_fields=custom or {}, remote_created_at=remote_created_at)  # fmt: skip
        write = RecordWrite(
            key=key, kind=kind, state=state, successor_id=successor_id, cause=Cause(Origin.BACKFILL), verdict=verdict,
            core=record if state is State.LIVE else None, links=owned, email=str(fields.get("email") or ""),
            emails=[each.value for each in fields.get("emails") or ()],
            name=str(fields.get("name") or ""),
        )  # fmt: skip
        assert not verdict.parts or not deps.records.write([write])
        return key

    return put
