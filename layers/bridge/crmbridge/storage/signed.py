"""AWS's JSON protocol spoken by hand: a call costs a tenth of botocore's, and a cold start does without loading it.

A client as botocore makes them, for DynamoDB, Amazon SQS and Secrets Manager: `client.send_message_batch(...)`. It
signs (SigV4) with the credentials Lambda puts into the environment, keeps its connections, and tries three times. Its
errors are botocore's own. Blobs are bytes on the way out and base64 text on the way in. Measured by `make bench`.
"""

import random
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from crmbridge.storage.posting import post

_ATTEMPTS: Final = 3
_TIMEOUT: Final = 5.0
_TYPES: Final = {
    "dynamodb": ("DynamoDB_20120810", "1.0"), "sqs": ("AmazonSQS", "1.0"), "secretsmanager": ("secretsmanager", "1.1"),
}  # fmt: skip
"""The service's name in a target, and the version of its JSON."""
_THROTTLES: Final = (
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling",
    "TooManyRequestsException", "TransactionInProgressException", "RequestThrottled",
)  # fmt: skip
"""What is asked again after a while, as botocore does."""
_WANTED: Final = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
_OTHER_PARTITIONS: Final = ("cn-", "us-iso", "eu-isoe", "eusc-")
"""Regions whose hosts end in something else than amazonaws.com."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Has no repr on purpose."""

    key_id: str
    secret: str
    session_token: str
    region: str


def credentials_of(environment: Mapping[str, str]) -> Credentials | None:
    """Those of a Lambda function. None elsewhere, and where more is needed than this module knows: then botocore."""
    if not all(environment.get(name) for name in _WANTED) or environment["AWS_REGION"].startswith(_OTHER_PARTITIONS):
        return None
    key_id, secret, region = (environment[name] for name in _WANTED[1:])
    return Credentials(key_id, secret, environment.get("AWS_SESSION_TOKEN", ""), region)


def speaks(service: str) -> bool:
    return service in _TYPES


def blob_text(value: Any) -> str:
    return b64encode(value).decode()


class SignedClient:
    """`endpoint` is a URL without a path; empty: the region's own. Safe to share between threads: every request has a
    connection to itself, and leaves it for the next."""

    def __init__(
        self,
        service: str,
        credentials: Credentials,
        endpoint: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._endpoint = endpoint or f"https://{service}.{credentials.region}.amazonaws.com"
        self._sleep = sleep
        place = urlsplit(self._endpoint)
        self._host = place.netloc
        self._connects = HTTPConnection if place.scheme == "http" else HTTPSConnection
        self._idle: list[HTTPConnection] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        name = operation.title().replace("_", "")
        return lambda **parameters: self._call(name, orjson.dumps(parameters, default=blob_text))

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _call(self, operation: str, body: bytes) -> Any:
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                status, answer = self._post(operation, body)
            except (OSError, HTTPException) as error:
                if last:
                    raise self._unanswered(error) from error
            else:
                if status < 300:
                    return answer
                if last or not (status >= 500 or _code(answer) in _THROTTLES):
                    raise _refusal(operation, status, answer)
            self._sleep(random.uniform(0.0, 0.05 * 2**attempt))
        return None

    def _post(self, operation: str, body: bytes) -> tuple[int, Any]:
        """A connection that fails is closed, and opened again by the next request: it may only have idled too long."""
        headers = signed_headers(self._credentials, self._service, self._host, operation, body, datetime.now(UTC))
        connection = self._connection()
        try:
            status, text = post(connection, headers, body)
        except BaseException:
            connection.close()
            raise
        finally:
            self._idle.append(connection)
        return status, _json(text)

    def _connection(self) -> HTTPConnection:
        with suppress(IndexError):  # another thread may take the last one between a look and a grasp
            return self._idle.pop()
        return self._connects(self._host, timeout=_TIMEOUT)

    def _unanswered(self, error: Exception) -> Exception:
        from botocore.exceptions import EndpointConnectionError

        return EndpointConnectionError(endpoint_url=self._endpoint, error=error)


def signed_headers(
    credentials: Credentials, service: str, host: str, operation: str, body: bytes, now: datetime
) -> dict[str, str]:
    """Of a POST of JSON to `/` (Signature Version 4 of AWS)."""
    target, version = _TYPES[service]
    headers = {
        "content-type": f"application/x-amz-json-{version}",
        "host": host,
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": f"{target}.{operation}",
    }
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    names = sorted(headers)
    listed, told = ";".join(names), "".join(f"{name}:{headers[name]}\n" for name in names)
    request = f"POST\n/\n\n{told}\n{listed}\n{sha256(body).hexdigest()}"
    return {**headers, "authorization": _authorization(credentials, service, headers["x-amz-date"], listed, request)}


def _authorization(credentials: Credentials, service: str, stamp: str, listed: str, request: str) -> str:
    scope = (stamp[:8], credentials.region, service, "aws4_request")
    key = _signing_key(credentials, scope)
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{'/'.join(scope)}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(key, text.encode(), "sha256").hex()
    credential = f"{credentials.key_id}/{'/'.join(scope)}"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={listed}, Signature={signature}"


@lru_cache(8)
def _signing_key(credentials: Credentials, scope: tuple[str, ...]) -> bytes:
    """The same for a whole day."""
    key = f"AWS4{credentials.secret}".encode()
    for part in scope:
        key = digest(key, part.encode(), "sha256")
    return key


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text or b"{}")
    except orjson.JSONDecodeError:
        return {}


def _code(answer: Any) -> str:
    """Of `com.amazonaws.sqs#QueueDoesNotExist` the end."""
    return str(answer.get("__type", "")).rpartition("#")[2]


def _refusal(operation: str, status: int, answer: Any) -> Exception:
    from botocore.exceptions import ClientError

    message = str(answer.get("message") or answer.get("Message") or "")
    told: Any = {**answer, "Error": {"Code": _code(answer) or str(status), "Message": message}}
    return ClientError(told, operation)
