"""How a platform's deliveries to one connection are subscribed to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmbridge.domain.channels import Channel
from crmbridge.domain.directories import Directories
from crmbridge.platforms.http import Api


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChannelRequest:
    """`target_url` is where deliveries go, and `user` and `password` what they must show; the three are empty when a
    channel is renewed or ended. Every address of this connection, this one and earlier ones, begins with `target_base`.
    `channel` is the one that was kept last. Has no repr: it must not reach a log."""

    target_base: str
    target_url: str = ""
    user: str = ""
    password: str = ""
    channel: Channel | None
    account: str
    person: str
    """The CRM's id of the user whom the tokens speak for."""
    directories: Directories | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """`register` subscribes, and leaves exactly one channel whose address begins with `target_base`. `renew` looks
    after it and puts its end off; None: the CRM has dropped it, banned it or lost it, and a new one is made. None for
    `register`: the customer sets it up, as `setup` says (`{url}`, `{user}` and `{password}` stand for what is made)."""

    register: Callable[[Api, ChannelRequest], Channel] | None = None
    renew: Callable[[Api, ChannelRequest], Channel | None] | None = None
    unregister: Callable[[Api, ChannelRequest], None] | None = None
    setup: str = ""
    look_every: timedelta = timedelta(hours=1)
    renew_ahead: timedelta = timedelta(days=1)
    """How long before its end a channel is renewed."""
