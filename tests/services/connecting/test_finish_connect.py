"""Every way the browser can come back from a CRM."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Health
from crmbridge.domain.errors import (
    Clash,
    Refused,
)
from crmbridge.domain.runs import RunType
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.disconnect import disconnect
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.ports import Deps

TOKEN_PATH = "/oauth/2026-03/token"
SCOPES = [scope.name for scope in HUBSPOT.oauth.scopes]
ADA = Caller("w1", "u1", "admin")


def test_a_granted_account_becomes_a_connection_with_tokens_names_and_a_first_full_run(
    connect: Any, deps: Deps
) -> None:
    done = connect()

    connection = done.connection
    assert done.return_url == "https://chat.test/done"
    assert (connection.account, connection.user, connection.health) == ("48", "5501", Health.CONNECTED)
    assert connection.scopes == tuple(SCOPES)
    assert deps.vault.read(connection).tokens.refresh_token == "rt-48"
    assert deps.connections.directories("w1", connection.id) is not None
    assert connection.facts
    assert deps.journal.run("w1", connection.active_run).type is RunType.FULL


def test_a_state_that_is_unknown_used_or_missing_is_refused(connect: Any, begin: Any, refusal: Any) -> None:
    state = begin()
    used = refusal(state=state)

    assert used.reason == "missing_code"
    assert refusal(state=state, code="code-48").reason == "unknown_or_used_state"
    assert refusal(state="made-up", code="code-48").reason == "unknown_or_used_state"
    assert refusal(code="code-48").reason == "unknown_or_used_state"


def test_a_state_is_good_for_ten_minutes(begin: Any, refusal: Any, clock: Any) -> None:
    state = begin()
    clock.advance(600)

    assert refusal(state=state, code="code-48").reason == "unknown_or_used_state"


def test_a_state_of_another_platform_is_refused(deps: Deps, begin: Any) -> None:
    other = replace(HUBSPOT, name="other")
    deps = replace(deps, platform=lambda name: other)

    with pytest.raises(Refused, match="not made here"):
        finish_connect(deps, "other", {"state": begin(), "code": "code-48"})


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"error": "access_denied"}, "denied_at_provider"),
        ({}, "missing_code"),
        ({"code": ""}, "missing_code"),
        ({"code": "expired"}, "exchange_failed"),
    ],
)
def test_every_way_the_browser_can_come_back_without_a_grant_has_a_name(
    begin: Any, refusal: Any, deps: Deps, query: dict[str, str], reason: str
) -> None:
    refused = refusal(state=begin(), **query)

    assert (refused.reason, refused.return_url) == (reason, "https://chat.test/done")
    assert deps.connections.list("w1") == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_endpoint_in_trouble_is_a_failed_exchange(begin: Any, refusal: Any, hubspot: Any, status: int) -> None:
    hubspot.broken[TOKEN_PATH] = (status, {})

    assert refusal(state=begin(), code="code-48").reason == "exchange_failed"


def test_a_failed_exchange_says_what_the_crm_said_and_its_request(begin: Any, refusal: Any) -> None:
    assert "HubSpot" in str(refusal(state=begin(), code="expired"))
    assert "4c1e" in str(refusal(state=begin(), code="expired"))


def test_an_account_that_cannot_be_read_is_refused(begin: Any, refusal: Any, hubspot: Any) -> None:
    hubspot.broken["/account-info/v3/details"] = (503, {})

    assert refusal(state=begin(), code="code-48").reason == "account_unreadable"


def test_a_grant_without_a_required_scope_names_it(begin: Any, refusal: Any, hubspot: Any) -> None:
    hubspot.scopes.remove("crm.objects.deals.read")

    refused = refusal(state=begin(), code="code-48")

    assert refused.reason == "missing_scopes"
    assert "crm.objects.deals.read" in str(refused)


def test_a_grant_without_an_optional_scope_is_enough(connect: Any, hubspot: Any) -> None:
    hubspot.scopes.remove("crm.schemas.contacts.write")

    assert "crm.schemas.contacts.write" not in connect().connection.scopes


def test_a_reconnect_renews_the_same_connection(connect: Any, deps: Deps) -> None:
    first = connect().connection
    broken = deps.connections.save(replace(first, health=Health.NEEDS_RECONNECT, health_note="gone", active_run=None))

    renewed = connect(reconnect=broken.id).connection

    assert (renewed.id, renewed.health, renewed.health_note) == (first.id, Health.CONNECTED, "")
    assert len(deps.connections.list("w1")) == 1


def test_a_reconnect_with_another_account_is_refused(connect: Any, begin: Any, refusal: Any, deps: Deps) -> None:
    first = connect().connection

    refused = refusal(state=begin(reconnect=first.id), code="code-49")

    assert refused.reason == "wrong_account"
    assert [each.account for each in deps.connections.list("w1")] == ["48"]


def test_a_reconnect_of_what_was_removed_meanwhile_is_refused(
    connect: Any, begin: Any, refusal: Any, deps: Deps
) -> None:
    first = connect().connection
    state = begin(reconnect=first.id)
    disconnect(deps, ADA, first.id)

    assert refusal(state=state, code="code-48").reason == "connection_gone"


def test_connecting_an_account_twice_updates_the_connection_there_is(connect: Any, deps: Deps) -> None:
    first = connect().connection
    deps.connections.save(replace(first, display_name="Ours"))

    second = connect().connection

    assert (second.id, second.display_name) == (first.id, "Ours")
    assert len(deps.connections.list("w1")) == 1


def test_two_accounts_are_two_connections(connect: Any, deps: Deps) -> None:
    connect(portal=48)
    connect(portal=49)

    assert [each.account for each in deps.connections.list("w1")] == ["48", "49"]


def test_a_first_run_that_cannot_begin_leaves_a_connection_that_is_due(connect: Any, hubspot: Any, deps: Deps) -> None:
    hubspot.broken["/crm/v3/owners"] = (503, {})

    connection = connect().connection

    assert connection.health is Health.CONNECTED
    assert [each.id for each in deps.connections.due(deps.now())] == [connection.id]


def test_while_somebody_else_connects_the_account_one_waits_and_then_is_told(connect: Any, deps: Deps) -> None:
    deps.guards.acquire("connect#w1#hubspot#48", "somebody", timedelta(hours=1))

    with pytest.raises(Clash, match="try again"):
        connect()
