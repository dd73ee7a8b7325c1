"""The dance of the authorize page, and the life and death of tokens."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hubspot import HubSpot  # type: ignore[import-untyped]

from local.simulators import Running
from local.simulators.hubspot import Options

APP = {"client_id": Options().client_id, "client_secret": Options().client_secret}
BACK = "http://127.0.0.1:9/callback"
SCOPES = "oauth crm.objects.contacts.read crm.objects.owners.read"
SECOND = Options().account + 1


def code_for(sim: Running, portal: int = SECOND, **more: str) -> str:
    query = {"client_id": APP["client_id"], "redirect_uri": BACK, "scope": SCOPES, "state": "s1", **more}
    page = requests.get(
        f"{sim.url}/oauth/authorize", params={**query, "_sim_approve": str(portal)}, allow_redirects=False, timeout=5
    )
    return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]


def token_request(sim: Running, version: str = "2026-03", **form: str) -> requests.Response:
    return requests.post(f"{sim.url}/oauth/{version}/token", data={**APP, **form}, timeout=5)


def install(sim: Running, portal: int = SECOND) -> dict[str, Any]:
    grant = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code_for(sim, portal)}
    body: dict[str, Any] = token_request(sim, **grant).json()
    return body


def read_with(sim: Running, token: str, path: str = "/crm/v3/objects/contacts") -> requests.Response:
    return requests.get(sim.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=5)


def test_the_page_offers_every_portal_and_both_buttons(hub: Running) -> None:
    query = {"client_id": APP["client_id"], "redirect_uri": BACK, "scope": SCOPES, "state": '"><b>'}

    page = requests.get(f"{hub.url}/oauth/authorize", params=query, timeout=5)

    assert page.headers["content-type"].startswith("text/html")
    assert all(f'value="{portal}"' in page.text for portal in (SECOND - 1, SECOND))
    assert 'value="grant"' in page.text
    assert 'value="deny"' in page.text
    assert '"><b>' not in page.text


@pytest.mark.parametrize(("decision", "wanted"), [("grant", "code"), ("deny", "error")])
def test_the_form_sends_the_person_back_with_state(hub: Running, decision: str, wanted: str) -> None:
    form = {"client_id": APP["client_id"], "redirect_uri": BACK, "scope": SCOPES, "state": "s 1", "portal": str(SECOND)}

    answer = requests.post(
        f"{hub.url}/oauth/authorize", data={**form, "decision": decision}, allow_redirects=False, timeout=5
    )

    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert wanted in back
    assert back["state"] == ["s 1"]


def test_a_scope_that_the_app_does_not_have_breaks_the_page(hub: Running) -> None:
    query = {"client_id": APP["client_id"], "redirect_uri": BACK, "scope": "oauth crm.objects.calls.write"}

    page = requests.get(f"{hub.url}/oauth/authorize", params={**query, "_sim_approve": str(SECOND)}, timeout=5)

    assert page.status_code == 400
    assert "crm.objects.calls.write" in page.text


def test_a_token_opens_the_chosen_portal_with_the_granted_scopes_only(hub: Running) -> None:
    token = install(hub)

    account = read_with(hub, token["access_token"], "/account-info/v3/details").json()
    deals = read_with(hub, token["access_token"], "/crm/v3/objects/deals")

    assert token["hub_id"] == account["portalId"] == SECOND
    assert token["expires_in"] == 1800
    assert deals.status_code == 403
    assert deals.json()["category"] == "MISSING_SCOPES"
    assert deals.json()["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]


def test_a_code_works_once_and_only_with_its_redirect_uri(hub: Running) -> None:
    grant = {"grant_type": "authorization_code", "code": code_for(hub)}

    elsewhere = token_request(hub, **grant, redirect_uri="http://127.0.0.1:9/other")
    too_late = token_request(hub, **grant, redirect_uri=BACK)

    assert (elsewhere.status_code, elsewhere.json()["status"]) == (400, "BAD_REDIRECT_URI")
    assert (too_late.status_code, too_late.json()["status"]) == (400, "BAD_AUTH_CODE")
    assert too_late.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"client_id": "x"}, "BAD_CLIENT_ID"),
        ({"client_secret": "x"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
        ({"refresh_token": "x"}, "BAD_REFRESH_TOKEN"),
    ],
)
def test_wrong_credentials_are_told_apart(hub: Running, wrong: dict[str, str], status: str) -> None:
    answer = token_request(hub, **{"grant_type": "refresh_token", "refresh_token": "y", **wrong})

    assert (answer.status_code, answer.json()["status"]) == (400, status)


def test_credentials_in_the_query_or_in_json_are_not_looked_at(hub: Running) -> None:
    url = f"{hub.url}/oauth/v3/token"

    in_query = requests.post(url, params={**APP, "grant_type": "refresh_token"}, timeout=5)
    in_json = requests.post(url, json={**APP, "grant_type": "refresh_token"}, timeout=5)

    assert in_query.status_code == 415
    assert in_json.status_code == 415


@pytest.mark.parametrize(("returns", "same"), [("same", True), ("rotated", False), ("empty", False)])
def test_a_refresh_returns_the_same_a_new_or_no_refresh_token(hub: Running, returns: str, same: bool) -> None:
    first = install(hub)
    hub.settings(refresh_returns=returns)

    again = token_request(hub, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    assert again["access_token"] != first["access_token"]
    assert (again["refresh_token"] == first["refresh_token"]) is same
    assert bool(again["refresh_token"]) is (returns != "empty")


def test_tokens_expire_after_half_an_hour_of_the_simulators_time(hub: Running) -> None:
    token = install(hub)["access_token"]

    hub.advance(1790)
    still = read_with(hub, token)
    hub.advance(15)
    over = read_with(hub, token)

    assert still.status_code == 200
    assert over.status_code == 401
    assert over.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert "second(s) ago" in over.json()["message"]


@pytest.mark.parametrize(
    ("header", "category"),
    [
        (None, "INVALID_AUTHENTICATION"),
        ("Bearer pat-na1-unknown", "INVALID_AUTHENTICATION"),
        ("Bearer garbage", "EXPIRED_AUTHENTICATION"),
    ],
)
def test_each_bad_token_has_its_own_401(hub: Running, header: str | None, category: str) -> None:
    headers = {"Authorization": header} if header else {}

    answer = requests.get(f"{hub.url}/crm/v3/owners", headers=headers, timeout=5)

    assert (answer.status_code, answer.json()["category"]) == (401, category)
    assert answer.headers["x-hubspot-correlation-id"] == answer.json()["correlationId"]


def test_uninstalling_kills_access_and_refresh_tokens(hub: Running) -> None:
    token = install(hub)

    gone = requests.delete(
        f"{hub.url}/appinstalls/2026-09/external-install",
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=5,
    )

    assert gone.status_code == 204
    assert read_with(hub, token["access_token"]).json()["category"] == "INVALID_AUTHENTICATION"
    assert token_request(hub, grant_type="refresh_token", refresh_token=token["refresh_token"]).status_code == 400


def test_introspection_says_whose_a_token_is_until_it_is_revoked(hub: Running) -> None:
    token = install(hub)
    url, form = f"{hub.url}/oauth/2026-03/token", {**APP, "token": token["access_token"]}

    before = requests.post(f"{url}/introspect", data=form, timeout=5).json()
    requests.post(f"{url}/revoke", data=form, timeout=5)
    after = requests.post(f"{url}/introspect", data=form, timeout=5).json()

    assert (before["active"], before["hub_id"], before["token_use"]) == (True, SECOND, "access_token")
    assert after == {"active": False}


def test_the_official_client_gets_refreshes_and_describes_tokens(hub: Running) -> None:
    client = HubSpot()
    client.config["host"] = hub.url
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code_for(hub), **APP}

    token = client.oauth.tokens_api.create(**form)
    again = client.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=token.refresh_token, **APP)
    described = client.oauth.access_tokens_api.get(again.access_token)

    assert token.expires_in == 1800
    assert again.refresh_token == token.refresh_token
    assert (described.hub_id, described.app_id) == (SECOND, Options().app_id)


def test_the_token_endpoint_can_be_throttled(hub: Running) -> None:
    hub.faults({"kind": "rate_limit", "path": "^/oauth/", "retry_after": 3})

    answer = token_request(hub, grant_type="refresh_token", refresh_token="x")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"


def test_an_app_gets_a_hundred_and_ten_calls_in_each_portal(hub: Running) -> None:
    first, second = (install(hub, portal)["access_token"] for portal in (SECOND - 1, SECOND))

    answers = [read_with(hub, first, "/account-info/v3/details").status_code for _ in range(111)]
    other = read_with(hub, second, "/account-info/v3/details")

    assert answers == [200] * 110 + [429]
    assert other.headers["x-hubspot-ratelimit-remaining"] == "109"
    assert "x-hubspot-ratelimit-daily" not in other.headers
