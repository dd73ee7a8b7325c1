"""Messages arrive once, in order, however large, and what SQS did not take is sent again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
import orjson
import pytest
from crmbridge.domain.errors import BridgeError, Busy, Misconfigured
from crmbridge.domain.messages import Message
from crmbridge.storage.blobs import MemoryBlobs
from crmbridge.storage.queues import PARK_ABOVE, MemoryQueue, SqsQueue, park, unpark
from moto import mock_aws

Received = list[dict[str, Any]]


class Sender(Protocol):
    def send(self, *messages: Message) -> None: ...


Pair = tuple[Sender, Callable[[], Received]]


def drained(client: Any, url: str, blobs: MemoryBlobs) -> Received:
    bodies: Received = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [dict(unpark(message["Body"], blobs)) for message in messages]
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


@pytest.fixture(params=["memory", "fifo"])
def fifo(request: pytest.FixtureRequest) -> Iterator[Pair]:
    if request.param == "memory":
        queue = MemoryQueue()
        yield queue, lambda: [dict(message.body) for message in queue.take()]
        return
    with mock_aws():
        client, blobs = boto3.client("sqs"), MemoryBlobs()
        url = client.create_queue(QueueName="actions.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        yield SqsQueue(client, url, blobs), lambda: drained(client, url, blobs)


@pytest.fixture
def standard() -> Iterator[tuple[SqsQueue, Callable[[], Received], Any]]:
    with mock_aws():
        client, blobs = boto3.client("sqs"), MemoryBlobs()
        url = client.create_queue(QueueName="pages")["QueueUrl"]
        yield SqsQueue(client, url, blobs), lambda: drained(client, url, blobs), client


class Flaky:
    """An SQS that takes nothing of a batch but its first message, as often as it is told to."""

    def __init__(self, refusals: int, *, sender_fault: bool = False) -> None:
        self.refusals = refusals
        self.sender_fault = sender_fault
        self.batches: list[list[str]] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        ids = [entry["Id"] for entry in request["Entries"]]
        self.batches.append(ids)
        if self.refusals == 0:
            return {"Successful": []}
        self.refusals -= 1
        failed = [{"Id": id, "Code": "x", "SenderFault": self.sender_fault} for id in ids[1:]]
        return {"Failed": failed}


def messages(count: int, body: str = "", **more: Any) -> list[Message]:
    return [Message({"n": number, "body": body}, **more) for number in range(count)]


class Taking:
    """An SQS that takes everything, and remembers the groups."""

    def __init__(self) -> None:
        self.groups: list[str] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.groups += [entry["MessageGroupId"] for entry in request["Entries"]]
        return {}


def test_groups_of_any_length_are_told_apart() -> None:
    sqs, workspace = Taking(), "w" * 128
    queue = SqsQueue(sqs, "https://sqs/1/chat.fifo", MemoryBlobs())

    queue.send(*[Message({}, f"{workspace}#{chat}") for chat in ("a", "b", "a")], Message({}, "w1#a"))

    first, second, again, short = sqs.groups
    assert (first == again, first == second, short) == (True, False, "w1#a")
    assert len(first) <= 128


def test_a_group_keeps_its_order(fifo: Pair) -> None:
    queue, receive = fifo

    queue.send(*messages(25, group="record"))

    assert [body["n"] for body in receive()] == list(range(25))


def test_a_repeated_message_is_dropped_for_five_minutes(fifo: Pair) -> None:
    queue, receive = fifo

    queue.send(Message({"n": 1}, "g", "same"), Message({"n": 2}, "g", "same"), Message({"n": 3}, "g", "other"))

    assert [body["n"] for body in receive()] == [1, 3]


def test_after_five_minutes_a_repeated_message_is_taken_again() -> None:
    moments = iter([datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes) for minutes in (0, 4, 6)])
    queue = MemoryQueue(lambda: next(moments))

    for number in range(3):
        queue.send(Message({"n": number}, "g", "same"))

    assert [message.body["n"] for message in queue.sent] == [0, 2]


def test_what_was_taken_is_not_taken_again_but_remembered() -> None:
    queue = MemoryQueue()
    queue.send(*messages(3))

    assert len(queue.take(2)) == 2
    assert len(queue.take()) == 1
    assert queue.take() == []
    assert len(queue.sent) == 3


def test_a_message_without_a_dedup_id_is_never_a_repetition(fifo: Pair) -> None:
    queue, receive = fifo

    queue.send(Message({"n": 1}, "g"), Message({"n": 1}, "g"))

    assert len(receive()) == 2


def test_a_standard_queue_takes_groups_and_delays(
    standard: tuple[SqsQueue, Callable[[], Received], Any],
) -> None:
    queue, receive, _ = standard

    queue.send(*messages(3, group="hubspot#48"), Message({"n": 9}, "hubspot#48", delay_seconds=60))

    assert sorted(body["n"] for body in receive()) == [0, 1, 2]


def test_large_bodies_are_parked_and_found_again(standard: tuple[SqsQueue, Callable[[], Received], Any]) -> None:
    queue, receive, _ = standard

    queue.send(Message({"body": "x" * PARK_ABOVE}), Message({"body": "small"}))

    assert sorted(len(body["body"]) for body in receive()) == [5, PARK_ABOVE]


def test_batches_stay_below_what_sqs_accepts_in_one_call() -> None:
    client = Flaky(0)

    SqsQueue(client, "https://q", MemoryBlobs()).send(*messages(12, "x" * 100), *messages(3, "x" * 150_000))

    assert [len(batch) for batch in client.batches] == [10, 3, 1, 1]


def test_messages_that_sqs_did_not_take_are_sent_again() -> None:
    client, slept = Flaky(2), list[float]()

    SqsQueue(client, "https://q", MemoryBlobs(), slept.append).send(*messages(4))

    assert client.batches == [["0", "1", "2", "3"], ["1", "2", "3"], ["2", "3"]]
    assert len(slept) == 2


def test_a_queue_that_keeps_refusing_is_busy() -> None:
    queue = SqsQueue(Flaky(99), "https://q", MemoryBlobs(), lambda _: None)

    with pytest.raises(Busy):
        queue.send(*messages(9))


def test_a_message_that_sqs_finds_faulty_is_not_sent_again() -> None:
    client = Flaky(99, sender_fault=True)

    with pytest.raises(Misconfigured):
        SqsQueue(client, "https://q", MemoryBlobs()).send(*messages(2))

    assert len(client.batches) == 1


def test_a_queue_that_is_not_there_is_misconfigured() -> None:
    with mock_aws():
        queue = SqsQueue(boto3.client("sqs"), "https://sqs.us-east-1.amazonaws.com/1/none", MemoryBlobs())

        with pytest.raises(BridgeError, match="SQS"):
            queue.send(Message({}))


def test_a_parked_body_that_is_gone_names_the_bucket() -> None:
    parked = park({"body": "x" * PARK_ABOVE}, MemoryBlobs())

    with pytest.raises(Misconfigured, match="lifecycle"):
        unpark(parked, MemoryBlobs())


def test_a_body_travels_as_json() -> None:
    assert orjson.loads(park({"task": "t1"}, MemoryBlobs())) == {"task": "t1"}
