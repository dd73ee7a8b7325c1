"""The webhook that Pipedrive keeps for one connection: made by us, looked after, and never more than one."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from crmbridge.domain.channels import Channel
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected
from crmbridge.platforms.channels import ChannelRequest, ChannelSpec
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import Row, rows
from crmbridge.platforms.pipedrive.fetching import data_of

LIST_COST: Final = 10
WRITE_COST: Final = 10
_NOT_ALLOWED: Final = (403, 422)
"""A scope or a right is missing; the user has forty webhooks already."""


def register(api: Api, request: ChannelRequest) -> Channel:
    """One webhook for everything, then none of the earlier ones: between the two there is no silence.

    A token that may make none leaves the connection to its incremental runs; it is tried again at the next look."""
    earlier = [str(row.get("id")) for row in _own(api, request)]
    body = {
        "subscription_url": request.target_url,
        "event_action": "*",
        "event_object": "*",
        "name": "CRM Bridge",
        "http_auth_user": request.user,
        "http_auth_password": request.password,
        "version": "2.0",
    }
    try:
        made = data_of(api.write("POST", paths.WEBHOOKS, body, cost=WRITE_COST).json)
    except (MissingScope, Rejected) as error:
        if error.status not in _NOT_ALLOWED:
            raise
        return Channel(facts={"reason": str(error)})
    for id in earlier:
        _delete(api, id)
    return Channel(ids=(str(made.get("id")),))


def renew(api: Api, request: ChannelRequest) -> Channel | None:
    """It has no end of its own; but ten failures ban it for half an hour and three days of them delete it."""
    ids = request.channel.ids if request.channel else ()
    own = {str(row.get("id")): row for row in _own(api, request)}
    living = [id for id in ids if id in own and _is_living(own[id])]
    if not living:
        return None
    for id in own.keys() - set(living):
        _delete(api, id)
    return Channel(ids=tuple(living))


def unregister(api: Api, request: ChannelRequest) -> None:
    for row in list(_own(api, request)):
        _delete(api, str(row.get("id")))


def _own(api: Api, request: ChannelRequest) -> Iterator[Row]:
    """Of this connection, by their address: other apps and other connections of the company have theirs."""
    try:
        found = rows(api.get(paths.WEBHOOKS, cost=LIST_COST))
    except (MissingScope, Rejected):
        return
    for row in found:
        if str(row.get("subscription_url")).startswith(request.target_base):
            yield row


def _is_living(row: Row) -> bool:
    """A ban does not show by itself; what shows is that the last delivery failed. A new webhook is not banned."""
    status = row.get("last_http_status")
    taken = not isinstance(status, int) or 200 <= status < 300
    return taken and row.get("is_active") in (None, True, 1) and not row.get("remove_reason")


def _delete(api: Api, id: str) -> None:
    try:
        api.write("DELETE", paths.webhook(id), None, cost=WRITE_COST)
    except RecordGone:
        return  # somebody was quicker


CHANNELS: Final = ChannelSpec(register=register, renew=renew, unregister=unregister, look_every=timedelta(hours=4))
