"""What DynamoDB says when it is busy, contested or misconfigured, and what we make of it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError
from crmbridge.domain.errors import BridgeError, Busy, Misconfigured, Stale, TooLarge
from crmbridge.storage.aws import client
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.items import INDEXES, NEW, Write, equals
from crmbridge.storage.meanings import MEANINGS, meaning
from moto import mock_aws

Answer = Mapping[str, Any] | Exception


def refusal(code: str, message: str = "", **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, "Any")


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code, "Message": "Item size has exceeded"} for code in codes]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


class Scripted:
    """A client that answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def scripted(waits: list[float]) -> Callable[..., tuple[DynamoItems, Scripted]]:
    def make(*answers: Answer) -> tuple[DynamoItems, Scripted]:
        fake = Scripted(*answers)
        return DynamoItems(fake, "control", waits.append), fake

    return make


Make = Callable[..., tuple[DynamoItems, Scripted]]
WRITES = [Write(key=("w1", "a"), put={"pk": "w1", "sk": "a"}, when=NEW), Write(key=("w1", "b"), when=equals("n", 1))]


def test_a_contested_transaction_is_tried_again_after_a_while(scripted: Make, waits: list[float]) -> None:
    items, fake = scripted(cancelled("None", "TransactionConflict"), cancelled("ThrottlingError", "None"), {})

    assert items.write_all(WRITES) == ()
    assert (len(fake.asked), len(waits)) == (3, 2)


def test_a_transaction_contested_for_ever_is_stale(scripted: Make, waits: list[float]) -> None:
    items, fake = scripted(cancelled("None", "TransactionConflict"))

    with pytest.raises(Stale, match="control"):
        items.write_all(WRITES)

    assert 3 < len(fake.asked) < 10
    assert sum(waits) < 3


def test_a_transaction_throttled_for_ever_is_busy(scripted: Make) -> None:
    items, _ = scripted(cancelled("ProvisionedThroughputExceeded", "None"))

    with pytest.raises(Busy):
        items.write_all(WRITES)


def test_a_refusal_counts_more_than_a_conflict(scripted: Make) -> None:
    items, fake = scripted(cancelled("TransactionConflict", "ConditionalCheckFailed"))

    assert items.write_all(WRITES) == (1,)
    assert len(fake.asked) == 1


def test_a_size_in_a_transaction_counts_more_than_a_conflict(scripted: Make) -> None:
    items, _ = scripted(cancelled("TransactionConflict", "ValidationError"))

    with pytest.raises(TooLarge, match="Item size"):
        items.write_all(WRITES)


def test_a_transaction_carries_no_token_of_its_own(scripted: Make) -> None:
    items, fake = scripted({})

    items.write_all(WRITES)

    assert list(fake.asked[0]) == ["TransactItems"]


def test_items_left_unwritten_are_sent_again(scripted: Make, waits: list[float]) -> None:
    left = {"control": [{"PutRequest": {"Item": {"pk": {"S": "w1"}, "sk": {"S": "b"}}}}]}
    items, fake = scripted({"UnprocessedItems": left}, {"UnprocessedItems": {}})

    items.put_many([{"pk": "w1", "sk": "a"}, {"pk": "w1", "sk": "b"}])

    assert [len(request["RequestItems"]["control"]) for request in fake.asked] == [2, 1]
    assert len(waits) == 1


def test_items_left_unwritten_for_ever_are_an_error(scripted: Make) -> None:
    left = {"control": [{"DeleteRequest": {"Key": {"pk": {"S": "w1"}, "sk": {"S": "a"}}}}]}
    items, _ = scripted({"UnprocessedItems": left})

    with pytest.raises(Busy, match="unwritten"):
        items.delete_many([("w1", "a")])


def test_keys_left_unread_are_asked_for_again(scripted: Make) -> None:
    row = {"pk": {"S": "w1"}, "sk": {"S": "a"}}
    other = {"pk": {"S": "w1"}, "sk": {"S": "b"}}
    first = {"Responses": {"control": [row]}, "UnprocessedKeys": {"control": {"Keys": [other]}}}
    items, fake = scripted(first, {"Responses": {"control": [other]}, "UnprocessedKeys": {}})

    found = items.get_many([("w1", "a"), ("w1", "b")])

    assert set(found) == {("w1", "a"), ("w1", "b")}
    assert fake.asked[1]["RequestItems"]["control"] == {"Keys": [other]}


def test_a_single_write_against_a_transaction_is_tried_again(scripted: Make) -> None:
    items, fake = scripted(refusal("TransactionConflictException"), {})

    assert items.put({"pk": "w1", "sk": "a"})
    assert len(fake.asked) == 2


def test_what_botocore_has_tried_again_is_not_tried_further(scripted: Make) -> None:
    items, fake = scripted(refusal("ThrottlingException"))

    with pytest.raises(Busy):
        items.get("w1", "a")
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("ResourceNotFoundException"), Misconfigured),
        (refusal("ItemCollectionSizeLimitExceededException"), TooLarge),
        (refusal("ValidationException", "Item size has exceeded the maximum allowed size"), TooLarge),
        (refusal("ValidationException", "empty string value"), ValueError),
        (refusal("SomethingNew"), BridgeError),
        (ConnectTimeoutError(endpoint_url="http://x"), Busy),
        (NoCredentialsError(), Misconfigured),
        (KeyError("x"), KeyError),
    ],
)
def test_errors_mean_what_they_say(error: Exception, ours: type[Exception]) -> None:
    assert type(meaning(error, "control")) is ours


@pytest.mark.parametrize("code", MEANINGS)
def test_every_known_code_names_the_table_and_itself(code: str) -> None:
    assert str(meaning(refusal(code), "control")) == f"control: {code}"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield client("dynamodb")


def test_an_unknown_table_is_misconfigured(dynamodb: Any) -> None:
    with pytest.raises(Misconfigured, match="nowhere"):
        DynamoItems(dynamodb, "nowhere").get("w1", "a")


def test_there_is_one_client_per_process(dynamodb: Any) -> None:
    assert client("dynamodb") is dynamodb


def test_every_index_of_every_table_has_a_name_of_its_own_or_the_same_keys() -> None:
    by_name: dict[str, set[tuple[str, str]]] = {}
    for index in (index for indexes in INDEXES.values() for index in indexes):
        by_name.setdefault(index.name, set()).add((index.pk, index.sk))

    assert all(len(keys) == 1 for keys in by_name.values())
