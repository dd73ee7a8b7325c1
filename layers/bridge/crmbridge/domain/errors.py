"""What can go wrong, sorted by whose move it is.

* BridgeError
  - CallerError       the request is wrong; sending it again will not help
      Unauthenticated · Forbidden · NotFound · Invalid · Clash · MovedOn · BadSignature · MalformedPayload · Refused
  - PlatformError     a CRM refused or did not answer; names the CRM, its request id and the next step
      Throttled · Unavailable               come again later
      ReauthRequired · MissingScope         the customer must reconnect
      Rejected · Duplicate · RecordGone     this very write or read is impossible
  - ChatError         the chat app refused or did not answer; it is asked again for a day
  - Unsupported       this CRM cannot do that
  - Stale             somebody was quicker: read again, decide again
  - Busy              our own store did not answer in time: come again later
  - TooLarge          more than our store holds in one item
* Misconfigured       our own deployment is wrong; deliberately not a BridgeError, so that nothing swallows it
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmbridge.domain.records import RecordKey


class BridgeError(Exception):
    """Anything CRM Bridge can explain to the person it happens to."""

    retryable = False


class CallerError(BridgeError):
    """The request is wrong."""


class Unauthenticated(CallerError):
    """No valid token or key."""


class Forbidden(CallerError):
    """The caller is known, and may not do this."""


class NotFound(CallerError):
    """Unknown and foreign look alike."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field: `field` is a path such as `rules[0].value`; `fix` says what would be valid."""

    field: str
    message: str
    fix: str = ""


class Invalid(CallerError):
    """Input that names its wrong fields."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class Clash(CallerError):
    """The request contradicts one made before (the same key with another body, a second first run)."""


class MovedOn(Clash):
    """The CRM has other values than those the change was decided on; `fields` maps names to (base, now)."""

    def __init__(self, message: str, fields: Mapping[str, tuple[object, object]]) -> None:
        super().__init__(message)
        self.fields = dict(fields)


class BadSignature(CallerError):
    """A delivery that does not prove where it comes from."""


class MalformedPayload(CallerError):
    """A body that cannot be read as what it claims to be."""


class Refused(CallerError):
    """A step of a funnel said no; `reason` is one word, used in the page, the log and the metric.

    `return_url` is where the person came from, once that is known."""

    def __init__(self, reason: str, message: str = "", *, return_url: str = "") -> None:
        super().__init__(message or reason.replace("_", " "))
        self.reason = reason
        self.return_url = return_url


class PlatformError(BridgeError):
    """A CRM refused or did not answer."""

    next_step = "try again"

    def __init__(self, message: str, *, platform: str, status: int = 0, request_id: str = "") -> None:
        super().__init__(message)
        self.platform = platform
        self.status = status
        self.request_id = request_id


class Throttled(PlatformError):
    """A rate limit; `retry_after` in seconds, `pool` names the limit that was hit."""

    retryable = True
    next_step = "wait; it is asked again by itself"

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        retry_after: float,
        pool: str = "",
        status: int = 429,
        request_id: str = "",
    ) -> None:
        super().__init__(message, platform=platform, status=status, request_id=request_id)
        self.retry_after = retry_after
        self.pool = pool


class Unavailable(PlatformError):
    """No answer, or one that says nothing. `outcome_unknown`: the request was sent, so a write may have happened.
    `declined`: sent, and the CRM says that it did not take it on, so that nothing of it lands later; seeing is better
    than believing all the same."""

    retryable = True
    next_step = "wait; it is asked again by itself"

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        status: int = 0,
        request_id: str = "",
        outcome_unknown: bool = False,
        declined: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message, platform=platform, status=status, request_id=request_id)
        self.outcome_unknown = outcome_unknown
        self.declined = declined
        self.retry_after = retry_after


class ReauthRequired(PlatformError):
    """The authorisation is gone for good."""

    next_step = "an admin reconnects the account"


class TokenExpired(PlatformError):
    """The access token was not accepted; one refresh may help."""

    next_step = "refresh the token once"


class MissingScope(PlatformError):
    """The token lacks a scope."""

    next_step = "an admin reconnects and grants the missing scopes"

    def __init__(
        self, message: str, *, platform: str, scopes: Sequence[str] = (), status: int = 403, request_id: str = ""
    ) -> None:
        super().__init__(message, platform=platform, status=status, request_id=request_id)
        self.scopes = tuple(scopes)


class Rejected(PlatformError):
    """The CRM understood and refused; `fields` maps remote field names to its reasons."""

    next_step = "change the input"

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        status: int = 400,
        request_id: str = "",
        code: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, platform=platform, status=status, request_id=request_id)
        self.code = code
        self.fields = dict(fields or {})


class Duplicate(Rejected):
    """The object exists already; `existing_id` when the CRM says which. `existing_object` None: it is of the object
    that was to be written (a contact that is to be created may be a lead already)."""

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        existing_id: str | None,
        existing_object: str | None = None,
        status: int = 409,
        request_id: str = "",
    ) -> None:
        super().__init__(message, platform=platform, status=status, request_id=request_id, code="DUPLICATE")
        self.existing_id = existing_id
        self.existing_object = existing_object


class RecordGone(PlatformError):
    """The CRM does not know the object, or does not show it to us."""

    next_step = "look the record up in the CRM"


class ChatError(BridgeError):
    """The chat app refused or did not answer."""

    retryable = True

    def __init__(self, message: str, *, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Unsupported(BridgeError):
    """This CRM cannot do that."""


class Stale(BridgeError):
    """Somebody was quicker: read again, decide again."""

    retryable = True


class Busy(BridgeError):
    """Our own store throttled or did not answer; nothing is known to have been written."""

    retryable = True


class TooLarge(BridgeError):
    """More than the store holds in one item or one transaction.

    `keys`: the records concerned, of several that were to be written; the others have been, or were `refused`."""

    def __init__(self, message: str, *, keys: Sequence["RecordKey"] = (), refused: Sequence["RecordKey"] = ()) -> None:
        super().__init__(message)
        self.keys = tuple(keys)
        self.refused = tuple(refused)


class Misconfigured(Exception):
    """Our own deployment is wrong; the message names the setting to check."""
