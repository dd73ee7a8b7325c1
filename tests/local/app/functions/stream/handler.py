"""Pass every new note on to the queue."""

import os
from typing import Any

import boto3


def handle(event: dict[str, Any], context: object) -> None:
    queue = boto3.client("sqs")
    for record in event.get("Records", []):
        queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["dynamodb"]["Keys"]["pk"]["S"])
