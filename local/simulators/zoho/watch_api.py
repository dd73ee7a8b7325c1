"""`/actions/watch`: opens, changes, lists and closes notification channels."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.channels import OPERATIONS, Channel
from local.simulators.zoho.errors import Item, Refused, Reply, invalid, mandatory, missing_param, success
from local.simulators.zoho.values import moment_ms
from local.simulators.zoho.write_api import answered, items_of

CHANNEL_ID = re.compile(r"-?\d{1,19}")
LONGEST_TOKEN = 50
ADDED = "Successfully subscribed for actions-watch of the given module"
UPDATED = "Successfully updated the subscribe details"
REMOVED = "Successfully removed the subscribe details"
CLOSED = "Successfully un-subscribed from actions-watch"
Wish = Mapping[str, Any]
Doing = Callable[[Wish, str], Item]


def enable(call: Call) -> Reply:
    """What a channel of that number hears of already, it goes on hearing of."""
    call.need("notifications")

    def one(wish: Wish, path: str) -> Item:
        key = _key(call, wish, path)
        events = _events(call, wish, path)
        held = _live(call, key)
        channel = Channel(key[2], call.org, call.access.user_id, _url(wish, path), _expiry(call, wish, path))
        channel.events = events | (held.events if held else set())
        _set(channel, wish, path)
        call.suite.teller.channels[key] = channel
        return success(ADDED, {"events": _told(call, channel, {module for module, _ in events})})

    return _each(call, one, 201)


def replace(call: Call) -> Reply:
    """Everything that is not said falls back to what it is without being said."""
    call.need("notifications")

    def one(wish: Wish, path: str) -> Item:
        key = _key(call, wish, path)
        held = _held(call, key, path)
        channel = Channel(key[2], call.org, call.access.user_id, _url(wish, path), _expiry(call, wish, path))
        channel.events = _events(call, wish, path)
        _set(channel, wish, path)
        _adopt(held, channel)
        return success(UPDATED, {"events": _told(call, held)})

    return _each(call, one, 200)


def change(call: Call) -> Reply:
    """Only what is said; with `_delete_events` the events named are taken out."""
    call.need("notifications")

    def one(wish: Wish, path: str) -> Item:
        channel = _held(call, _key(call, wish, path), path)
        if wish.get("_delete_events"):
            return _without(call, channel, _events(call, wish, path))
        if "events" in wish:
            channel.events = _events(call, wish, path)
        if "notify_url" in wish:
            channel.url = _url(wish, path)
        if "channel_expiry" in wish:
            channel.expires = _expiry(call, wish, path)
        _set(channel, wish, path)
        return success(UPDATED, {"events": _told(call, channel)})

    return _each(call, one, 200)


def listed(call: Call) -> Reply:
    """One entry per channel and module; channels that have expired are gone."""
    call.need("notifications")
    wanted, module, (page, size) = call.query.get("channel_id"), call.query.get("module"), call.page()
    shown = [
        channel.wire(name, call.suite.api_domain(call.org.facts.centre))
        for channel in call.suite.teller.of(call.org, call.access.user_id) if wanted in (None, channel.id)
        for name in channel.modules if module in (None, name)
    ]  # fmt: skip
    found = shown[(page - 1) * size : page * size]
    if not found:
        return Reply(204)
    info = {"per_page": size, "count": len(found), "page": page, "more_records": len(shown) > page * size}
    return Reply(200, {"watch": found, "info": info})


def disable(call: Call) -> Reply:
    call.need("notifications")
    ids = [each for each in call.query.get("channel_ids", "").split(",") if each]
    if not ids:
        raise missing_param("channel_ids")
    items: list[Item] = []
    for each in ids:
        key = (call.org.facts.id, call.access.user_id, each)
        channel = _live(call, key)
        if channel is None:
            items.append(Refused(400, "NOT_SUBSCRIBED", "the channel is not subscribed", channel_id=each).item)
        else:
            del call.suite.teller.channels[key]
            items += [success(CLOSED, _resource(call, channel, module)) for module in channel.modules]
    return answered(call, items, 200, "watch")


def _each(call: Call, one: Doing, good: int) -> Reply:
    items: list[Item] = []
    for place, wish in enumerate(items_of(call, key="watch")):
        try:
            items.append(one(wish, f"$.watch[{place}]"))
        except Refused as refused:
            items.append(refused.item)
    return answered(call, items, good, "watch")


def _key(call: Call, wish: Wish, path: str) -> tuple[str, str, str]:
    channel_id = wish.get("channel_id")
    if channel_id is None:
        raise mandatory("channel_id", f"{path}.channel_id")
    if not CHANNEL_ID.fullmatch(str(channel_id)):
        raise invalid("channel_id", f"{path}.channel_id", expected_data_type="long")
    return call.org.facts.id, call.access.user_id, str(channel_id)


def _live(call: Call, key: tuple[str, str, str]) -> Channel | None:
    channel = call.suite.teller.channels.get(key)
    return channel if channel and channel.expires > call.suite.clock.now() else None


def _held(call: Call, key: tuple[str, str, str], path: str) -> Channel:
    channel = _live(call, key)
    if channel is None:
        details = {"api_name": "channel_id", "json_path": f"{path}.channel_id"}
        raise Refused(400, "NOT_SUBSCRIBED", "the channel is not subscribed", **details)
    return channel


def _events(call: Call, wish: Wish, path: str) -> set[tuple[str, str]]:
    if not wish.get("events"):
        raise mandatory("events", f"{path}.events")
    events: set[tuple[str, str]] = set()
    for place, each in enumerate(wish["events"]):
        module, _, what = str(each).partition(".")
        if module not in call.org.modules or what not in {*OPERATIONS, "all"}:
            raise invalid("events", f"{path}.events[{place}]")
        events |= {(module, name) for name in OPERATIONS if what in (name, "all")}
    return events


def _url(wish: Wish, path: str) -> str:
    url = wish.get("notify_url")
    if not url:
        raise mandatory("notify_url", f"{path}.notify_url")
    if urlsplit(str(url)).scheme not in {"http", "https"}:
        raise invalid("notify_url", f"{path}.notify_url")
    return str(url)


def _expiry(call: Call, wish: Wish, path: str) -> float:
    settings, now = call.suite.settings, call.suite.clock.now()
    if wish.get("channel_expiry") is None:
        return now + settings.channel_default_seconds
    found = moment_ms(str(wish["channel_expiry"]))
    if found is None:
        raise invalid("channel_expiry", f"{path}.channel_expiry", expected_data_type="datetime")
    if not now < found / 1000 <= now + settings.channel_longest_seconds + 60:
        raise invalid("channel_expiry", f"{path}.channel_expiry")
    return found / 1000


def _set(channel: Channel, wish: Wish, path: str) -> None:
    if len(str(wish.get("token") or "")) > LONGEST_TOKEN:
        raise invalid("token", f"{path}.token", maximum_length=LONGEST_TOKEN)
    if "token" in wish:
        channel.token = wish["token"]
    if "notify_on_related_action" in wish:
        channel.related = bool(wish["notify_on_related_action"])
    if "return_affected_field_values" in wish:
        channel.with_values = bool(wish["return_affected_field_values"])
    if "notification_condition" in wish:
        channel.conditions = wish["notification_condition"] or []


def _adopt(held: Channel, other: Channel) -> None:
    for name in ("url", "expires", "events", "token", "related", "with_values", "conditions"):
        setattr(held, name, getattr(other, name))


def _without(call: Call, channel: Channel, events: set[tuple[str, str]]) -> Item:
    told = [_resource(call, channel, module) for module in sorted({module for module, _ in events})]
    channel.events -= events
    return success(REMOVED, {"events": told})


def _told(call: Call, channel: Channel, only: set[str] | None = None) -> list[dict[str, Any]]:
    expiry = {"channel_expiry": call.org.moment(int(channel.expires) * 1000)}
    return [expiry | {"resource_name": module, **_resource(call, channel, module)}
            for module in channel.modules if only is None or module in only]  # fmt: skip


def _resource(call: Call, channel: Channel, module: str) -> dict[str, Any]:
    domain = call.suite.api_domain(call.org.facts.centre)
    return {"resource_uri": f"{domain}/crm/v8/{module}", "resource_id": call.org.modules[module].id,
            "channel_id": channel.id}  # fmt: skip


ROUTES = [
    RouteSpec("POST", "/v8/actions/watch", enable),
    RouteSpec("PUT", "/v8/actions/watch", replace),
    RouteSpec("PATCH", "/v8/actions/watch", change),
    RouteSpec("GET", "/v8/actions/watch", listed),
    RouteSpec("DELETE", "/v8/actions/watch", disable),
]
