"""Requests signed without botocore: the same signatures, the same errors, the same patience."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from crmbridge.domain.errors import Busy, Misconfigured
from crmbridge.domain.messages import Message
from crmbridge.storage.blobs import MemoryBlobs
from crmbridge.storage.queues import SqsQueue
from crmbridge.storage.signed import Credentials, SignedClient, credentials_of, signed_headers
from crmbridge.storage.vault import SecretsVault

LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "webhooks",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
    "AWS_SESSION_TOKEN": "session",
    "AWS_REGION": "eu-central-1",
}
KNOWN = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "session", "eu-central-1")
TAKEN = (200, b'{"Successful":[{"Id":"0"}],"Failed":[]}')


class Aws(ThreadingHTTPServer):
    """Gives the answers in turn, the last one for ever; None hangs up."""

    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: list[tuple[int, bytes] | None] = [TAKEN]
        self.heard: list[tuple[dict[str, str], bytes]] = []


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Aws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((dict(self.headers), body))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer[0])
        self.send_header("content-length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def aws() -> Iterator[Aws]:
    with Aws() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def client(aws: Aws) -> Iterator[Callable[[str], SignedClient]]:
    endpoint = f"http://127.0.0.1:{aws.server_address[1]}"
    with ExitStack() as open_ones:

        def made(service: str) -> SignedClient:
            client = SignedClient(service, KNOWN, endpoint, sleep=lambda seconds: None)
            return open_ones.enter_context(closing(client))

        yield made


@pytest.fixture
def queue(client: Callable[[str], SignedClient]) -> SqsQueue:
    return SqsQueue(client("sqs"), "https://sqs/1/deliveries", MemoryBlobs(), sleep=lambda seconds: None)


def test_a_request_is_signed_as_botocore_signs_it() -> None:
    ours = signed_headers(KNOWN, "sqs", "sqs.example", "SendMessage", b'{"a":1}', datetime.now().astimezone())
    theirs = AWSRequest("POST", "https://sqs.example/", data=b'{"a":1}', headers=without_proof(ours))

    signer = SigV4Auth(BotoCredentials(KNOWN.key_id, KNOWN.secret, KNOWN.session_token), "sqs", KNOWN.region)
    theirs.context["timestamp"] = ours["x-amz-date"]
    signature = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)

    assert ours["authorization"].endswith(f"Signature={signature}")


def without_proof(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "authorization"}


def test_a_message_is_sent(aws: Aws, queue: SqsQueue) -> None:
    queue.send(Message({"id": "1"}, group="hubspot#8801"))

    headers, body = aws.heard[0]
    assert headers["x-amz-target"] == "AmazonSQS.SendMessageBatch"
    assert b"hubspot#8801" in body


def test_a_secret_is_read(aws: Aws, client: Callable[[str], SignedClient]) -> None:
    aws.answers = [(200, b'{"VersionId":"1","SecretString":"{\\"client_id\\":\\"c\\",\\"client_secret\\":\\"s\\"}"}')]

    assert SecretsVault(client("secretsmanager"), "bridge").app("hubspot").client_secret == "s"


def test_an_idle_connection_that_was_closed_is_opened_again(aws: Aws, queue: SqsQueue) -> None:
    aws.answers = [None, TAKEN]

    queue.send(Message({"id": "1"}))

    assert len(aws.heard) == 2


def test_a_busy_service_is_asked_again(aws: Aws, queue: SqsQueue) -> None:
    aws.answers = [(503, b""), (400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'), TAKEN]

    queue.send(Message({"id": "1"}))

    assert len(aws.heard) == 3


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (None, Busy),
        ((400, b'{"__type":"com.amazonaws.sqs#ThrottlingException"}'), Busy),
        ((400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'), Busy),
        ((503, b""), Busy),
        ((403, b'{"__type":"AccessDeniedException","message":"no"}'), Misconfigured),
    ],
)
def test_what_cannot_be_sent_is_told_in_our_words(
    aws: Aws, queue: SqsQueue, answer: tuple[int, bytes] | None, meaning: type[Exception]
) -> None:
    aws.answers = [answer]

    with pytest.raises(meaning):
        queue.send(Message({"id": "1"}))


def test_lambda_says_who_it_is() -> None:
    assert credentials_of(LAMBDA) == KNOWN


@pytest.mark.parametrize("missing", ["AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_REGION"])
def test_botocore_takes_over_where_the_environment_does_not_say_enough(missing: str) -> None:
    assert credentials_of({**LAMBDA, missing: ""}) is None


def test_botocore_takes_over_where_hosts_are_called_otherwise() -> None:
    assert credentials_of({**LAMBDA, "AWS_REGION": "cn-north-1"}) is None
