"""An account is connected by a token that an admin made by hand."""

from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection, Health
from crmbridge.domain.errors import (
    Invalid,
    PlatformError,
)
from crmbridge.services.add_connection import add_connection
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.storage.vault import MemoryVault

ADA = Caller("w1", "u1", "admin")


def test_an_account_is_connected_by_a_token_made_by_hand(deps: Deps, hubspot: Any) -> None:
    connection = add_connection(deps, ADA, "hubspot", {"token": " pat-48\n"}, display_name="Sandbox")

    assert (connection.account, connection.auth, connection.display_name) == ("48", "token", "Sandbox")
    assert deps.vault.read(connection).tokens.access_token == "pat-48"
    assert connection.active_run is not None


def test_a_token_needs_no_app_of_ours(make_deps: Any, hubspot: Any) -> None:
    connection: Connection = add_connection(make_deps(vault=MemoryVault()), ADA, "hubspot", {"token": "pat-48"})

    assert connection.account == "48"


@pytest.mark.parametrize("token", ["", "  ", "pat-\u00e9", "pat\n48", "pat-refused"])
def test_a_token_that_is_none_or_is_refused_names_the_field(deps: Deps, hubspot: Any, token: str) -> None:
    with pytest.raises(Invalid, match="token"):
        add_connection(deps, ADA, "hubspot", {"token": token})

    assert deps.connections.list("w1") == []


def test_a_connection_that_needs_a_reconnect_is_not_asked(make_connection: Any, deps: Deps, remote: Any) -> None:
    connection = make_connection(health=Health.NEEDS_RECONNECT)

    with pytest.raises(PlatformError, match="needs_reconnect"):
        open_api(deps, connection, "click")

    assert remote.asked == []
