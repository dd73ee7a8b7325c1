"""Bytes too large for a message or an item: one S3 bucket that forgets by lifecycle, and its memory twin."""

from typing import Any, Protocol

from crmbridge.storage.meanings import aws_errors, code_of, meaning


class Blobs(Protocol):
    def put(self, key: str, body: bytes) -> None: ...

    def get(self, key: str) -> bytes | None:
        """None when it was never there or is forgotten."""


class S3Blobs:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except aws_errors() as error:
            raise meaning(error, self._bucket) from error

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        except aws_errors() as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise meaning(error, self._bucket) from error


class MemoryBlobs:
    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        self._bodies[key] = body

    def get(self, key: str) -> bytes | None:
        return self._bodies.get(key)
