"""Events to a chat app's own endpoint, signed as Standard Webhooks say (https://www.standardwebhooks.com)."""

from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson
import requests
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from crmbridge.domain.errors import ChatError, Invalid, Misconfigured
from crmbridge.domain.records import Json
from crmbridge.domain.workspaces import Endpoint, check_url

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 10.0
LONGEST_WAIT: Final = 3600.0


class SignedEvents:
    """The door to chat apps. The same id goes with every try of one event, so that a receiver can tell."""

    def __init__(self, session: requests.Session, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Mapping[str, Json]) -> None:
        """Raises ChatError unless the chat app answered 2xx; a redirect is an answer like any other."""
        try:
            check_url(endpoint.url)
        except Invalid as refused:
            raise ChatError(f"the chat app's endpoint is not usable: {refused}") from None
        body = orjson.dumps(event)
        answer = self._send(endpoint.url, body, sign(secrets, id, self._now(), body))
        if not 200 <= answer.status_code < 300:
            raise ChatError(_said(answer), status=answer.status_code, retry_after=_retry_after(answer))

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        try:
            with self._session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                stream=True,  # the answer's body is of no interest, whatever its size
            ) as answer:
                return answer
        except (requests.RequestException, UnicodeError) as error:
            raise ChatError(f"the chat app's endpoint did not answer ({type(error).__name__})") from None


def sign(secrets: Sequence[str], id: str, moment: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of one signed event; a receiver needs to know one of the secrets only. Raises Misconfigured for a
    secret that is not `whsec_` and base64."""
    try:
        signatures = [Webhook(secret).sign(id, moment.astimezone(UTC), body.decode()) for secret in secrets]
    except (EmptyWebhookSecretError, NotBase64, RuntimeError):
        raise Misconfigured("the workspace's chat secret must be whsec_ and base64") from None
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _said(answer: requests.Response) -> str:
    if 300 <= answer.status_code < 400:
        return f"the chat app's endpoint answered {answer.status_code}; redirects are not followed, set the final URL"
    return f"the chat app's endpoint answered {answer.status_code}"


def _retry_after(answer: requests.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0
