"""The chat app takes signed events once, follows the newest wish, and vouches for its users."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from standardwebhooks.webhooks import Webhook

from local.simulators import Running, running
from local.simulators.chat import Options


def tell(sim: Running, number: str, data: dict[str, Any], kind: str = "channel.members.wanted", **change: str) -> int:
    now = datetime.now(UTC)
    body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
    signature = Webhook(Options().secret).sign(number, now, body)
    headers = {"webhook-id": number, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    answer = requests.post(f"{sim.url}/hooks/crm-bridge", data=body, headers={**headers, **change}, timeout=5)
    return answer.status_code


def wish(user: str, wanted: str, sequence: int) -> dict[str, Any]:
    return {"user": user, "email": None, "wanted": wanted, "sequence": sequence, "reason": "owns a big deal"}


def group(*members: dict[str, Any]) -> dict[str, Any]:
    return {"group": "g1", "channel": "C0DEALS", "members": list(members)}


def members(sim: Running) -> list[str]:
    found: list[str] = sim.state(channel="C0DEALS")["members"]
    return found


def test_wanted_members_come_and_go(chat: Running) -> None:
    tell(chat, "m1", group(wish("UNANNA", "in", 1), wish("UNBEN", "in", 1)))
    tell(chat, "m2", group(wish("UNANNA", "out", 2)))

    assert members(chat) == ["UNBEN"]
    assert chat.state(channel="C0DEALS")["reasons"] == {"UNBEN": "owns a big deal"}


def test_a_wish_older_than_the_last_one_is_left_alone(chat: Running) -> None:
    tell(chat, "m2", group(wish("UNANNA", "out", 2)))
    tell(chat, "m1", group(wish("UNANNA", "in", 1)))

    assert members(chat) == []


def test_a_wish_that_is_neither_in_nor_out_is_refused(chat: Running) -> None:
    assert tell(chat, "m1", group(wish("UNANNA", "maybe", 1))) == 400
    assert chat.state()["refusals"][0]["reason"].endswith("wanted is in or out, not 'maybe'")


def test_people_are_found_by_address_too_and_strangers_are_reported(chat: Running) -> None:
    by_mail = {**wish("", "in", 1), "email": "BEN@nordlicht-example.test"}
    tell(chat, "m1", group(by_mail, wish("U-NOBODY", "in", 1)))

    outcomes = chat.control("GET", "events")["events"][0]["outcomes"]
    assert members(chat) == ["UNBEN"]
    assert [each["outcome"] for each in outcomes] == ["in", "unknown_user"]


@pytest.mark.parametrize(("owns", "left"), [(False, ["UNANNA", "UNCARLA"]), (True, ["UNANNA"])])
def test_who_came_by_hand_stays_unless_the_group_owns_the_channel(chat: Running, owns: bool, left: list[str]) -> None:
    chat.mutate(*({"op": "add_member", "channel": "C0DEALS", "user": user} for user in ("UNANNA", "UNCARLA")))

    tell(chat, "m1", {**group(wish("UNANNA", "in", 1), wish("UNBEN", "out", 1)), "owns_channel": owns})

    outcomes = chat.control("GET", "events")["events"][0]["outcomes"]
    assert members(chat) == left
    assert [each["user"] for each in outcomes if each["outcome"] == "put_out"] == (["UNCARLA"] if owns else [])


def test_an_event_is_taken_once(chat: Running) -> None:
    statuses = [tell(chat, "same", {"receipt": 1}, "action.completed") for _ in range(2)]

    kept = chat.control("GET", "events")["events"]
    assert statuses == [200, 200]
    assert [(event["type"], event["deliveries"]) for event in kept] == [("action.completed", 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "junk"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-id": "another"},
    ],
)
def test_what_is_not_signed_right_is_refused(chat: Running, change: dict[str, str]) -> None:
    assert tell(chat, "m1", group(wish("UNANNA", "in", 1)), **change) == 401
    assert members(chat) == []


def test_trouble_can_be_made_for_the_hook(chat: Running) -> None:
    chat.faults({"kind": "status", "status": 503, "path": "^/hooks/"}, {"kind": "rate_limit", "path": "^/hooks/"})

    assert [tell(chat, "m1", group(wish("UNANNA", "in", 1))) for _ in range(3)] == [503, 429, 200]


def test_messages_with_cards_are_kept(chat: Running) -> None:
    card = {"buttons": [{"id": "log_call", "text": "Log a call"}]}

    chat.mutate({"op": "post_message", "channel": "C0SUPPORT", "user": "UADMIN", "text": "Hello", "card": card})

    assert chat.state()["channels"]["C0SUPPORT"]["messages"][0]["card"] == card


def test_its_tokens_verify_with_its_published_key(chat: Running) -> None:
    token = chat.control("POST", "token", json={"user": "UNANNA", "role": "admin"})["token"]

    issuer = requests.get(f"{chat.url}/.well-known/openid-configuration", timeout=5).json()
    key = jwt.PyJWKClient(issuer["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, algorithms=["RS256"], audience="crm-bridge", issuer=chat.url)
    assert (claims["sub"], claims["workspace"], claims["role"]) == ("UNANNA", "acme", "admin")
    assert claims["email"] == "anna@nordlicht-example.test"
    assert claims["exp"] - claims["iat"] == 3600


def test_its_key_survives_a_restart(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with running("chat", key_file=str(tmp_path / "deep" / "key.pem")) as sim:
            keys.append(requests.get(f"{sim.url}/jwks.json", timeout=5).json())

    assert keys[0] == keys[1]
