"""Goodbye takes what is the connection's own, and nothing of anybody else's."""

from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Health
from crmbridge.domain.errors import (
    NotFound,
    ReauthRequired,
)
from crmbridge.services.add_connection import add_connection
from crmbridge.services.disconnect import disconnect
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps

UNINSTALL_PATH = "/appinstalls/2026-03/external-install"
ADA = Caller("w1", "u1", "admin")
ZOE = Caller("w2", "u9", "admin")


def test_two_workspaces_share_an_account_and_part_without_hurting_each_other(
    connect: Any, deps: Deps, remote: Any
) -> None:
    mine, theirs = connect(ADA).connection, connect(ZOE).connection

    disconnect(deps, ADA, mine.id)

    assert deps.connections.list("w1") == []
    assert open_api(deps, deps.connections.get("w2", theirs.id), "click").get("/crm/v3/owners") == {"results": []}
    assert remote.count(UNINSTALL_PATH) == 0


def test_the_last_connection_of_an_account_takes_the_app_with_it(connect: Any, deps: Deps, remote: Any) -> None:
    mine, theirs = connect(ADA).connection, connect(ZOE).connection

    disconnect(deps, ADA, mine.id)
    disconnect(deps, ZOE, theirs.id)

    assert remote.count(UNINSTALL_PATH) == 1


def test_a_disconnected_connection_leaves_nothing_of_its_own(connect: Any, deps: Deps) -> None:
    connection = connect().connection

    disconnect(deps, ADA, connection.id)

    with pytest.raises(NotFound):
        deps.connections.get("w1", connection.id)
    with pytest.raises(ReauthRequired):
        deps.vault.read(connection)
    assert deps.connections.directories("w1", connection.id) is None


@pytest.mark.parametrize("answer", [(503, {}), (401, {}), (429, {})])
def test_a_crm_in_trouble_does_not_hold_a_disconnect_up(connect: Any, deps: Deps, hubspot: Any, answer: Any) -> None:
    connection = connect().connection
    hubspot.broken[UNINSTALL_PATH] = answer

    disconnect(deps, ADA, connection.id)

    assert deps.connections.list("w1") == []


def test_a_foreign_connection_is_an_unknown_one(connect: Any, deps: Deps) -> None:
    connection = connect().connection

    with pytest.raises(NotFound):
        disconnect(deps, ZOE, connection.id)

    assert deps.connections.get("w1", connection.id).health is Health.CONNECTED


def test_disconnecting_a_token_leaves_the_app_alone(connect: Any, deps: Deps, remote: Any) -> None:
    connection = add_connection(deps, ADA, "hubspot", {"token": "pat-48"})

    disconnect(deps, ADA, connection.id)

    assert remote.count(UNINSTALL_PATH) == 0
