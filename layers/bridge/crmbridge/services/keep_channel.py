"""The channel by which a CRM delivers to one connection: made, looked after, made anew when the CRM dropped it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from crmbridge.domain.channels import USER, Channel, Door, password
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Clash, Unsupported
from crmbridge.platforms.channels import ChannelRequest, ChannelSpec
from crmbridge.platforms.http import Api
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

LEASE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Shown once: only a hash of its token is kept. Has no repr: it must not reach a log."""

    url: str
    user: str
    password: str
    steps: str = ""


def keep_channel(deps: Deps, connection: Connection, api: Api) -> bool:
    """Renew the connection's channel, or make one. Whether it had to be made: then deliveries may have been missed."""
    spec = deps.platform(connection.platform).channels
    if spec is None or spec.register is None:
        return False
    with _alone(deps, connection):
        door = _door(deps, connection)
        if door.channel and spec.renew and (renewed := spec.renew(api, _request(deps, connection, door.channel))):
            deps.connections.save_door(replace(door, channel=renewed))
            return False
        kept, (door, address) = door.channel, _new_key(deps, connection)
        made = spec.register(api, _request(deps, connection, kept, address))
        deps.connections.save_door(replace(door, channel=made))
        return True


def drop_channel(deps: Deps, connection: Connection, api: Api) -> None:
    """Tell the CRM to stop; whatever it delivers then finds no door."""
    spec = deps.platform(connection.platform).channels
    door = deps.connections.door(connection.workspace, connection.id)
    if spec and spec.unregister and door:
        spec.unregister(api, _request(deps, connection, door.channel))


def make_address(deps: Deps, caller: Caller, id: str) -> Address:
    """Where the customer points the CRM by hand. The address before stays good until another one is made."""
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, id)
    platform = deps.platform(connection.platform)
    if platform.channels is None or not platform.channels.setup:
        raise Unsupported(f"{platform.title} needs no address of its own: it is told by itself where to deliver")
    with _alone(deps, connection):
        _, made = _new_key(deps, connection)
    deps.journal.audit(caller.workspace, "connection.address_made", caller.user, {"connection": id})
    steps = platform.channels.setup.format(url=made.url, user=made.user, password=made.password)
    return replace(made, steps=steps)


def next_look(spec: ChannelSpec | None, channel: Channel | None, now: datetime) -> datetime | None:
    """When the channel is looked after next; None where there is nothing to look after."""
    if spec is None or spec.register is None:
        return None
    looks = [now + spec.look_every]
    if channel and channel.expires_at:
        looks.append(max(channel.expires_at - spec.renew_ahead, now + (channel.expires_at - now) / 2))
    return min(looks)


def _door(deps: Deps, connection: Connection) -> Door:
    return deps.connections.door(connection.workspace, connection.id) or Door(
        workspace=connection.workspace,
        connection=connection.id,
        platform=connection.platform,
        account=connection.account,
    )


def _new_key(deps: Deps, connection: Connection) -> tuple[Door, Address]:
    """Kept before the CRM hears of it: it may deliver before it has answered."""
    token, salt = secrets.token_urlsafe(24), secrets.token_hex(16)
    door = _door(deps, connection).with_key(token, salt)
    deps.connections.save_door(door)
    return door, Address(_base(deps, connection) + token, USER, password(token, salt))


def _base(deps: Deps, connection: Connection) -> str:
    place = f"{connection.id}.{quote(connection.workspace, safe='')}"
    return f"{deps.public_url}/v1/webhooks/{connection.platform}/{place}/"


def _request(
    deps: Deps, connection: Connection, channel: Channel | None, address: Address | None = None
) -> ChannelRequest:
    return ChannelRequest(
        target_base=_base(deps, connection),
        target_url=address.url if address else "",
        user=address.user if address else "",
        password=address.password if address else "",
        channel=channel,
        account=connection.account,
        person=connection.user,
        directories=deps.connections.directories(connection.workspace, connection.id),
        now=deps.now(),
    )


@contextmanager
def _alone(deps: Deps, connection: Connection) -> Iterator[None]:
    """Two at once would make two channels."""
    lease, holder = f"channel#{connection.workspace}#{connection.id}", deps.new_id()
    if not deps.guards.acquire(lease, holder, LEASE):
        raise Clash("the channel of this connection is being made elsewhere: try again in a moment")
    try:
        yield
    finally:
        deps.guards.release(lease, holder)
