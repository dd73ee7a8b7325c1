"""AWS clients, one of each per process, and what their errors mean to us."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, Final

import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.session import Session

from crmbridge.domain.errors import BridgeError, Busy, Misconfigured, Stale, TooLarge

_CONFIG: Final = Config(
    parameter_validation=False,  # we build the parameters; checking them costs as much again as sending them
    connect_timeout=2,  # seconds, as below
    read_timeout=5,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 3},
)
_lock = Lock()


def client(name: str) -> Any:
    """The process's client of that service; clients are safe to share between threads, making them is not."""
    with _lock:
        return _made(name)


@cache
def _session() -> Session:
    return Session()


@cache
def _made(name: str) -> Any:
    made = _session().create_client(name, config=_CONFIG)
    if name == "dynamodb":
        send_json_by_orjson(made)
    return made


def send_json_by_orjson(dynamodb: Any) -> None:
    """Spare botocore its walk over every attribute of every item, on the way out and on the way in.

    Only documented events are used: the parameters are exchanged for none, the body for the one made here, and the
    answer is read before botocore's parser, which then finds an empty one. Errors go the ordinary way. Blobs are
    bytes on the way out (see `_blob`) and base64 text on the way in.
    """
    events = dynamodb.meta.events
    events.register("provide-client-params.dynamodb.*", _take_parameters)
    events.register("before-call.dynamodb.*", _put_body)
    events.register("before-parse.dynamodb.*", _read_answer)


def _take_parameters(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context["orjson_body"] = orjson.dumps(params, default=_blob)
    return {"RequestItems": {}} if "RequestItems" in params else {}  # the endpoint rules look at its keys


def _put_body(params: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
    params["body"] = context["orjson_body"]


def _read_answer(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(orjson.loads(response_dict["body"]))
        response_dict["body"] = b"{}"


def _blob(value: Any) -> str:
    return b64encode(value).decode()


MEANINGS: Final[Mapping[str, Callable[[str], Exception]]] = {
    "TransactionConflictException": Stale,
    "TransactionConflict": Stale,
    "ProvisionedThroughputExceededException": Busy,
    "ProvisionedThroughputExceeded": Busy,
    "ThrottlingException": Busy,
    "ThrottlingError": Busy,
    "Throttling": Busy,
    "RequestLimitExceeded": Busy,
    "TransactionInProgressException": Busy,
    "InternalServerError": Busy,
    "InternalFailure": Busy,
    "ServiceUnavailable": Busy,
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


def meaning(error: Exception, what: str) -> Exception:
    """Our word for an error of botocore; `what` names the table, queue or secret, never a key."""
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
