"""Salesforce's error answers in our words: arrays at the top of an answer, objects inside composite ones."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.domain.budgets import Heard
from crmbridge.domain.errors import (
    Duplicate,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.salesforce.objects import NAME, long_id
from crmbridge.platforms.unpacking import answered

DAILY: Final = "daily"
DAILY_SECONDS: Final = 900.0
"""The limit is over a rolling day, so that some of it comes back all the time."""
LONG_SECONDS: Final = 20.0
LOCKED_SECONDS: Final = 2.0

_ID: Final = r"\b([0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?)\b"
_OTHER: Final = re.compile(rf"with id:? {_ID}")
_USAGE: Final = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})")
_HOPELESS: Final = ("not valid for use with the REST API", "not attached to Agent")
"""Said with 401, and no new token would help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error answer, its body read as far as it can be."""

    status: int
    headers: Mapping[str, str]
    errors: tuple[Mapping[str, Any], ...]
    sent_write: bool

    @property
    def code(self) -> str:
        """Errors of an item say `statusCode`, those of a request `errorCode`."""
        first = self.errors[0] if self.errors else {}
        return str(first.get("errorCode") or first.get("statusCode") or "")

    @property
    def message(self) -> str:
        told = [one["message"] for one in self.errors if isinstance(one.get("message"), str)]
        return "; ".join(" ".join(text.split()) for text in told)[:500]

    @property
    def request_id(self) -> str:
        names = ("X-SFDC-Request-Id", "X-Request-Id", "Sforce-Request-Id")
        return next((found for name in names if (found := str(self.headers.get(name) or ""))), "")

    @property
    def retry_after(self) -> float:
        said = self.headers.get("Retry-After") or ""
        return float(said) if said.isascii() and said.isdecimal() else 0.0

    def said(self, what: str) -> str:
        return f"Salesforce {what}" + (f": {self.message}" if self.message else "")


def explain(status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> PlatformError:
    """The error that an answer stands for. A 4xx with a code means that nothing was written; after a 5xx nobody
    knows."""
    answer = Answer(status, headers, _errors(body), sent_write)
    by_code = _BY_CODE.get(answer.code)
    if by_code is not None and status < 500:
        return by_code(answer)
    if status >= 500 or status == 420 or 300 < status < 400:
        return _unavailable(answer)
    return _BY_STATUS.get(status, _rejected)(answer)


def _errors(body: bytes) -> tuple[Mapping[str, Any], ...]:
    """A list of them, one alone, or one that holds a list."""
    found = answered(body)
    if isinstance(found, dict):
        nested = found.get("errors")
        found = nested if isinstance(nested, list) and nested else [found]
    return tuple(one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def _unavailable(answer: Answer) -> Unavailable:
    return Unavailable(
        answer.said(f"failed ({answer.status})"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        outcome_unknown=answer.sent_write and answer.status >= 400,
        retry_after=answer.retry_after,
    )


def _slow(answer: Answer) -> Unavailable:
    """A query that took too long; nothing was written."""
    return Unavailable(
        answer.said("did not answer in its own time"), platform=NAME, status=answer.status, request_id=answer.request_id
    )


def _limited(answer: Answer) -> Throttled:
    """One code for two limits: the calls of a day, and the long calls at one moment."""
    if "Concurrent" in answer.message:
        return _throttled(answer, "too many long requests at once", "concurrent", LONG_SECONDS)
    return _throttled(answer, "the org's API requests of the last 24 hours are used up", DAILY, DAILY_SECONDS)


def _locked(answer: Answer) -> Throttled:
    return _throttled(answer, "the record is locked by another change", "locks", LOCKED_SECONDS)


def _too_many(answer: Answer) -> Throttled:
    return _throttled(answer, "too many requests", DAILY, LONG_SECONDS)


def _throttled(answer: Answer, what: str, pool: str, seconds: float) -> Throttled:
    return Throttled(
        f"Salesforce: {what}",
        platform=NAME,
        retry_after=max(seconds, answer.retry_after),
        pool=pool,
        status=answer.status,
        request_id=answer.request_id,
    )


def _unauthorized(answer: Answer) -> PlatformError:
    kind = ReauthRequired if any(words in answer.message for words in _HOPELESS) else TokenExpired
    said = answer.said("did not accept the access token")
    return kind(said, platform=NAME, status=answer.status, request_id=answer.request_id)


def _gone(answer: Answer) -> RecordGone:
    return RecordGone(
        answer.said("does not show such a record"), platform=NAME, status=answer.status, request_id=answer.request_id
    )


def _rejected(answer: Answer) -> Rejected:
    return Rejected(
        answer.said("refused"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        code=answer.code,
        fields=_fields(answer),
    )


def _several(answer: Answer) -> Rejected:
    return Rejected(
        "Salesforce has several records with this key",
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        code="SEVERAL",
    )


def _duplicate(answer: Answer) -> Duplicate:
    """A unique field names the other record in its text; a duplicate rule lists what it matched."""
    found = _OTHER.search(answer.message)
    matched = next((id for one in answer.errors for id in _matched(one)), None)
    return Duplicate(
        answer.said("has this already"),
        platform=NAME,
        existing_id=long_id(found[1]) if found else matched,
        status=answer.status,
        request_id=answer.request_id,
    )


def _matched(error: Mapping[str, Any]) -> Iterator[str]:
    """Ids inside `duplicateResult` (which the API has also been seen to spell `duplicateResut`)."""
    result = error.get("duplicateResult") or error.get("duplicateResut")
    results = result.get("matchResults") if isinstance(result, dict) else None
    for one in results if isinstance(results, list) else ():
        records = one.get("matchRecords") if isinstance(one, dict) else None
        for match in records if isinstance(records, list) else ():
            record = match.get("record") if isinstance(match, dict) else None
            if isinstance(record, dict) and isinstance(record.get("Id"), str):
                yield long_id(record["Id"])


def _fields(answer: Answer) -> dict[str, str]:
    """Remote field -> why it was refused."""
    found = {}
    for one in answer.errors:
        names = one.get("fields")
        for name in names if isinstance(names, list) else ():
            found[str(name)] = str(one.get("message") or one.get("errorCode") or "")
    return found


_BY_CODE: Final[Mapping[str, Callable[[Answer], PlatformError]]] = {
    "REQUEST_LIMIT_EXCEEDED": _limited, "UNABLE_TO_LOCK_ROW": _locked, "QUERY_TIMEOUT": _slow,
    "DUPLICATE_VALUE": _duplicate, "DUPLICATES_DETECTED": _duplicate, "ENTITY_IS_DELETED": _gone, "NOT_FOUND": _gone,
    "INVALID_SESSION_ID": _unauthorized, "UNKNOWN_EXCEPTION": _unavailable, "SERVER_UNAVAILABLE": _unavailable,
}  # fmt: skip
_BY_STATUS: Final[Mapping[int, Callable[[Answer], PlatformError]]] = {
    300: _several, 401: _unauthorized, 404: _gone, 429: _too_many,
}  # fmt: skip


def hear_daily(headers: Mapping[str, str], status: int) -> Heard:
    """Every answer of the data API says how much of the day's requests is used. A limit is a 403 here, not a 429."""
    left_of = quota(headers).get(DAILY)
    if status == 429:
        return Heard(closed_seconds=LONG_SECONDS)
    return Heard(left=left_of[0], limit=left_of[1]) if left_of else Heard()


def quota(headers: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """(left, limit) of the day. More than the limit may be used for a while before Salesforce refuses."""
    found = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
    if not found:
        return {}
    used, limit = int(found[1]), int(found[2])
    return {DAILY: (max(0, limit - used), limit)}
