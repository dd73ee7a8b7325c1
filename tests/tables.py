"""The tables of `items.INDEXES` as `template.yaml` declares them: string keys, indexes that project keys only."""

from typing import Any

from crmbridge.storage.items import INDEXES


def table_definition(table: str) -> dict[str, Any]:
    """What CreateTable wants for it."""
    names = dict.fromkeys(["pk", "sk", *(name for index in INDEXES[table] for name in (index.pk, index.sk))])
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
