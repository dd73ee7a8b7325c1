"""What CRM Bridge tells the chat app: checked, taken once, kept, and acted upon."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from local.simulators.chat.options import Settings
from local.simulators.chat.rooms import Rooms
from local.simulators.clock import Clock, iso


class Refused(ValueError):
    """The POST is not from CRM Bridge, or not what was agreed on."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Inbox:
    clock: Clock
    settings: Settings
    rooms: Rooms
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def take(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """The kept event; one whose `webhook-id` is known already only counts up its `deliveries`."""
        try:
            self._verify(body, headers)
            event = _event(body)
            number = headers["webhook-id"]
            if number in self.events:
                self.events[number]["deliveries"] += 1
                return {"duplicate": True}
            outcome = self._act(event)
        except Refused as refusal:
            self.refusals.append({"at": iso(self.clock.now_ms()), "status": refusal.status, "reason": str(refusal)})
            raise
        arrived = {"webhook_id": number, "at": iso(self.clock.now_ms()), "deliveries": 1}
        self.events[number] = {**arrived, **event, **outcome}
        return {"duplicate": False}

    def _verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """The library raises all sorts of things on junk headers."""
        for secret in filter(None, (self.settings.secret, self.settings.second_secret)):
            try:
                Webhook(secret).verify(body, dict(headers))
            except (WebhookVerificationError, ValueError, KeyError, OverflowError, OSError, binascii.Error):
                continue
            return
        raise Refused(401, "the signature is missing, wrong or too old")

    def _act(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] != "channel.members.wanted":
            return {}
        try:
            return {"outcomes": self.rooms.apply(event["data"])}
        except (KeyError, TypeError, ValueError) as wrong:
            raise Refused(400, f"channel.members.wanted: {type(wrong).__name__}: {wrong}") from wrong


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise Refused(400, f"not JSON: {broken}") from broken
    if not isinstance(event, dict) or not {"type", "timestamp", "data"} <= set(event):
        raise Refused(400, "an event has type, timestamp and data")
    return event
