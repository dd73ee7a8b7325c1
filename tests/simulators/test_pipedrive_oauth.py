"""How an app gets into a Pipedrive company, stays in, and gets out again."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from local.simulators import Running, running
from local.simulators.pipedrive import Options

Pipe = Callable[..., requests.Response]
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = (Options().client_id, Options().client_secret)
ME = "/v1/users/me"


def authorized(sim: Running, callback: str = CALLBACK, **more: str) -> dict[str, list[str]]:
    query = {"client_id": CLIENT[0], "redirect_uri": callback, "state": "s1", **more}
    answer = requests.get(f"{sim.url}/oauth/authorize", params=query, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)


def tokens(sim: Running, client: tuple[str, str] = CLIENT, **form: str) -> requests.Response:
    return requests.post(f"{sim.url}/oauth/token", data=form, auth=client, timeout=5)


def installed(sim: Running, company: str = "kaldera", callback: str = CALLBACK) -> dict[str, Any]:
    code = authorized(sim, callback, _sim_approve=company)["code"][0]
    answer = tokens(sim, grant_type="authorization_code", code=code, redirect_uri=callback)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def bearer(sim: Running, token: str, path: str = ME) -> requests.Response:
    return requests.get(sim.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=5)


def test_an_allowed_app_learns_where_and_as_whom_it_works(drive: Running) -> None:
    body = installed(drive, "harborline")

    me = bearer(drive, body["access_token"]).json()["data"]
    assert (body["token_type"], body["expires_in"], body["api_domain"]) == ("Bearer", 3599, drive.url)
    assert {"base", "deals:full", "admin"} <= set(body["scope"].split(","))
    assert (me["company_id"], me["company_domain"], me["is_admin"]) == (Options().account + 1, "harborline", 1)


@pytest.mark.parametrize("word", ["user_denied", "access_denied"])
def test_a_person_can_say_no_in_either_dialect(drive: Running, word: str) -> None:
    drive.settings(denial=word)

    assert authorized(drive, _sim_deny="1") == {"error": [word], "state": ["s1"]}


def test_the_page_has_two_buttons_that_work(drive: Running) -> None:
    query = {"client_id": CLIENT[0], "redirect_uri": CALLBACK, "state": 'x"y'}
    page = requests.get(f"{drive.url}/oauth/authorize", params=query, timeout=5).text
    pressed = requests.post(f"{drive.url}/oauth/authorize", allow_redirects=False, timeout=5,
                            data={**query, "company": str(Options().account), "decision": "grant"})  # fmt: skip

    assert "Allow and Install" in page
    assert 'value="x&quot;y"' in page
    assert "code=" in pressed.headers["location"]


@pytest.mark.parametrize("query", [{"client_id": "other", "redirect_uri": CALLBACK}, {"client_id": CLIENT[0]}])
def test_a_wrong_link_ends_on_an_error_page(drive: Running, query: dict[str, str]) -> None:
    assert requests.get(f"{drive.url}/oauth/authorize", params=query, timeout=5).status_code == 400


def test_a_code_works_once_soon_and_for_its_own_address_only(drive: Running) -> None:
    def exchanged(code: str, callback: str = CALLBACK) -> int:
        return tokens(drive, grant_type="authorization_code", code=code, redirect_uri=callback).status_code

    used, elsewhere, late = (authorized(drive, _sim_approve="kaldera")["code"][0] for _ in range(3))
    first, second = exchanged(used), exchanged(used)
    other = exchanged(elsewhere, "http://127.0.0.1:9/other")
    drive.advance(301)

    assert (first, second, other, exchanged(late)) == (200, 400, 400, 400)


def test_every_failure_of_the_token_endpoint_is_a_400(drive: Running) -> None:
    body = installed(drive)
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}

    wrong_client = tokens(drive, ("x", "y"), **form)
    wrong_type = requests.post(f"{drive.url}/oauth/token", json=form, auth=CLIENT, timeout=5)
    wrong_token = tokens(drive, grant_type="refresh_token", refresh_token="1:2:3")
    in_body = requests.post(
        f"{drive.url}/oauth/token", {**form, "client_id": CLIENT[0], "client_secret": CLIENT[1]}, timeout=5
    )

    assert [each.status_code for each in (wrong_client, wrong_type, wrong_token, in_body)] == [400, 400, 400, 200]
    assert wrong_token.json()["error"] == "invalid_grant"


def test_a_refresh_gives_the_same_refresh_token_and_perhaps_another_address(drive: Running) -> None:
    body = installed(drive)
    drive.settings(api_domain=drive.url.replace("127.0.0.1", "localhost"))

    again = tokens(drive, grant_type="refresh_token", refresh_token=body["refresh_token"]).json()

    assert again["refresh_token"] == body["refresh_token"]
    assert again["access_token"] != body["access_token"]
    assert "localhost" in again["api_domain"]


def test_a_refresh_token_dies_of_sixty_idle_days_and_use_keeps_it_alive(drive: Running) -> None:
    token = installed(drive)["refresh_token"]
    statuses = []
    for days in (59, 59, 61):
        drive.advance(days * 24 * 3600)
        statuses.append(tokens(drive, grant_type="refresh_token", refresh_token=token).status_code)

    assert statuses == [200, 200, 400]


def test_an_access_token_lives_an_hour(drive: Running) -> None:
    token = installed(drive)["access_token"]
    drive.advance(3599)
    before = bearer(drive, token)
    drive.advance(1)
    after = bearer(drive, token)

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["error"] == "unauthorized access"
    assert after.headers["x-401-by-gw"] == "true"


def test_revoking_an_access_token_leaves_the_app_and_the_refresh_token_takes_it(drive: Running) -> None:
    body = installed(drive)

    def revoked(token: str) -> int:
        return requests.post(f"{drive.url}/oauth/revoke", {"token": token}, auth=CLIENT, timeout=5).status_code

    def refreshed() -> requests.Response:
        return tokens(drive, grant_type="refresh_token", refresh_token=body["refresh_token"])

    assert revoked(body["access_token"]) == revoked("unknown") == 200
    assert bearer(drive, body["access_token"]).status_code == 401
    second = refreshed().json()["access_token"]
    assert revoked(body["refresh_token"]) == 200
    assert bearer(drive, second).status_code == 401
    assert refreshed().status_code == 400


def test_uninstalling_tells_the_callback_and_takes_the_apps_webhooks(drive: Running, endpoint: Any, pipe: Pipe) -> None:
    body = installed(drive, callback=endpoint.url)
    hook = {"subscription_url": endpoint.url, "event_action": "*", "event_object": "*", "name": "n"}
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    made = requests.post(f"{drive.url}/v1/webhooks", json=hook, headers=headers, timeout=5).json()["data"]
    endpoint.answers = [500]

    drive.mutate({"op": "uninstall"})
    drive.webhooks(flush=True)
    drive.webhooks(retry_now=True, flush=True)

    told, sent = endpoint.posts[0]
    assert made["type"] == "application"
    assert b'"company_id":5550001' in told
    assert base64.b64decode(sent["authorization"].removeprefix("Basic ")).decode() == ":".join(CLIENT)
    assert len(endpoint.posts) == 1
    assert pipe(drive, "GET", "/v1/webhooks").json()["data"] == []
    assert bearer(drive, body["access_token"]).status_code == 401


def test_scopes_of_the_app_decide_and_api_tokens_have_none(pipe: Pipe) -> None:
    with running("pipedrive", contacts=3, companies=1, deals=1, app_scopes="base contacts:read") as sim:
        token = installed(sim)["access_token"]

        persons, deals = (bearer(sim, token, f"/api/v2/{name}") for name in ("persons", "deals"))

        assert (persons.status_code, deals.status_code) == (200, 403)
        assert deals.json()["error"] == "Scope and URL mismatch"
        assert pipe(sim, "GET", "/api/v2/deals").status_code == 200


def test_credentials_are_looked_for_where_they_belong(drive: Running, pipe: Pipe) -> None:
    token = Options().token

    assert pipe(drive, "GET", ME, token=None, api_token=token).status_code == 200
    assert pipe(drive, "GET", ME, token=None).status_code == 401
    assert bearer(drive, token).status_code == 401
    assert pipe(drive, "GET", ME, headers={"Authorization": f"Token {token}"}).status_code == 400


def test_a_regenerated_api_token_kills_the_old_one_and_a_closed_account_everything(drive: Running, pipe: Pipe) -> None:
    fresh = drive.mutate({"op": "regenerate_token"})[0]["token"]

    assert len(fresh) == 40
    assert pipe(drive, "GET", ME).status_code == 401
    assert pipe(drive, "GET", ME, token=fresh).status_code == 200
    drive.mutate({"op": "update_company", "closed": True})
    assert pipe(drive, "GET", ME, token=fresh).status_code == 402
