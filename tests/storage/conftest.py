"""Both stores behind one port: what is true of the memory twin must be true of DynamoDB, here on moto."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.items import INDEXES, Items
from crmbridge.storage.memory import MemoryItems
from moto import mock_aws


def create_table(table: str) -> None:
    """A table as `template.yaml` declares it: string keys, indexes that project keys only."""
    indexes = INDEXES[table]
    names = dict.fromkeys(["pk", "sk", *(name for index in indexes for name in (index.pk, index.sk))])
    secondary = [
        {
            "IndexName": index.name,
            "KeySchema": [
                {"AttributeName": index.pk, "KeyType": "HASH"},
                {"AttributeName": index.sk, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for index in indexes
    ]
    boto3.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": secondary} if secondary else {}),  # type: ignore[arg-type]  # the stubs want literals
    )


@pytest.fixture(params=["memory", "dynamo"])
def make_items(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Items]]:
    """An empty table of that name (a key of `items.INDEXES`), once in memory and once on moto."""
    if request.param == "memory":
        yield MemoryItems
        return

    def make(table: str) -> Items:
        create_table(table)
        return DynamoItems(boto3.client("dynamodb"), table, lambda _: None)

    with mock_aws():
        yield make
