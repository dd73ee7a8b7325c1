"""What the fixture's functions share."""

import json
import os
from typing import Any

import boto3


def table() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])


def answer(status: int, body: object) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
