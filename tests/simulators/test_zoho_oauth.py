"""Connecting: data centres, codes, tokens and their limits."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from local.simulators import Running, running
from tests.simulators.zoho_calls import ACCOUNTS_EU, ask

BACK = "https://bridge.example.test/callback"
APP = {"client_id": "1000.SIMULATORCLIENT", "client_secret": "simulator-client-secret"}
SCOPES = "ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ"


@pytest.fixture
def suite() -> Iterator[Running]:
    with running("zoho", contacts=10, leads=2, companies=2, deals=2, tasks=2, activities=3, orgs=3) as sim:
        yield sim


def authorize(sim: Running, org: str, start: str = "", **more: str) -> dict[str, str]:
    """What the callback would hear."""
    wish = {"client_id": APP["client_id"], "redirect_uri": BACK, "response_type": "code", "scope": SCOPES,
            "access_type": "offline", "prompt": "consent", "state": "s1", "_sim_approve": org, **more}  # fmt: skip
    answer = requests.get(f"{sim.url}{start}/oauth/v2/auth", params=wish, allow_redirects=False, timeout=5)
    return dict(parse_qsl(urlsplit(answer.headers.get("location", "")).query)) or {"page": answer.text}


def token(server: str, **wish: str) -> requests.Response:
    return requests.post(f"{server}/oauth/v2/token", data={**APP, "redirect_uri": BACK, **wish}, timeout=5)


def connect(sim: Running, org: str = "1") -> dict[str, Any]:
    heard = authorize(sim, org)
    answer = token(heard["accounts-server"], grant_type="authorization_code", code=heard["code"])
    return {**answer.json(), "accounts-server": heard["accounts-server"]}


def refresh(sim: Running, refresh_token: str) -> requests.Response:
    return token(sim.url + ACCOUNTS_EU, grant_type="refresh_token", refresh_token=refresh_token)


def test_starting_at_dot_com_finds_the_account_in_its_own_data_centre(suite: Running) -> None:
    heard = authorize(suite, "1")

    tokens = token(heard["accounts-server"], grant_type="authorization_code", code=heard["code"]).json()

    header = {"Authorization": f"Zoho-oauthtoken {tokens['access_token']}"}
    org = requests.get(f"{tokens['api_domain']}/crm/v8/org", headers=header, timeout=5).json()["org"][0]
    assert (heard["location"], heard["state"]) == ("eu", "s1")
    assert heard["accounts-server"] == f"{suite.url}/accounts.zoho.eu"
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, SCOPES.replace(",", " "))
    assert org["company_name"] == "Alsterblick GmbH"


def test_the_wrong_data_centre_knows_neither_code_nor_token(suite: Running) -> None:
    heard = authorize(suite, "1")
    wrong = token(suite.url, grant_type="authorization_code", code=heard["code"])
    tokens = token(heard["accounts-server"], grant_type="authorization_code", code=heard["code"]).json()

    elsewhere = ask(suite, "GET", "/www.zohoapis.com/crm/v8/org", token=tokens["access_token"])
    refreshed = token(suite.url, grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    assert (wrong.status_code, wrong.json()) == (200, {"error": "invalid_code"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "INVALID_TOKEN")
    assert (refreshed.status_code, refreshed.json()) == (200, {"error": "invalid_code"})


def test_hosts_can_be_named_by_the_host_header_too(suite: Running) -> None:
    heard = authorize(suite, "1")
    wish = {**APP, "redirect_uri": BACK, "grant_type": "authorization_code", "code": heard["code"]}

    answer = requests.post(f"{suite.url}/oauth/v2/token", params=wish, headers={"Host": "accounts.zoho.eu"}, timeout=5)

    assert answer.json()["refresh_token"].startswith("1000.")


def test_a_regional_accounts_server_shows_its_own_accounts_only(suite: Running) -> None:
    assert "code" in authorize(suite, "2", start="/accounts.zoho.com")
    assert "no_such_account_here" in authorize(suite, "2", start=ACCOUNTS_EU)["page"]


def test_real_hosts_are_named_when_asked_for(suite: Running) -> None:
    suite.settings(hosts="real")

    heard = authorize(suite, "1")

    assert heard["accounts-server"] == "https://accounts.zoho.eu"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"client_id": "1000.OTHER"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
        ({"code": "1000.unknown"}, "invalid_code"),
        ({"redirect_uri": "https://other.example.test"}, "invalid_redirect_uri"),
    ],
)
def test_mistakes_at_the_token_endpoint_come_with_status_200(suite: Running, wish: dict[str, str], error: str) -> None:
    heard = authorize(suite, "1")

    answer = token(heard["accounts-server"], **{"grant_type": "authorization_code", "code": heard["code"], **wish})

    assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_a_code_works_once_and_not_for_long(suite: Running) -> None:
    used, late = authorize(suite, "1"), authorize(suite, "1")
    server = used["accounts-server"]
    token(server, grant_type="authorization_code", code=used["code"])
    again = token(server, grant_type="authorization_code", code=used["code"])
    suite.advance(121)

    assert again.json() == {"error": "invalid_code"}
    assert token(server, grant_type="authorization_code", code=late["code"]).json() == {"error": "invalid_code"}


def test_a_refresh_keeps_the_refresh_token_to_itself(suite: Running) -> None:
    tokens = connect(suite)

    answer = refresh(suite, tokens["refresh_token"]).json()

    assert set(answer) == {"access_token", "scope", "api_domain", "token_type", "expires_in"}
    assert answer["access_token"] != tokens["access_token"]


def test_ten_access_tokens_in_ten_minutes_are_all(suite: Running) -> None:
    tokens = connect(suite)
    answers = [refresh(suite, tokens["refresh_token"]) for _ in range(10)]
    suite.advance(601)

    assert [each.status_code for each in answers] == [200] * 9 + [400]
    assert answers[-1].json()["error"] == "Access Denied"
    assert "access_token" in refresh(suite, tokens["refresh_token"]).json()


def test_who_used_up_the_window_waits_for_its_end(suite: Running) -> None:
    tokens = connect(suite)
    for _ in range(4):
        refresh(suite, tokens["refresh_token"])
    suite.advance(300)
    for _ in range(5):
        refresh(suite, tokens["refresh_token"])
    before = refresh(suite, tokens["refresh_token"]).status_code
    suite.advance(301)

    after = [refresh(suite, tokens["refresh_token"]).status_code for _ in range(11)]

    assert before == 400
    assert after == [200] * 10 + [400]


def test_the_twenty_first_refresh_token_ends_the_first(suite: Running) -> None:
    suite.settings(refresh_tokens_per_minute=100)
    held = [connect(suite)["refresh_token"] for _ in range(21)]

    assert refresh(suite, held[0]).json() == {"error": "invalid_code"}
    assert "access_token" in refresh(suite, held[1]).json()
    assert len(suite.state(summary=1)["orgs"]["4150868000000000001"]["refresh_tokens"]) == 20


def test_five_refresh_tokens_a_minute_are_all(suite: Running) -> None:
    answers = [connect(suite) for _ in range(6)]

    assert "refresh_token" in answers[4]
    assert answers[5]["error"] == "Access Denied"


def test_consent_that_is_not_asked_for_again_brings_no_refresh_token(suite: Running) -> None:
    connect(suite)
    again = authorize(suite, "1", prompt="none")
    online = authorize(suite, "2", access_type="online")

    answers = [token(each["accounts-server"], grant_type="authorization_code", code=each["code"]).json()
               for each in (again, online)]  # fmt: skip

    assert all("access_token" in each and "refresh_token" not in each for each in answers)


def test_access_ends_after_an_hour_and_with_the_refresh_token(suite: Running) -> None:
    tokens = connect(suite)
    fresh = ask(suite, "GET", "/v8/org", token=tokens["access_token"])
    suite.advance(3601)
    stale = ask(suite, "GET", "/v8/org", token=tokens["access_token"])
    renewed = refresh(suite, tokens["refresh_token"]).json()["access_token"]
    revoked = requests.post(
        f"{tokens['accounts-server']}/oauth/v2/token/revoke", params={"token": tokens["refresh_token"]}, timeout=5
    )

    assert fresh.status_code == 200
    assert stale.json() == {"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token", "status": "error"}
    assert revoked.json() == {"status": "success"}
    assert ask(suite, "GET", "/v8/org", token=renewed).status_code == 401
    assert refresh(suite, tokens["refresh_token"]).json() == {"error": "invalid_code"}


def test_a_self_client_exchanges_a_code_from_the_console(suite: Running) -> None:
    code = suite.mutate({"op": "self_client_code", "scopes": "ZohoCRM.org.READ"})[0]["code"]

    wish = {**APP, "grant_type": "authorization_code", "code": code}
    tokens = requests.post(f"{suite.url}{ACCOUNTS_EU}/oauth/v2/token", data=wish, timeout=5).json()

    assert ask(suite, "GET", "/v8/org", token=tokens["access_token"]).status_code == 200
    refused = ask(suite, "GET", "/v8/users", token=tokens["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")


def test_an_app_without_multi_dc_is_unknown_elsewhere(suite: Running) -> None:
    suite.settings(multi_dc=False)
    eu, us = authorize(suite, "1"), authorize(suite, "2")

    answers = [token(each["accounts-server"], grant_type="authorization_code", code=each["code"]).json()
               for each in (eu, us)]  # fmt: skip

    assert answers[0] == {"error": "invalid_client"}
    assert "access_token" in answers[1]


def test_the_page_lets_a_person_choose_accept_and_reject(suite: Running) -> None:
    wish = {"client_id": APP["client_id"], "redirect_uri": BACK, "response_type": "code", "scope": SCOPES, "state": "s"}
    page = requests.get(f"{suite.url}/oauth/v2/auth", params=wish, timeout=5)
    forms = [{**wish, "decision": "grant", "org": "2"}, {**wish, "decision": "deny"}]

    answers = [requests.post(f"{suite.url}/oauth/v2/auth", data=form, allow_redirects=False, timeout=5)
               for form in forms]  # fmt: skip

    assert page.text.count('type="radio"') == 3
    assert "code=" in answers[0].headers["location"]
    assert answers[1].headers["location"] == f"{BACK}?error=access_denied&state=s"


@pytest.mark.parametrize("authorization", ["", "Bearer 1000.simulator", "Zoho-oauthtoken nobody", "Zoho-oauthtoken"])
def test_other_credentials_are_refused(suite: Running, authorization: str) -> None:
    answer = ask(suite, "GET", "/v8/org", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["code"] in {"INVALID_TOKEN", "AUTHENTICATION_FAILURE"}
