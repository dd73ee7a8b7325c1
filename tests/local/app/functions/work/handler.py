"""Mark what came through the queue, with the secret that was to be read."""

import os
from typing import Any

import boto3
from shared import table


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]
    for record in event["Records"]:
        table().put_item(Item={"pk": f"seen#{record['body']}", "secret": secret})
    return {"batchItemFailures": []}
