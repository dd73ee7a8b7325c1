"""The one way to a CRM's API: a pooled session, timeouts always, the shared budget, and its errors in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Final, Protocol

import orjson

from crmbridge.domain.errors import ReauthRequired, Throttled, TokenExpired, Unavailable
from crmbridge.domain.records import Json

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
DECLINED: Final = frozenset({503, 521, 523})
"""What says that nobody took the request on: unable to handle it now, down for maintenance (RFC 9110, and HubSpot's and
Pipedrive's own lists), or out of reach of the gateway before it. Any other 5xx may come from halfway through."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A CRM's answer that is not an error. `json` is None for an empty body, and for one that was asked for `raw`."""

    status: int
    headers: Mapping[str, str]
    json: Json
    body: bytes = b""


class Gate(Protocol):
    """The shared budget, seen from a caller: wait for, or be refused, one call of a pool; hear what headers say."""

    def enter(self, pool: str, cost: int = 1) -> None: ...

    def left(self) -> None:
        """The request that entered is over."""

    def refused(self, pool: str, seconds: float) -> None:
        """The CRM said in its own words that this limit is used up."""

    def heard(self, pool: str, headers: Mapping[str, str], status: int) -> None: ...


class Tokens(Protocol):
    """Where the bearer token comes from; `refused` is the token the CRM would not take."""

    def current(self, refused: str | None = None) -> str: ...


class Explain(Protocol):
    """A platform's error shapes into the one tree. `sent_write`: where the CRM failed, the outcome is unknown."""

    def __call__(self, status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> Exception: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `cost` is what it takes of limits that weigh calls. `writes`: it changes something, so a failure
    after sending leaves the outcome unknown."""

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Json = None
    pool: str = "burst"
    cost: int = 1
    writes: bool = False
    timeout: float = READ_TIMEOUT
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False
    """The answer is no JSON (CSV, an archive): its bytes are wanted."""
    accepts: tuple[int, ...] = ()
    """Statuses from 300 on that are answers, not errors (304: nothing newer)."""


@dataclass(slots=True)
class Api:
    """One connection's door to its CRM, for one lane of the budget. `calls` counts requests that left us."""

    platform: str
    base_url: str
    tokens: Tokens
    gate: Gate
    explain: Explain
    session: requests.Session
    authorization: Callable[[str], Mapping[str, str]] = lambda token: {"Authorization": f"Bearer {token}"}
    calls: int = field(default=0)

    def get(self, path: str, params: Mapping[str, str] | None = None, *, pool: str = "burst", cost: int = 1) -> Json:
        return self.call(Call(method="GET", path=path, params=params, pool=pool, cost=cost)).json

    def post(self, path: str, body: Json, params: Mapping[str, str] | None = None, *, pool: str = "burst") -> Json:
        """A POST that only reads (search, batch read)."""
        return self.call(Call(method="POST", path=path, params=params, body=body, pool=pool)).json

    def write(self, method: str, path: str, body: Json, *, timeout: float = READ_TIMEOUT, cost: int = 1) -> Answer:
        return self.call(Call(method=method, path=path, body=body, writes=True, timeout=timeout, cost=cost))

    def call(self, call: Call) -> Answer:
        """Send it; a token that has just expired is replaced once (a 401 means that nothing happened)."""
        token = self.tokens.current()
        try:
            return self._send(call, token)
        except TokenExpired:
            token = self.tokens.current(refused=token)
        try:
            return self._send(call, token)
        except TokenExpired as error:
            reason = f"{error}; so was the token that replaced it"
            raise ReauthRequired(
                reason, platform=self.platform, status=error.status, request_id=error.request_id
            ) from None

    def _send(self, call: Call, token: str) -> Answer:
        import requests  # every platform imports this file; the door for webhooks asks no CRM and does not pay for it

        self.gate.enter(call.pool, call.cost)
        self.calls += 1
        try:
            answer = self._request(call, token)
        except requests.RequestException as error:
            raise self._unanswered(error, outcome_unknown=call.writes and not never_left(error)) from None
        finally:
            self.gate.left()
        self.gate.heard(call.pool, answer.headers, answer.status_code)
        if answer.status_code >= 300 and answer.status_code not in call.accepts:
            raise self._explained(call, answer)
        return self._read(call, answer)

    def _explained(self, call: Call, answer: requests.Response) -> Exception:
        """A limit that does not come as a 429, or that only the body names, closes its pool, too."""
        error = self.explain(answer.status_code, answer.headers, answer.content, sent_write=call.writes)
        if isinstance(error, Throttled) and (answer.status_code != 429 or error.pool not in ("", call.pool)):
            self.gate.refused(error.pool or call.pool, error.retry_after)
        if isinstance(error, Unavailable):
            error.declined = error.outcome_unknown and answer.status_code in DECLINED
        return error

    def _request(self, call: Call, token: str) -> requests.Response:
        """Straight to the session's adapter: what a session adds (cookies, redirects, defaults to merge) no CRM wants,
        and it costs as much again as the call."""
        import requests

        headers = {
            "Accept": "application/json", "Accept-Encoding": "gzip", **call.headers, **self.authorization(token)
        }  # fmt: skip
        data = None
        if call.body is not None:
            data = orjson.dumps(call.body)
            headers["Content-Type"] = "application/json"
        url = self.base_url + call.path
        asked = requests.Request(call.method, url, headers, params=call.params, data=data).prepare()
        answer = self.session.get_adapter(url).send(asked, timeout=(CONNECT_TIMEOUT, call.timeout))
        answer.content  # noqa: B018 - it is read here, so that what goes wrong then is a failure of this request
        return answer

    def _read(self, call: Call, answer: requests.Response) -> Answer:
        if call.raw:
            return Answer(answer.status_code, answer.headers, None, answer.content)
        if not answer.content and (call.writes or answer.status_code in (204, *call.accepts)):
            return Answer(answer.status_code, answer.headers, None)
        try:
            return Answer(answer.status_code, answer.headers, orjson.loads(answer.content))
        except orjson.JSONDecodeError:
            raise Unavailable(
                f"{self.platform} answered {answer.status_code} with a body that is not JSON",
                platform=self.platform,
                status=answer.status_code,
                outcome_unknown=call.writes,
            ) from None

    def _unanswered(self, error: Exception, *, outcome_unknown: bool) -> Unavailable:
        reason = f"{self.platform} did not answer ({type(error).__name__})"
        return Unavailable(reason, platform=self.platform, outcome_unknown=outcome_unknown)


def never_left(error: requests.RequestException) -> bool:
    """No byte of the request has left us: the name was unknown, nobody took the connection or only a stranger did. A
    reset or a timeout after that may hide anything."""
    import requests
    from urllib3.exceptions import NewConnectionError, ProxyError

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    told = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return isinstance(error, requests.ConnectTimeout) or any(
        isinstance(each, NewConnectionError | ProxyError | SSLCertVerificationError) for each in (reason, told)
    )
