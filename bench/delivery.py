"""A delivery of HubSpot's as API Gateway hands it on: up to 100 events, signed as of now."""

import json
import time
from base64 import b64encode
from hashlib import sha256
from hmac import digest
from typing import Any

from bench.ours.settings import ENVIRONMENT
from bench.servers.cloud import APP_SECRET

PATH = "/v1/webhooks/hubspot"


def delivery(events: int = 100) -> dict[str, Any]:
    body = json.dumps([_event(number) for number in range(events)], separators=(",", ":"))
    sent_at = str(int(time.time() * 1000))
    signed = f"POST{ENVIRONMENT['PUBLIC_URL']}{PATH}{body}{sent_at}".encode()
    http = {"method": "POST", "path": PATH, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.10", "userAgent": "HubSpot"}
    return {
        "version": "2.0",
        "routeKey": "POST /v1/webhooks/{platform}",
        "rawPath": PATH,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "x-hubspot-request-timestamp": sent_at,
            "x-hubspot-signature-v3": b64encode(digest(APP_SECRET.encode(), signed, sha256)).decode(),
        },
        "requestContext": {"http": http, "requestId": "bench", "stage": "$default"},
        "isBase64Encoded": False,
        "pathParameters": {"platform": "hubspot"},
        "body": body,
    }


def _event(number: int) -> dict[str, Any]:
    return {
        "eventId": 3_181_526_811 + number,
        "subscriptionId": 2_208_761,
        "portalId": 8801,
        "appId": 990_012,
        "occurredAt": 1_777_881_599_000 + number,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 101 + 7 * number,
        "propertyName": "lifecyclestage",
        "propertyValue": "salesqualifiedlead",
        "changeSource": "CRM_UI",
        "sourceId": "userId:70000001",
    }
