"""Clean up behind a disconnected connection, as far as the time allows; the schedule rings until it is done."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from crmbridge.domain.connections import Connection, TokenSet
from crmbridge.domain.errors import PlatformError, ReauthRequired, Stale
from crmbridge.domain.messages import Message
from crmbridge.services.keep_channel import drop_channel
from crmbridge.services.keep_tokens import KeptTokens
from crmbridge.services.open_api import CLICK_PATIENCE, app_of, open_with
from crmbridge.services.ports import Deps

STRETCH: Final = 1000
"""Items deleted between two looks at the clock."""
STRETCH_MARGIN: Final = timedelta(seconds=30)


def ring_forgetting(deps: Deps, connection: Connection) -> None:
    body = {"workspace": connection.workspace, "forget": connection.id}
    deps.queues.pages.send(Message(body, group=f"{connection.platform}#{connection.account}"))


def forget_connection(deps: Deps, workspace: str, id: str, *, deadline: datetime) -> None:
    """Tokens, then records. The connection itself goes last, once no worker can still store what it read before the
    goodbye: then all is looked after once more. Does nothing to a connection that was not disconnected."""
    connection = deps.connections.disconnected(workspace, id)
    if connection is None:
        return
    let_go(deps, connection)
    while deps.records.forget(workspace, id, limit=STRETCH):
        if deps.now() + STRETCH_MARGIN > deadline:
            ring_forgetting(deps, connection)
            return
    if connection.forget_at is None or connection.forget_at <= deps.now():
        deps.connections.delete(connection)
        return
    with suppress(Stale):  # a second message was quicker
        deps.connections.save(replace(connection, incremental_due_at=connection.forget_at))


def let_go(deps: Deps, connection: Connection) -> None:
    """Revoke what the CRM granted, where that is nobody else's, and delete our tokens; without tokens it was done."""
    try:
        tokens = deps.vault.read(connection).tokens
    except ReauthRequired:
        return
    _part(deps, connection, tokens)
    deps.vault.delete(connection)


def _part(deps: Deps, connection: Connection, tokens: TokenSet) -> None:
    """The channel is this connection's own; the app and its grant belong to the account: they are revoked with its
    last connection in any workspace. A CRM in trouble does not hold a disconnect up."""
    platform = deps.platform(connection.platform)
    app = app_of(deps, platform, connection.auth)
    kept = KeptTokens(deps, platform, app, connection, CLICK_PATIENCE)
    api = open_with(deps, platform, app, kept, connection.account, "click", auth=connection.auth)
    api.base_url = app.api_url or connection.base_url or platform.api_url
    kept.moved = partial(setattr, api, "base_url")
    with _noting(deps, connection, "connection.channel_left"):
        drop_channel(deps, connection, api)
    others = [
        each for each in deps.connections.of_account(platform.name, connection.account) if each.id != connection.id
    ]
    if connection.auth == "oauth" and not others:
        with _noting(deps, connection, "connection.not_revoked"):
            platform.oauth.revoke(api, tokens, app)


@contextmanager
def _noting(deps: Deps, connection: Connection, what: str) -> Iterator[None]:
    try:
        yield
    except PlatformError as error:
        deps.journal.audit(connection.workspace, what, "", {"reason": str(error)})
