"""Write a note, read it back, say hello, and try what its role forbids."""

import json
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError
from shared import answer, table


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    user = event["requestContext"].get("authorizer", {}).get("lambda", {}).get("user")
    if event["routeKey"] == "POST /v1/notes":
        note = {"pk": f"note#{json.loads(event['body'])['id']}", "by": user}
        table().put_item(Item=note)
        return answer(201, note)
    if event["routeKey"] == "GET /v1/notes/{id}":
        found = table().get_item(Key={"pk": f"note#{event['pathParameters']['id']}"}, ConsistentRead=True)
        return answer(200, found["Item"]) if "Item" in found else answer(404, {})
    if event["requestContext"]["http"]["method"] == "DELETE":
        return answer(200, refusal())
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="open")
    return answer(200, {"greeting": os.environ["GREETING"], "path": event["rawPath"]})


def refusal() -> str:
    try:
        boto3.client("dynamodb").delete_table(TableName=os.environ["TABLE"])
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return "nothing was refused"
