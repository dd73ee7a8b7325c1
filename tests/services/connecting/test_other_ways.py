"""Connecting elsewhere and otherwise: other login hosts, other headers, an API that moves."""

from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, TokenSet
from crmbridge.domain.errors import Invalid, Refused, Unsupported
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.spec import Input, Platform, Way
from crmbridge.services.add_connection import add_connection
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps

ADA = Caller("w1", "u1", "admin")
KEY = Way(
    title="Key",
    description="A key and the domain it is for",
    inputs=(
        Input(name="key", label="Key", secret=True, pattern="at-[0-9]+"),
        Input(name="domain", label="Domain", choices=("acme", "other")),
        Input(name="note", label="Note", required=False),
    ),
    grant=lambda _ask, given: TokenSet(access_token=given["key"], base_url=f"https://{given['domain']}.little.test"),
)
SPEC = replace(HUBSPOT.oauth, callback_host="accounts-server", login_hosts={"eu": "https://accounts.little.eu"})
LITTLE: Platform = replace(
    HUBSPOT,
    auth=("oauth", "key"),
    oauth=replace(SPEC, token_on_api=False),
    ways={"key": KEY},
    headers=lambda auth, token: {"x-api-token": token} if auth == "key" else {"Authorization": f"Little {token}-48"},
)


@pytest.fixture
def house(deps: Deps, hubspot: Any) -> Deps:
    return replace(deps, platform=lambda _: LITTLE)


def test_a_code_is_exchanged_where_the_callback_says_it_is_good(house: Deps, begin: Any) -> None:
    query = {"state": begin(), "code": "code-48", "accounts-server": "https://accounts.little.eu"}

    done = finish_connect(house, "hubspot", query)

    assert house.vault.read(done.connection).tokens.auth_url == "https://accounts.little.eu"


def test_a_callback_that_names_a_strangers_host_gets_no_secret(house: Deps, begin: Any, remote: Any) -> None:
    query = {"state": begin(), "code": "code-48", "accounts-server": "https://accounts.little.eu.evil.test"}

    with pytest.raises(Refused) as refused:
        finish_connect(house, "hubspot", query)

    assert refused.value.reason == "untrusted_host"
    assert "none but those of eu" in str(refused.value)
    assert remote.asked == []


def test_a_way_of_the_platforms_own_makes_the_tokens_and_the_headers(house: Deps, remote: Any) -> None:
    connection = add_connection(house, ADA, "hubspot", {"key": " at-48 ", "domain": "acme"}, auth="key")

    assert (connection.auth, connection.base_url) == ("key", "https://acme.little.test")
    assert remote.asked[0].headers["x-api-token"] == "at-48"
    assert "Authorization" not in remote.asked[0].headers


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"domain": "acme"}, "key"),
        ({"key": "no", "domain": "acme"}, "key"),
        ({"key": "at-48", "domain": "elsewhere"}, "domain"),
        ({"key": "at-48", "domain": "acme", "more": "x"}, "more"),
        ({"key": "at-48", "domain": "acme", "note": "two\nlines"}, "note"),
    ],
)
def test_what_is_given_is_held_against_what_is_asked_for(house: Deps, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        add_connection(house, ADA, "hubspot", given, auth="key")

    assert [problem.field for problem in invalid.value.problems] == [field]


def test_a_way_that_the_platform_does_not_have_is_named(house: Deps) -> None:
    with pytest.raises(Unsupported, match="oauth or key, not by token"):
        add_connection(house, ADA, "hubspot", {"token": "pat-48"})


def test_requests_go_where_the_tokens_say_the_api_lives(house: Deps) -> None:
    connection = add_connection(house, ADA, "hubspot", {"key": "at-48", "domain": "acme"}, auth="key")
    held = house.vault.read(connection)
    house.vault.replace(connection, held, replace(held.tokens, base_url="https://moved.little.test"))

    api = open_api(house, connection, "click")
    api.get("/account-info/v3/details")

    assert api.base_url == "https://moved.little.test"
