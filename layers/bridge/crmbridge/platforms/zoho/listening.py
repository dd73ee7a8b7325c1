"""The notification channel that Zoho keeps for one connection: a week at most, so that it is put off every day."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from crmbridge.domain.channels import Channel
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected
from crmbridge.platforms.channels import ChannelRequest, ChannelSpec
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.errors import Answer, explain_item, items_of
from crmbridge.platforms.zoho.objects import OBJECTS
from crmbridge.platforms.zoho.queries import PER_PAGE, Row, rows_of, second

LIFE: Final = timedelta(days=7) - timedelta(hours=1)
"""A week is the most that Zoho takes, by its own clock."""
EVENTS: Final = tuple(f"{name}.all" for name in OBJECTS)
PAGES: Final = 50
LOST: Final = "NOT_SUBSCRIBED"


def register(api: Api, request: ChannelRequest) -> Channel:
    """One channel for everything, then none of the earlier ones: between the two there is no silence.

    A token that may make none leaves the connection to its incremental runs; it is tried again at the next look."""
    earlier = _own(api, request)
    id = channel_id(request.target_url)
    watch = {
        "channel_id": id,
        "events": list(EVENTS),
        "channel_expiry": second(request.now + LIFE),
        "token": request.password,
        "notify_url": request.target_url,
        "return_affected_field_values": False,
        "notify_on_related_action": False,
    }
    try:
        items = _write(api, "POST", watch)
    except (MissingScope, Rejected) as error:
        return Channel(facts={"reason": str(error)})
    _end(api, [one for one in earlier if one != id])
    return Channel(ids=(id,), expires_at=_expiry(items, request.now + LIFE))


def renew(api: Api, request: ChannelRequest) -> Channel | None:
    """Puts its end off. None where Zoho does not know it any more: it has run out, or its user lost the right."""
    ids = request.channel.ids if request.channel else ()
    if not ids:
        return None
    watch = {"channel_id": ids[0], "events": list(EVENTS), "channel_expiry": second(request.now + LIFE)}
    try:
        items = _write(api, "PATCH", watch)
    except (RecordGone, MissingScope, Rejected):
        return None
    return Channel(ids=ids[:1], expires_at=_expiry(items, request.now + LIFE))


def unregister(api: Api, request: ChannelRequest) -> None:
    _end(api, _own(api, request))


def channel_id(url: str) -> str:
    """A number of 64 bits that we choose; another one for every address."""
    return str(int.from_bytes(sha256(url.encode()).digest()[:7]) + 1)


def _write(api: Api, method: str, watch: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The items that went through. Zoho answers per module: one that this edition lacks does not spoil the others."""
    answer = api.call(Call(method=method, path=paths.WATCH, body={"watch": [watch]}, writes=True))
    items = items_of(answer.json)
    good = [item for item in items if item.get("status") != "error"]
    if items and not good:
        raise explain_item(Answer(answer.status, answer.headers, items[0], sent_write=True))
    return good


def _own(api: Api, request: ChannelRequest) -> list[str]:
    """Of this connection, by their address and by what was kept: other apps' and connections' are left alone."""
    kept = list(request.channel.ids) if request.channel else []
    rows = _all(api)
    found = [str(row.get("channel_id")) for row in rows if _is_own(row, request.target_base)]
    there = {str(row.get("channel_id")) for row in rows}
    return list(dict.fromkeys([*found, *(id for id in kept if id in there)]))


def _is_own(row: Row, base: str) -> bool:
    return row.get("channel_id") is not None and str(row.get("notify_url")).startswith(base)


def _all(api: Api) -> list[Row]:
    """One row per channel and module."""
    rows: list[Row] = []
    for page in range(1, PAGES + 1):
        try:
            answer = api.get(paths.WATCH, {"page": str(page), "per_page": str(PER_PAGE)})
        except (MissingScope, Rejected):
            break
        found = rows_of(answer, "watch")
        rows += found.records
        if not found.more:
            break
    return rows


def _end(api: Api, ids: Sequence[str]) -> None:
    for id in ids:
        call = Call(method="DELETE", path=paths.WATCH, params={"channel_ids": id}, writes=True)
        try:
            api.call(call)
        except RecordGone:
            continue
        except Rejected as error:
            if error.code != LOST:
                raise  # one that has run out meanwhile is ended already


def _expiry(items: Sequence[Mapping[str, Any]], hoped: datetime) -> datetime:
    """As Zoho says: the soonest of its modules."""
    found = [hoped]
    for item in items:
        details = item.get("details")
        events = details.get("events") if isinstance(details, dict) else None
        for event in events if isinstance(events, list) else ():
            try:
                found.append(to_instant(event.get("channel_expiry")))
            except (ValueError, AttributeError):
                continue
    return min(found)


CHANNELS: Final = ChannelSpec(
    register=register,
    renew=renew,
    unregister=unregister,
    look_every=timedelta(days=1),
    renew_ahead=timedelta(days=3),
)
