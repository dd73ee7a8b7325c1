"""What the errors of AWS mean to us. botocore is loaded when there is an error to look at, not before: most
functions do without it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crmbridge.domain.errors import BridgeError, Busy, Misconfigured, Stale, TooLarge

MEANINGS: Final[Mapping[str, Callable[[str], Exception]]] = {
    "TransactionConflictException": Stale,
    "TransactionConflict": Stale,
    "ProvisionedThroughputExceededException": Busy,
    "ProvisionedThroughputExceeded": Busy,
    "ThrottlingException": Busy,
    "ThrottlingError": Busy,
    "Throttling": Busy,
    "RequestLimitExceeded": Busy,
    "RequestThrottled": Busy,
    "TransactionInProgressException": Busy,
    "InternalServerError": Busy,
    "InternalFailure": Busy,
    "ServiceUnavailable": Busy,
    "500": Busy,  # an answer without words, of what stands before the service
    "502": Busy,
    "503": Busy,
    "504": Busy,
    "ItemCollectionSizeLimitExceeded": TooLarge,
    "ItemCollectionSizeLimitExceededException": TooLarge,
    "ResourceNotFoundException": Misconfigured,
    "AccessDeniedException": Misconfigured,
    "AccessDenied": Misconfigured,
    "UnrecognizedClientException": Misconfigured,
    "InvalidSignatureException": Misconfigured,
    "ExpiredTokenException": Misconfigured,
}
"""What AWS calls it -> what it means to us. A validation error is either a size or a bug of ours."""


def aws_errors() -> tuple[type[Exception], ...]:
    """What an AWS client raises. An `except` clause asks for it when something was raised, and no earlier."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def code_of(error: Exception) -> str:
    """What AWS calls it; empty when AWS did not answer."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def reasons_of(error: Exception) -> Sequence[Mapping[str, Any]]:
    """Why a transaction was cancelled: one reason per write, `None` its code where the write was not to blame."""
    reasons: Sequence[Mapping[str, Any]] = getattr(error, "response", {}).get("CancellationReasons", ())
    return reasons


def meaning(error: Exception, what: str) -> Exception:
    """Our word for an error of botocore; `what` names the table, queue or secret, never a key."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnection

    if isinstance(error, ClientError):
        detail = error.response["Error"]
        return meaning_of(detail.get("Code", ""), detail.get("Message", ""), what)
    if isinstance(error, HTTPClientError | NoConnection):
        return Busy(f"{what}: AWS did not answer ({type(error).__name__})")
    if isinstance(error, BotoCoreError):
        return Misconfigured(f"{what}: {type(error).__name__}; check the region and the credentials of the function")
    return error


def meaning_of(code: str, message: str, what: str) -> Exception:
    kind = MEANINGS.get(code)
    if kind is not None:
        return kind(f"{what}: {code}")
    if code in ("ValidationException", "ValidationError"):
        return TooLarge(f"{what}: {message}") if "size" in message.lower() else ValueError(f"{what}: {message}")
    return BridgeError(f"{what}: {code}")
