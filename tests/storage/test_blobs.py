"""Bytes come back as they were put, from memory and from S3."""

from collections.abc import Iterator

import boto3
import pytest
from crmbridge.domain.errors import BridgeError
from crmbridge.storage.blobs import Blobs, MemoryBlobs, S3Blobs
from moto import mock_aws


@pytest.fixture(params=["memory", "s3"])
def blobs(request: pytest.FixtureRequest) -> Iterator[Blobs]:
    if request.param == "memory":
        yield MemoryBlobs()
        return
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bridge")
        yield S3Blobs(boto3.client("s3"), "bridge")


def test_a_body_comes_back_as_it_was_put(blobs: Blobs) -> None:
    blobs.put("parked/1", b"\x00body")

    assert blobs.get("parked/1") == b"\x00body"


def test_a_body_that_was_never_put_is_none(blobs: Blobs) -> None:
    assert blobs.get("parked/2") is None


def test_a_missing_bucket_is_an_error_not_a_missing_body() -> None:
    with mock_aws():
        blobs = S3Blobs(boto3.client("s3"), "nowhere")

        with pytest.raises(BridgeError, match="nowhere"):
            blobs.get("parked/1")
        with pytest.raises(BridgeError, match="nowhere"):
            blobs.put("parked/1", b"")
