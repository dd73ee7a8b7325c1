"""HubSpot's error answers in our words. All fields of its error body are optional, and shapes vary per API."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.domain.budgets import Heard
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    PlatformError,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.hubspot.objects import NAME
from crmbridge.platforms.unpacking import answered_object

WAITS: Final[Mapping[str, float]] = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0, "DAILY": 3600.0}
"""Seconds per exhausted limit, where no `Retry-After` says. The daily one is reset at midnight in the account's zone,
which the answer does not name: it is asked again every hour."""
POOLS: Final[Mapping[str, str]] = {"TEN_SECONDLY_ROLLING": "burst", "SECONDLY": "search", "DAILY": "daily"}
LOCKED_SECONDS: Final = 2.0
MIGRATION: Final = 477
MIGRATION_SECONDS: Final = 3600.0

_EXISTING: Final = re.compile(r"Existing ID: ?(\d+)|\b(\d+) already has that value")
_DUPLICATE_CODES: Final = frozenset({"CONFLICTING_UNIQUE_VALUE", "CONFLICT", "OBJECT_ALREADY_EXISTS"})
_DUPLICATE_WORDS: Final = ("already exists", "already has that value")


@dataclass(frozen=True, slots=True)
class Answer:
    """An error answer, its body read as far as it can be."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    sent_write: bool

    @property
    def message(self) -> str:
        message = self.body.get("message")
        return message[:500] if isinstance(message, str) else ""

    @property
    def category(self) -> str:
        return str(self.body.get("category") or self.body.get("errorType") or "")

    @property
    def request_id(self) -> str:
        found = self.body.get("correlationId") or self.headers.get("x-hubspot-correlation-id")
        return str(found or self.headers.get("x-request-id") or "")

    @property
    def retry_after(self) -> float | None:
        said = self.headers.get("Retry-After") or self.headers.get("retry-after") or ""
        return float(said) if said.isascii() and said.isdecimal() else None

    def details(self) -> Iterator[Mapping[str, Any]]:
        errors = self.body.get("errors")
        yield from (error for error in errors if isinstance(error, dict)) if isinstance(errors, list) else ()

    def contexts(self, key: str) -> list[str]:
        """Values of one key of `context`, which sits at the top, in each of `errors`, or in both."""
        found = []
        for place in (self.body, *self.details()):
            context = place.get("context")
            values = context.get(key) if isinstance(context, dict) else None
            found += [str(value) for value in values] if isinstance(values, list) else []
        return found

    def said(self, what: str) -> str:
        return f"HubSpot {what}" + (f": {self.message}" if self.message else "")


def explain(status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> PlatformError:
    """The error that an answer stands for. A 4xx means that nothing was written; after a 5xx nobody knows."""
    answer = Answer(status, headers, answered_object(body), sent_write)
    if status >= 500 or status < 400:
        return _unavailable(answer)
    return _EXPLAIN.get(status, _rejected)(answer)


def _unavailable(answer: Answer) -> Unavailable:
    return Unavailable(
        answer.said(f"failed ({answer.status})"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        outcome_unknown=answer.sent_write and answer.status >= 500,
        retry_after=answer.retry_after or 0.0,
    )


def _migrating(answer: Answer) -> Unavailable:
    return Unavailable(
        "HubSpot is moving this account to another data centre",
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        retry_after=answer.retry_after or MIGRATION_SECONDS,
    )


def _throttled(answer: Answer) -> Throttled:
    policy = str(answer.body.get("policyName") or "TEN_SECONDLY_ROLLING").upper()
    return Throttled(
        f"HubSpot's limit is used up ({policy.lower()})",
        platform=NAME,
        retry_after=answer.retry_after or WAITS.get(policy, WAITS["TEN_SECONDLY_ROLLING"]),
        pool=POOLS.get(policy, "burst"),
        request_id=answer.request_id,
    )


def _locked(answer: Answer) -> Throttled:
    return Throttled(
        "HubSpot has locked the record for a moment: too many writes at once",
        platform=NAME,
        retry_after=max(LOCKED_SECONDS, answer.retry_after or 0.0),
        pool="locks",
        status=answer.status,
        request_id=answer.request_id,
    )


def _unauthorized(answer: Answer) -> TokenExpired:
    return TokenExpired(
        answer.said("did not accept the access token"), platform=NAME, status=401, request_id=answer.request_id
    )


def _forbidden(answer: Answer) -> PlatformError:
    scopes = list(dict.fromkeys(answer.contexts("requiredGranularScopes") + answer.contexts("requiredScopes")))
    if answer.category == "MISSING_SCOPES" or scopes:
        message = f"HubSpot needs a scope that was not granted: {', '.join(scopes) or 'it does not say which'}"
        return MissingScope(message, platform=NAME, scopes=scopes, request_id=answer.request_id)
    message = answer.said("does not let this account or user do that (its plan, or a suspended app)")
    return Rejected(message, platform=NAME, status=403, request_id=answer.request_id, code="FORBIDDEN")


def _gone(answer: Answer) -> RecordGone:
    return RecordGone(
        answer.said("does not show such a record"), platform=NAME, status=404, request_id=answer.request_id
    )


def _rejected(answer: Answer) -> Rejected:
    """Also the duplicates that come as 400, and what no row of the table names."""
    codes = {str(detail.get("code")) for detail in answer.details()} | {answer.category}
    if not _DUPLICATE_CODES.isdisjoint(codes) or any(words in answer.message for words in _DUPLICATE_WORDS):
        return _duplicate(answer)
    return Rejected(
        answer.said("refused"),
        platform=NAME,
        status=answer.status,
        request_id=answer.request_id,
        code=next(iter(sorted(codes - {"None", "", "VALIDATION_ERROR"})), answer.category),
        fields=_fields(answer),
    )


def _duplicate(answer: Answer) -> Duplicate:
    found = _EXISTING.search(" ".join([answer.message, *(str(one.get("message")) for one in answer.details())]))
    existing = next(iter(answer.contexts("existingId")), None) or (found and (found[1] or found[2]))
    return Duplicate(
        answer.said("has this already"),
        platform=NAME,
        existing_id=existing or None,
        status=answer.status,
        request_id=answer.request_id,
    )


def _fields(answer: Answer) -> dict[str, str]:
    """Remote property -> why it was refused."""
    found = {}
    for detail in answer.details():
        context = detail.get("context")
        names = context.get("propertyName") if isinstance(context, dict) else None
        for name in names if isinstance(names, list) else ():
            found[str(name)] = str(detail.get("message") or detail.get("code") or "")
    return found


_EXPLAIN: Final[Mapping[int, Callable[[Answer], PlatformError]]] = {
    401: _unauthorized, 403: _forbidden, 404: _gone, 409: _duplicate, 423: _locked, 429: _throttled,
    MIGRATION: _migrating,
}  # fmt: skip


def hear_burst(headers: Mapping[str, str], status: int) -> Heard:
    """Every answer but a search's says what is left of the ten seconds."""
    left, limit = _number(headers, "Remaining"), _number(headers, "Max")
    if status == 429 and _number(headers, "Daily-Remaining") != 0:
        return Heard(left=0, limit=limit, closed_seconds=WAITS["TEN_SECONDLY_ROLLING"])
    return Heard(left=left, limit=limit)


def hear_daily(headers: Mapping[str, str], status: int) -> Heard:
    """What a private app's answers say is left of the day; where they say nothing, the body of the refusal does."""
    left, limit = _number(headers, "Daily-Remaining"), _number(headers, "Daily")
    return Heard(left=left, limit=limit, closed_seconds=WAITS["DAILY"] if status == 429 and left == 0 else 0.0)


def hear_search(_: Mapping[str, str], status: int) -> Heard:
    """Searches carry no headers; other tools of the account share their five a second."""
    return Heard(left=0, closed_seconds=WAITS["SECONDLY"]) if status == 429 else Heard()


def quota(headers: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """(left, limit) per pool that an answer tells of."""
    pairs = {"burst": ("Remaining", "Max"), "daily": ("Daily-Remaining", "Daily")}
    found = {pool: (_number(headers, left), _number(headers, limit)) for pool, (left, limit) in pairs.items()}
    return {pool: (left, limit) for pool, (left, limit) in found.items() if left is not None and limit is not None}


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"X-HubSpot-RateLimit-{name}", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
