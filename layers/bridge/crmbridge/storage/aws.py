"""botocore's clients, one of each per process: for what `signed` does not speak, and wherever it lacks credentials."""

from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any, Final

import orjson
from botocore.config import Config
from botocore.session import Session

from crmbridge.storage.signed import blob_text

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
    bytes on the way out (see `blob_text`) and base64 text on the way in.
    """
    events = dynamodb.meta.events
    events.register("provide-client-params.dynamodb.*", _take_parameters)
    events.register("before-call.dynamodb.*", _put_body)
    events.register("before-parse.dynamodb.*", _read_answer)


def _take_parameters(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context["orjson_body"] = orjson.dumps(params, default=blob_text)
    return {"RequestItems": {}} if "RequestItems" in params else {}  # the endpoint rules look at its keys


def _put_body(params: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
    params["body"] = context["orjson_body"]


def _read_answer(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(orjson.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
