"""The stores under contract: the memory twin and DynamoDB (moto, in this process)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from crmbridge.storage.aws import client
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.items import INDEXES, Items
from crmbridge.storage.memory import MemoryItems
from moto import mock_aws

NewTable = Callable[[str], Items]
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def table_definition(table: str) -> dict[str, Any]:
    """What CreateTable wants for a table of `items.INDEXES`."""
    names = ["pk", "sk", *(name for index in INDEXES[table] for name in (index.pk, index.sk))]
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _schema(index.pk, index.sk),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for index in INDEXES[table]
    ]
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


def _schema(pk: str, sk: str) -> list[dict[str, str]]:
    return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Our own clients, answered by moto."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def new_table(request: pytest.FixtureRequest) -> NewTable:
    """Make an empty table of that name in the store under test."""
    if request.param == "memory":
        return MemoryItems
    dynamodb = request.getfixturevalue("aws")("dynamodb")

    def create(table: str) -> Items:
        dynamodb.create_table(**table_definition(table))
        return DynamoItems(dynamodb, table)

    return create


@pytest.fixture
def items(new_table: NewTable) -> Items:
    return new_table("control")
