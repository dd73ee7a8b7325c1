"""AWS as far as the measured paths use it, answered at once: DynamoDB, SQS, Secrets Manager.

DynamoDB keeps its items and its conditions, so that fences, leases and budgets work; it has no indexes. What was asked
is counted and told at `/_counts`; the keys of a table are at `/_keys?<table>`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from bench.servers.expressions import changed, holds
from bench.servers.wire import Reply, Request, serve

APP_SECRET: Final = "bench-app-secret"
QUERY_PAGE: Final = 1_000_000
"""Bytes read by one call of Query, as DynamoDB has it."""

Json = dict[str, Any]
Table = dict[str, dict[str, tuple[Json, int]]]
"""Partition key -> sort key -> the item, and roughly its size."""


class Refused(Exception):
    """A condition did not hold; `told` is what DynamoDB says then."""

    def __init__(self, code: str, **told: Any) -> None:
        super().__init__(code)
        self.told = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **told}


class Cloud:
    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._counts: Counter[str] = Counter()
        self._operations: Mapping[str, Callable[[Json], Json]] = {
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "GetSecretValue": _secret,
            "PutItem": self._put,
            "Query": self._query,
            "SendMessage": lambda _: {"MessageId": "1", "MD5OfMessageBody": ""},
            "SendMessageBatch": _sent,
            "TransactWriteItems": self._transact,
            "DeleteItem": self._delete,
            "GetItem": self._get,
            "UpdateItem": lambda asked: {"Attributes": self._update(asked)},
        }

    def answer(self, request: Request) -> Reply:
        if request.method == "GET":
            return self._told(request.target)
        operation = request.headers["x-amz-target"].rpartition(".")[2]
        asked = orjson.loads(request.body)
        self._counts[f"{operation} {_table(asked)}".rstrip()] += 1
        try:
            answer, status = self._operations[operation](asked), 200
        except Refused as refused:
            answer, status = refused.told, 400
        return Reply(orjson.dumps(answer), status, headers="Content-Type: application/x-amz-json-1.0\r\n")

    def _told(self, target: str) -> Reply:
        asked = urlsplit(target)
        if asked.path == "/_counts":
            return Reply(orjson.dumps(dict(self._counts)))
        table = self._tables.get(asked.query, {})
        return Reply(orjson.dumps([[pk, sk] for pk, rows in table.items() for sk in rows]))

    def _put(self, asked: Json) -> Json:
        self._check(asked)
        self._keep(asked["TableName"], asked["Item"])
        return {}

    def _update(self, asked: Json) -> Json:
        self._check(asked)
        made = changed(asked, self._held(asked))
        self._keep(asked["TableName"], made)
        return made

    def _delete(self, asked: Json) -> Json:
        self._check(asked)
        held = self._held(asked)
        self._tables.get(asked["TableName"], {}).get(asked["Key"]["pk"]["S"], {}).pop(asked["Key"]["sk"]["S"], None)
        return {"Attributes": held} if held else {}

    def _get(self, asked: Json) -> Json:
        held = self._held(asked)
        return {"Item": held} if held else {}

    def _transact(self, asked: Json) -> Json:
        steps = [(verb, step) for operation in asked["TransactItems"] for verb, step in operation.items()]
        refused = [not holds(step, self._held(step)) for _, step in steps]
        if any(refused):
            reasons = [{"Code": "ConditionalCheckFailed" if each else "None"} for each in refused]
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        does = {"Put": self._put, "Update": self._update, "Delete": self._delete}
        for verb, step in steps:
            if verb in does:
                does[verb](step)
        return {}

    def _check(self, asked: Json) -> None:
        if not holds(asked, self._held(asked)):
            raise Refused("ConditionalCheckFailedException")

    def _held(self, asked: Json) -> Json:
        key = asked.get("Key") or asked["Item"]
        rows = self._tables.get(asked["TableName"], {}).get(key["pk"]["S"], {})
        return rows[key["sk"]["S"]][0] if key["sk"]["S"] in rows else {}

    def _batch_write(self, asked: Json) -> Json:
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                self._keep(table, request["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def _keep(self, table: str, item: Json) -> None:
        size = sum(len(next(iter(value.values()))) for value in item.values() if "S" in value)
        rows = self._tables.setdefault(table, {}).setdefault(item["pk"]["S"], {})
        rows[item["sk"]["S"]] = item, size

    def _batch_get(self, asked: Json) -> Json:
        ((table, request),) = asked["RequestItems"].items()
        partitions = self._tables.get(table, {})
        found = [partitions.get(key["pk"]["S"], {}).get(key["sk"]["S"]) for key in request["Keys"]]
        return {"Responses": {table: [_projected(row[0], request) for row in found if row]}, "UnprocessedKeys": {}}

    def _query(self, asked: Json) -> Json:
        """`#0 = :0`, with a range of the sort key or without, of the table itself."""
        values = [value["S"] for value in asked["ExpressionAttributeValues"].values()]
        pk, low, high = (*values, "", "\U0010ffff")[:3] if len(values) != 2 else (*values, "\U0010ffff")
        rows = self._tables.get(asked["TableName"], {}).get(pk, {})
        after = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        items, size = [], 0
        for sk in sorted(sk for sk in rows if low <= sk <= high and sk > after):
            items.append(_projected(rows[sk][0], asked))
            size += rows[sk][1]
            if size > QUERY_PAGE:
                return {"Items": items, "LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        return {"Items": items}


def _table(asked: Json) -> str:
    if "TransactItems" in asked:
        return str(next(iter(asked["TransactItems"][0].values()))["TableName"])
    return str(asked.get("TableName") or next(iter(asked.get("RequestItems", {"": 0}))))


def _projected(item: Json, asked: Json) -> Json:
    if "ProjectionExpression" not in asked:
        return item
    names = asked["ExpressionAttributeNames"]
    wanted = (names[name] for name in asked["ProjectionExpression"].split(", "))
    return {name: item[name] for name in wanted if name in item}


def _sent(asked: Json) -> Json:
    done = [{"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""} for entry in asked["Entries"]]
    return {"Successful": done, "Failed": []}


def _secret(_: Json) -> Json:
    text = orjson.dumps({"client_id": "1", "client_secret": APP_SECRET, "app_id": "1"}).decode()
    return {"ARN": "arn", "Name": "app", "VersionId": "1", "SecretString": text, "VersionStages": ["AWSCURRENT"]}


if __name__ == "__main__":
    serve(Cloud().answer)
