"""The stores under contract: the memory twin, and DynamoDB (moto, in this process) by botocore and by our own calls."""

from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from crmbridge.storage.aws import client
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.items import Items
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.signed import Credentials, SignedClient
from moto import mock_aws

from tests.tables import table_definition

NewTable = Callable[[str], Items]
KNOWN = Credentials("test", "test", "", "us-east-1")
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Our own clients, answered by moto."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield client


class Answering(BaseHTTPRequestHandler):
    """Hands every request on to moto, which takes what `requests` sends to AWS."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: value for name, value in self.headers.items() if name != "host"}
        answer = requests.post("https://dynamodb.us-east-1.amazonaws.com/", data=body, headers=headers, timeout=5)
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def signed(aws: Callable[[str], Any]) -> Iterator[SignedClient]:
    """Our own calls to a pretended DynamoDB."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with closing(SignedClient("dynamodb", KNOWN, f"http://127.0.0.1:{server.server_address[1]}")) as made:
            yield made
        server.shutdown()


def maker(of: Any, *, signed: bool) -> NewTable:
    """Makes an empty table of a name in DynamoDB, to be reached by botocore or by our own calls."""
    botocore = of("aws")("dynamodb")
    spoken = of("signed") if signed else botocore

    def create(table: str) -> Items:
        botocore.create_table(**table_definition(table))
        return DynamoItems(spoken, table)

    return create


@pytest.fixture(params=["memory", "botocore", "signed"])
def items(request: pytest.FixtureRequest) -> Items:
    """An empty table in each store, by each way to it."""
    if request.param == "memory":
        return MemoryItems("control")
    return maker(request.getfixturevalue, signed=request.param == "signed")("control")


@pytest.fixture(params=["memory", "dynamodb"])
def new_table(request: pytest.FixtureRequest) -> NewTable:
    """Make an empty table of that name in the store under test."""
    return MemoryItems if request.param == "memory" else maker(request.getfixturevalue, signed=False)
