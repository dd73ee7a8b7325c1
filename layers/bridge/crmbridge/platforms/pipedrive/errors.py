"""Pipedrive's error answers in our words: `success` is false, and what more is told differs from door to door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.domain.budgets import Heard
from crmbridge.domain.errors import (
    MissingScope,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.pipedrive.objects import NAME
from crmbridge.platforms.unpacking import answered_object

BURST_SECONDS: Final = 2.0
DAILY_SECONDS: Final = 3600.0
"""The day ends at midnight of a time zone that nobody names: it is asked again every hour."""
BLOCKED_SECONDS: Final = 600.0
"""Who goes on asking after 429 meets a firewall, which answers 403 with a page of HTML."""
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An error answer, its body read as far as it can be."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    sent_write: bool

    @property
    def code(self) -> str:
        """`errorCode` often repeats the status, and says nothing then."""
        told = self.body.get("code") or self.body.get("errorCode") or ""
        return "" if told == self.status else str(told)[:LONGEST]

    @property
    def message(self) -> str:
        told = [self.body.get("error"), *_texts(self.body.get("errors"))]
        return "; ".join(text for text in told if isinstance(text, str))[:LONGEST]

    @property
    def request_id(self) -> str:
        return str(self.headers.get("x-correlation-id") or self.headers.get("x-request-id") or "")

    def said(self, what: str) -> str:
        return f"Pipedrive {what}" + (f": {self.message}" if self.message else "")


def explain(status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> PlatformError:
    """The error that an answer stands for. A 4xx means that nothing was written; after a 5xx nobody knows."""
    answer = Answer(status, headers, answered_object(body), sent_write)
    if status == 501:
        return _rejected(answer)
    if status >= 500 or status < 400:
        return _unavailable(answer)
    return _EXPLAIN.get(status, _rejected)(answer)


def _texts(errors: Any) -> list[str]:
    """`{"subscription_url": ["invalid"]}`, as webhooks have it."""
    return [f"{name}: {why}" for name, why in _fields(errors).items()]


def _fields(errors: Any) -> dict[str, str]:
    if not isinstance(errors, dict):
        return {}
    return {str(name): ", ".join(map(str, why)) if isinstance(why, list) else str(why) for name, why in errors.items()}


def _unavailable(answer: Answer) -> Unavailable:
    return Unavailable(
        answer.said(f"failed ({answer.status})"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        outcome_unknown=answer.sent_write and answer.status >= 500,
    )


def _unauthorized(answer: Answer) -> TokenExpired:
    message = answer.said("did not accept the token")
    return TokenExpired(message, platform=NAME, status=401, request_id=answer.request_id)


def _unpaid(answer: Answer) -> ReauthRequired:
    message = answer.said("has closed this account, or it is not paid for")
    return ReauthRequired(message, platform=NAME, status=402, request_id=answer.request_id)


def _forbidden(answer: Answer) -> PlatformError:
    if _is_html(answer.headers):
        message = "Pipedrive blocks us for a while: too many requests after its limit was used up"
        return _wait(answer, message, BLOCKED_SECONDS, "burst")
    if "scope" in answer.message.lower():
        message = answer.said("needs a scope that was not granted")
        return MissingScope(message, platform=NAME, request_id=answer.request_id)
    message = answer.said("does not let this user or plan do that")
    return Rejected(message, platform=NAME, status=403, request_id=answer.request_id, code=answer.code or "FORBIDDEN")


def _is_html(headers: Mapping[str, str]) -> bool:
    return "html" in (headers.get("Content-Type") or headers.get("content-type") or "").lower()


def _gone(answer: Answer) -> RecordGone:
    message = answer.said("does not show such a record")
    return RecordGone(message, platform=NAME, status=answer.status, request_id=answer.request_id)


def _throttled(answer: Answer) -> Throttled:
    if is_day_over(answer.headers):
        return _wait(answer, "Pipedrive's tokens of the day are used up, for the whole company", DAILY_SECONDS, "daily")
    reset = _number(answer.headers, "x-ratelimit-reset") or 0
    return _wait(answer, "Pipedrive's limit is used up (burst)", max(BURST_SECONDS, float(reset)), "burst")


def _wait(answer: Answer, message: str, seconds: float, pool: str) -> Throttled:
    return Throttled(
        message,
        platform=NAME,
        retry_after=seconds,
        pool=pool,
        status=answer.status,
        request_id=answer.request_id,
    )


def _rejected(answer: Answer) -> Rejected:
    return Rejected(
        answer.said("refused"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        code=answer.code,
        fields=_fields(answer.body.get("errors")),
    )


_EXPLAIN: Final[Mapping[int, Callable[[Answer], PlatformError]]] = {
    401: _unauthorized, 402: _unpaid, 403: _forbidden, 404: _gone, 410: _gone, 429: _throttled,
}  # fmt: skip


def is_day_over(headers: Mapping[str, str]) -> bool:
    """Of a 429: the company's tokens are used up, or the burst has room and we are refused all the same."""
    if (left := _number(headers, "x-daily-ratelimit-token-remaining")) is not None:
        return left == 0
    return (_number(headers, "x-ratelimit-remaining") or 0) > 0


def hear_burst(headers: Mapping[str, str], status: int) -> Heard:
    """Every answer says what is left of the two seconds, and what this plan's and token's limit is."""
    left, limit = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-limit")
    if status == 429 and not is_day_over(headers):
        return Heard(left=0, limit=limit, closed_seconds=BURST_SECONDS)
    return Heard(left=left, limit=limit)


def hear_search(headers: Mapping[str, str], status: int) -> Heard:
    """Searches are ten in two seconds on every plan, and their answers' headers speak of the burst."""
    return Heard(left=0, closed_seconds=BURST_SECONDS) if status == 429 and not is_day_over(headers) else Heard()


def hear_daily(headers: Mapping[str, str], status: int) -> Heard:
    """Not documented, and not always there: then only what we counted ourselves is known. Users of other apps and
    other connections of the company spend from the same."""
    left = _number(headers, "x-daily-ratelimit-token-remaining")
    limit = _number(headers, "x-daily-ratelimit-token-limit")
    if status == 429 and is_day_over(headers):
        return Heard(left=0, limit=limit, closed_seconds=DAILY_SECONDS)
    return Heard(left=left, limit=limit)


def quota(headers: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """(left, limit) per pool that an answer tells of."""
    names = {"burst": "x-ratelimit", "daily": "x-daily-ratelimit-token"}
    pairs = {
        pool: (_number(headers, f"{name}-remaining"), _number(headers, f"{name}-limit")) for pool, name in names.items()
    }
    return {pool: (left, limit) for pool, (left, limit) in pairs.items() if left is not None and limit is not None}


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
