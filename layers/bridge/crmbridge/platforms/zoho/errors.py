"""Zoho's error answers in our words: an envelope with a code, alone or one per record, under any status."""

from collections.abc import Callable, Mapping
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
from crmbridge.domain.records import Json
from crmbridge.platforms.unpacking import answered
from crmbridge.platforms.zoho.objects import NAME

CREDITS: Final = "credits"
BUSY_SECONDS: Final = 2.0
"""Too many requests at the same time; nobody says for how long."""
DEAREST: Final = 3
"""Credits of the dearest call we make, a query of 2,000 records."""
SPENT_SECONDS: Final = 3600.0
"""The day is a rolling one: every hour gives back some of it."""
LONGEST: Final = 500

_WRAPPED: Final = ("data", "watch", "users", "fields")
_TOKEN_CODES: Final = frozenset({"INVALID_TOKEN", "AUTHENTICATION_FAILURE", "INVALID_OAUTHTOKEN"})
_LIMIT_CODES: Final = frozenset({"TOO_MANY_REQUESTS"})
_FAILURE_CODES: Final = frozenset({"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"})
_MEANINGS: Final[Mapping[str, str]] = {
    "RECORD_IN_BLUEPRINT": "the record is in a blueprint, which alone may change this field",
    "RECORD_LOCKED": "the record is locked; unlock it in Zoho",
    "NO_PERMISSION": "the connected user may not do that",
    "FEATURE_NOT_SUPPORTED": "this edition does not have that",
    "MAPPING_MISMATCH": "the values do not go together: a stage belongs to a pipeline and a layout",
    "DEPENDENT_FIELD_MISSING": "another field must be given with it",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as Zoho tells it; of a call with several records, the first that failed."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    sent_write: bool

    @property
    def code(self) -> str:
        code = self.body.get("code")
        return code[:LONGEST] if isinstance(code, str) else ""

    @property
    def details(self) -> Mapping[str, Any]:
        details = self.body.get("details")
        return details if isinstance(details, dict) else {}

    @property
    def field(self) -> str:
        """The field that is meant; `param_name` and `column_name` are those of requests and queries."""
        named = (self.details.get(key) for key in ("api_name", "column_name", "param_name"))
        return next((name[:LONGEST] for name in named if isinstance(name, str)), "")

    def said(self, what: str) -> str:
        message = self.body.get("message")
        told = [_MEANINGS.get(self.code) or (message[:LONGEST] if isinstance(message, str) else ""), self.field]
        return f"Zoho {what}" + "".join(f": {part}" for part in told if part) + (f" ({self.code})" if self.code else "")


def explain(status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> PlatformError:
    """The error that an answer stands for. A 4xx means that nothing was written; after a 5xx nobody knows.

    Zoho gives its requests no ids."""
    return explain_item(Answer(status, headers, _told(body), sent_write))


def explain_item(answer: Answer) -> PlatformError:
    """The same of one record in an answer, whose own status may well be 200."""
    if answer.code in _FAILURE_CODES or answer.status >= 500 or (answer.status < 400 and not answer.code):
        return _unavailable(answer)
    by_code = next((explained for codes, explained in _BY_CODE if answer.code in codes), None)
    return (by_code or _BY_STATUS.get(answer.status, _rejected))(answer)


def failed_item(body: Json) -> Mapping[str, Any] | None:
    """The first record of an answer that failed, though others may have gone through."""
    for item in items_of(body):
        if item.get("status") == "error":
            return item
    return None


def items_of(body: Json) -> list[Mapping[str, Any]]:
    if not isinstance(body, dict):
        return []
    wrapped: list[Any] = next((body[key] for key in _WRAPPED if isinstance(body.get(key), list)), [])
    return [item for item in wrapped if isinstance(item, dict)]


def _told(body: bytes) -> Mapping[str, Any]:
    """Where one of several items failed, that item."""
    found = answered(body)
    return failed_item(found) or (found if isinstance(found, dict) else {})


def _unavailable(answer: Answer) -> Unavailable:
    return Unavailable(
        answer.said(f"failed ({answer.status})"),
        platform=NAME,
        status=answer.status,
        outcome_unknown=answer.sent_write and (answer.status >= 500 or answer.code in _FAILURE_CODES),
    )


def _unauthorized(answer: Answer) -> TokenExpired:
    return TokenExpired(answer.said("did not accept the access token"), platform=NAME, status=answer.status)


def _out_of_scope(answer: Answer) -> MissingScope:
    return MissingScope(
        "Zoho needs a scope that was not granted; it does not say which", platform=NAME, status=answer.status
    )


def _gone(answer: Answer) -> RecordGone:
    return RecordGone(answer.said("does not show such a record"), platform=NAME, status=answer.status)


def _throttled(answer: Answer) -> Throttled:
    """One code for both limits; only the header tells them apart."""
    spent = _are_spent(credits_left(answer.headers))
    return Throttled(
        "Zoho's API credits of the day are used up" if spent else "Zoho answers no more requests at the same time",
        platform=NAME,
        retry_after=SPENT_SECONDS if spent else BUSY_SECONDS,
        pool=CREDITS if spent else "concurrency",
        status=answer.status,
    )


def _duplicate(answer: Answer) -> Duplicate:
    existing = answer.details.get("id")
    found = existing if isinstance(existing, str) and existing else None
    return Duplicate(answer.said("has this already"), platform=NAME, existing_id=found, status=answer.status)


def _invalid(answer: Answer) -> PlatformError:
    """A record that is not there, or not for us, is an invalid id of a path or of the record itself."""
    path = answer.details.get("json_path")
    about_id = answer.field == "id" and (not isinstance(path, str) or path.count(".") <= 1 or path.endswith("].id"))
    return _gone(answer) if about_id and not _is_lookup(path) else _rejected(answer)


def _is_lookup(path: Any) -> bool:
    """`$.data[0].Who_Id.id` is another record's."""
    return isinstance(path, str) and path.count(".") > 2


def _rejected(answer: Answer) -> Rejected:
    message = str(answer.body.get("message") or answer.code)[:LONGEST]
    fields = {answer.field: message} if answer.field else {}
    return Rejected(
        answer.said("refused"),
        platform=NAME,
        status=answer.status,
        code=answer.code or str(answer.status),
        fields=fields,
    )


_BY_CODE: Final[tuple[tuple[frozenset[str], Callable[[Answer], PlatformError]], ...]] = (
    (_TOKEN_CODES, _unauthorized),
    (_LIMIT_CODES, _throttled),
    (frozenset({"OAUTH_SCOPE_MISMATCH"}), _out_of_scope),
    (frozenset({"DUPLICATE_DATA"}), _duplicate),
    (frozenset({"INVALID_DATA"}), _invalid),
    (frozenset({"RESOURCE_NOT_FOUND"}), _gone),
)
_BY_STATUS: Final[Mapping[int, Callable[[Answer], PlatformError]]] = {
    401: _unauthorized, 404: _gone, 429: _throttled,
}  # fmt: skip


def credits_left(headers: Mapping[str, str]) -> int | None:
    """Only told when at least half of them are spent; none of an org that owes some, its plan having been cut."""
    text = headers.get("X-API-CREDITS-REMAINING") or headers.get("x-api-credits-remaining") or ""
    digits = text.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 16
    return max(0, int(text)) if known else None


def _are_spent(left: int | None) -> bool:
    """A call that the rest does not cover is refused, however little is missing."""
    return left is not None and left < DEAREST


def hear_credits(headers: Mapping[str, str], status: int) -> Heard:
    """Other apps of the org spend from the same."""
    left = credits_left(headers)
    is_refused = status == 429 and _are_spent(left)
    return Heard(left=0, closed_seconds=SPENT_SECONDS) if is_refused else Heard(left=left)
