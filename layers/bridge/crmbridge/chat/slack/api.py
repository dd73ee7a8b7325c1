"""Slack's Web API (https://docs.slack.dev/apis/web-api): methods by name, its refusals as one error.

Arguments go as a form, which every method takes; what is no text goes as JSON inside it. A refusal is an answer with
status 200 and `ok` false; only the rate limit has a status of its own, 429 with `Retry-After`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from crmbridge.domain.errors import ChatError
from crmbridge.domain.records import Json

if TYPE_CHECKING:  # the door that only queues, and those who merely ring, do not pay for it
    import requests

API_URL: Final = "https://slack.com/api"
CONNECT_TIMEOUT: Final = 2.0
READ_TIMEOUT: Final = 8.0
LONGEST_WAIT: Final = 3600.0
PAUSES: Final = (0.5, 2.0)
"""Seconds before a second and a third try, unless Slack says how long; behind us waits whatever the same person does
in the same place."""
LONGEST_PAUSE: Final = 5.0
REPEATABLE: Final = frozenset(
    {
        "auth.test", "chat.update", "chat.unfurl", "conversations.info", "conversations.members", "users.info",
        "users.lookupByEmail", "views.publish", "views.update",
    }
)  # fmt: skip
"""Done twice they are as if done once. What a limit stopped was not done, whatever it is."""
PASSING: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "team_added_to_org"}
)
"""Said with status 200 like a refusal, and gone when asked again."""
ADVICE: Final[Mapping[str, str]] = {
    "missing_scope": "an admin installs the app again and grants what it asks for",
    "not_in_channel": "somebody in the channel adds the app: /invite @CRM Bridge",
    "channel_not_found": "for a private channel, somebody in it adds the app: /invite @CRM Bridge",
    "is_archived": "the channel is archived: bring it back, or give the smart group another one",
    "restricted_action": "a setting of the Slack workspace forbids it: a Slack admin lets apps do this",
    "cant_kick_self": "our own bot is never put out",
    "cant_kick_from_general": "nobody can be put out of the general channel: choose another one",
    "cant_kick_from_last_channel": "it is the only channel they have: add them to another one first",
    "cant_invite": "Slack does not let this person into the channel: a Slack admin does it by hand",
    "cant_invite_self": "our own bot is not invited: add it by hand",
    "user_is_restricted": "guests are invited by a Slack admin",
    "user_is_ultra_restricted": "guests of one channel are not invited to others",
    "ura_max_channels": "guests of one channel are not invited to others",
    "user_disabled": "this person's Slack account is switched off",
    "account_inactive": "the app was removed from Slack: an admin installs it again",
    "token_revoked": "the app was removed from Slack: an admin installs it again",
    "invalid_auth": "the app was removed from Slack: an admin installs it again",
    "not_authed": "an admin installs the app again",
    "expired_trigger_id": "press again: Slack gives us three seconds to open a window",
    "trigger_expired": "press again: Slack gives us three seconds to open a window",
}
"""What to do about a refusal, and who."""


class SlackRefused(ChatError):
    """Slack understood and said no; `code` is its word for why, `users` its words about single users.
    Asking again changes nothing by itself, but a person may: what must happen is a row that waits."""

    retryable = False

    def __init__(self, method: str, code: str, *, needed: str = "", users: Mapping[str, str] | None = None) -> None:
        more = f" ({needed})" if needed else ""
        advice = f": {ADVICE[code]}" if code in ADVICE else ""
        super().__init__(f"Slack refused {method} with {code}{more}{advice}")
        self.code = code
        self.users = dict(users or {})


@dataclass(frozen=True, slots=True, repr=False)
class SlackApi:
    """One team's API. Has no repr: it holds a token. `timeout` is (connect, read) in seconds."""

    session: "requests.Session"
    token: str
    url: str = API_URL
    timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT)
    sleep: Callable[[float], None] | None = None
    """Waits out short troubles; None where somebody waits for us."""

    def call(self, method: str, **arguments: Json) -> Mapping[str, Json]:
        """The answer, `ok` true. Raises SlackRefused, and ChatError when there is no telling or a limit is reached."""
        for pause in PAUSES:
            try:
                return self._asked(method, arguments)
            except ChatError as error:
                wait = error.retry_after or pause
                if not self.sleep or wait > LONGEST_PAUSE or not _may_repeat(method, error):
                    raise
                self.sleep(wait)
        return self._asked(method, arguments)

    def _asked(self, method: str, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self._post(f"{self.url}/{method}", _form(arguments), headers)
        if answer.status_code == 429:
            said = f"Slack's rate limit for {method} is reached"
            raise ChatError(said, status=429, retry_after=_seconds(answer.headers.get("retry-after", "")))
        if answer.status_code >= 300:
            raise ChatError(f"Slack answered {method} with {answer.status_code}", status=answer.status_code)
        return _understood(method, answer.content)

    def respond(self, response_url: str, message: Mapping[str, Json]) -> None:
        """Answer a command or a click at the address that came with it: five times within half an hour."""
        answer = self._post(response_url, orjson.dumps(message), {"content-type": "application/json"})
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            raise SlackRefused("an answer to a command", str(answer.status_code))
        if answer.status_code >= 300:
            raise ChatError(f"Slack took no answer to a command ({answer.status_code})", status=answer.status_code)

    def _post(self, url: str, body: Mapping[str, str] | bytes, headers: Mapping[str, str]) -> "requests.Response":
        from requests import RequestException

        try:
            return self.session.post(url, data=body, headers=dict(headers), timeout=self.timeout, allow_redirects=False)
        except (RequestException, UnicodeError) as error:
            raise ChatError(f"Slack did not answer ({type(error).__name__})") from None


def _may_repeat(method: str, error: ChatError) -> bool:
    """Who did not answer for seconds is not asked again at once."""
    return error.status == 429 or (error.status >= 500 and method in REPEATABLE)


def _form(arguments: Mapping[str, Json]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else orjson.dumps(value, default=dict).decode()
        for name, value in arguments.items()
        if value is not None
    }


def _understood(method: str, content: bytes) -> Mapping[str, Json]:
    try:
        said = orjson.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ChatError(f"Slack answered {method} with something else than JSON")
    if said.get("ok") is True:
        return said
    code = str(said.get("error") or "no reason")
    if code in PASSING:
        raise ChatError(f"Slack could not do {method} just now ({code})", status=503)
    errors = [one for one in said.get("errors") or () if isinstance(one, dict) and one.get("user")]
    users = {str(one["user"]): str(one.get("error")) for one in errors}
    raise SlackRefused(method, code, needed=str(said.get("needed") or ""), users=users)


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 30.0
