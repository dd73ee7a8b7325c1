"""How an app gets into an org, stays there, and is thrown out."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from local.simulators import Running, running
from local.simulators.salesforce import Options

APP = {"client_id": Options().client_id, "client_secret": Options().client_secret}
BACK = "http://127.0.0.1:9/callback"
PATH = "/services/oauth2"


def sent_back(sim: Running, prefix: str = "", **more: str) -> dict[str, str]:
    query = {"response_type": "code", "client_id": APP["client_id"], "redirect_uri": BACK, "state": "s1",
             "scope": "api refresh_token", "_sim_approve": "1", **more}  # fmt: skip
    page = requests.get(f"{sim.url}{prefix}{PATH}/authorize", params=query, allow_redirects=False, timeout=5)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}


def token_request(sim: Running, prefix: str = "", **form: str) -> requests.Response:
    return requests.post(f"{sim.url}{prefix}{PATH}/token", data={**APP, **form}, timeout=5)


def connected(sim: Running, **more: str) -> dict[str, Any]:
    code = sent_back(sim, **more)["code"]
    body: dict[str, Any] = token_request(
        sim, grant_type="authorization_code", code=code, redirect_uri=BACK, **_verifier(more)
    ).json()
    return body


def _verifier(more: dict[str, str]) -> dict[str, str]:
    return {"code_verifier": "v" * 50} if "code_challenge" in more else {}


def challenge() -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(b"v" * 50).digest()).decode().rstrip("=")


def refreshed(sim: Running, refresh_token: str) -> requests.Response:
    return token_request(sim, grant_type="refresh_token", refresh_token=refresh_token)


def status_with(sim: Running, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sim.url}/services/data/v62.0/limits", headers=headers, timeout=5).status_code


def test_the_page_offers_every_org_and_both_buttons(shared_cloud: Running) -> None:
    query = {"response_type": "code", "client_id": APP["client_id"], "redirect_uri": BACK, "state": '"><b>'}

    page = requests.get(f"{shared_cloud.url}{PATH}/authorize", params=query, timeout=5)

    assert all(f'value="{org}"' in page.text for org in shared_cloud.state()["orgs"])
    assert 'value="grant"' in page.text
    assert '"><b>' not in page.text


def test_the_form_sends_the_person_back_with_a_code(shared_cloud: Running) -> None:
    form = {"response_type": "code", "client_id": APP["client_id"], "redirect_uri": BACK, "state": "s 1", "org": "2"}

    answer = requests.post(
        f"{shared_cloud.url}{PATH}/authorize", data={**form, "decision": "grant"}, allow_redirects=False, timeout=5
    )

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["s 1"]
    assert query["code"]


def test_a_denial_goes_back_to_the_app(shared_cloud: Running) -> None:
    assert sent_back(shared_cloud, _sim_deny="1")["error"] == "access_denied"


def test_the_token_answer_names_the_org_and_no_end(cloud: Running) -> None:
    body = connected(cloud)

    org = next(iter(cloud.state()["orgs"].values()))
    signed = hmac.new(APP["client_secret"].encode(), (body["id"] + body["issued_at"]).encode(), hashlib.sha256)
    assert "expires_in" not in body
    assert body["id"].endswith(f"/id/{org['id']}/{org['user_id']}")
    assert body["instance_url"] == cloud.url
    assert body["signature"] == base64.b64encode(signed.digest()).decode()
    assert len(body["issued_at"]) == 13
    assert status_with(cloud, body["access_token"]) == 200


def test_without_the_scope_there_is_no_refresh_token(cloud: Running) -> None:
    assert "refresh_token" not in connected(cloud, scope="api")


def test_a_code_works_once(cloud: Running) -> None:
    code = sent_back(cloud)["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    token_request(cloud, **grant)

    again = token_request(cloud, **grant)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_challenge_wants_its_verifier(cloud: Running) -> None:
    code = sent_back(cloud, code_challenge=challenge(), code_challenge_method="S256")["code"]

    wrong = token_request(cloud, grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier="another")

    assert wrong.json() == {"error": "invalid_grant", "error_description": "invalid code verifier"}
    assert "access_token" in connected(cloud, code_challenge=challenge(), code_challenge_method="S256")


def test_an_app_may_insist_on_a_challenge(cloud: Running) -> None:
    cloud.settings(require_pkce=True)

    assert sent_back(cloud)["error"] == "invalid_request"


def test_login_hosts_know_their_own_orgs(cloud: Running) -> None:
    production, sandbox = cloud.state()["orgs"].values()
    domain = sandbox["my_domain"].removesuffix(".my.salesforce.com")

    codes = [sent_back(cloud, prefix=prefix)["code"] for prefix in ("/login", "/test", f"/my/{domain}")]

    grants = [
        token_request(cloud, grant_type="authorization_code", code=code, redirect_uri=BACK).json() for code in codes
    ]
    assert [grant["id"].split("/")[-2] for grant in grants] == [production["id"], sandbox["id"], sandbox["id"]]


def test_a_session_ends_when_it_is_not_used(cloud: Running) -> None:
    token = connected(cloud)["access_token"]
    cloud.advance(7_000)
    used = status_with(cloud, token)
    cloud.advance(7_000)
    used_again = status_with(cloud, token)
    cloud.advance(7_300)

    assert [used, used_again, status_with(cloud, token)] == [200, 200, 401]


def test_a_refresh_brings_no_refresh_token_unless_the_app_rotates(cloud: Running) -> None:
    first = connected(cloud)["refresh_token"]
    plain = refreshed(cloud, first).json()
    cloud.settings(refresh_returns="rotated")

    rotated = refreshed(cloud, first).json()

    assert "refresh_token" not in plain
    assert rotated["refresh_token"] != first
    assert refreshed(cloud, first).json()["error_description"] == "expired access/refresh token"
    assert refreshed(cloud, rotated["refresh_token"]).status_code == 200


def test_a_moved_org_says_so_when_a_token_is_refreshed(cloud: Running) -> None:
    refresh_token = connected(cloud)["refresh_token"]
    cloud.settings(instance_url="http://localhost:1")

    assert refreshed(cloud, refresh_token).json()["instance_url"] == "http://localhost:1"


@pytest.mark.parametrize(("answers", "status"), [("401", 401), ("redirect", 301), ("404", 404)])
def test_a_moved_org_is_at_home_at_its_new_address_only(cloud: Running, answers: str, status: int) -> None:
    grant = connected(cloud)
    cloud.settings(moved_answers=answers)
    moved = cloud.mutate({"op": "move", "domain": "falkenau-new"})[0]["instance_url"]
    ended = status_with(cloud, grant["access_token"])
    fresh = refreshed(cloud, grant["refresh_token"]).json()
    headers = {"Authorization": f"Bearer {fresh['access_token']}"}

    old, new = (
        requests.get(f"{base}/services/data/v62.0/limits", headers=headers, timeout=5, allow_redirects=False)
        for base in (grant["instance_url"], fresh["instance_url"])
    )

    assert ended == 401
    assert fresh["instance_url"] == moved != grant["instance_url"]
    assert (old.status_code, new.status_code) == (status, 200)
    assert status != 301 or old.headers["location"].startswith(moved)


def test_concurrent_refreshes_are_told_to_wait(cloud: Running) -> None:
    refresh_token = connected(cloud)["refresh_token"]
    cloud.settings(refresh_busy_seconds=5)
    refreshed(cloud, refresh_token)

    assert refreshed(cloud, refresh_token).json()["error_description"] == "token request is already being processed"


def test_the_sixth_approval_pushes_out_the_first(cloud: Running) -> None:
    first, *others = [connected(cloud)["refresh_token"] for _ in range(6)]

    assert refreshed(cloud, first).status_code == 400
    assert all(refreshed(cloud, each).status_code == 200 for each in others)


def test_revoking_a_refresh_token_ends_its_sessions(cloud: Running) -> None:
    body = connected(cloud)

    answers = [
        requests.post(f"{cloud.url}{PATH}/revoke", data={"token": body["refresh_token"]}, timeout=5).status_code
        for _ in range(2)
    ]

    assert answers == [200, 400]
    assert status_with(cloud, body["access_token"]) == 401
    assert refreshed(cloud, body["refresh_token"]).status_code == 400


def test_a_person_who_left_cannot_be_refreshed(cloud: Running) -> None:
    refresh_token = connected(cloud)["refresh_token"]
    user = next(iter(cloud.state()["orgs"].values()))["user_id"]
    cloud.mutate({"op": "update", "object": "User", "id": user, "fields": {"IsActive": False}})

    assert refreshed(cloud, refresh_token).json()["error_description"] == "inactive user"


def test_introspection_tells_living_from_dead(cloud: Running) -> None:
    token = connected(cloud)["access_token"]

    def introspected() -> dict[str, Any]:
        body: dict[str, Any] = requests.post(
            f"{cloud.url}{PATH}/introspect", data={**APP, "token": token}, timeout=5
        ).json()
        return body

    alive = introspected()
    cloud.mutate({"op": "expire_tokens"})
    assert (alive["active"], alive["client_id"]) == (True, APP["client_id"])
    assert introspected() == {"active": False}


def test_userinfo_and_identity_tell_who_one_is(cloud: Running) -> None:
    body = connected(cloud)
    headers = {"Authorization": f"Bearer {body['access_token']}"}

    info = requests.get(f"{cloud.url}{PATH}/userinfo", headers=headers, timeout=5).json()
    identity = requests.get(body["id"], headers=headers, timeout=5).json()

    assert info["organization_id"] == identity["organization_id"] == next(iter(cloud.state()["orgs"]))
    assert info["preferred_username"] == identity["username"] == "admin@falkenau.test"
    assert requests.get(f"{cloud.url}{PATH}/userinfo", headers={"Authorization": "Bearer x"}, timeout=5).text == (
        "Bad_OAuth_Token"
    )


def test_a_session_without_the_api_scope_is_of_no_use_for_it(cloud: Running, rest: Callable[..., Any]) -> None:
    token = connected(cloud, scope="openid")["access_token"]

    answer = rest(cloud, "GET", "/limits", token=token)

    assert answer.status_code == 401
    assert answer.json()[0]["message"] == "This session is not valid for use with the REST API"


def test_client_credentials_need_the_orgs_own_address(cloud: Running) -> None:
    at_login = token_request(cloud, prefix="/login", grant_type="client_credentials")
    at_home = token_request(cloud, prefix="/my/falkenau", grant_type="client_credentials")

    assert at_login.json()["error_description"] == "request not supported on this domain"
    assert status_with(cloud, at_home.json()["access_token"]) == 200


@pytest.mark.parametrize(("password", "status"), [("simulator-passwordTOKEN", 200), ("guess", 400)])
def test_the_password_flow_takes_a_security_token(shared_cloud: Running, password: str, status: int) -> None:
    answer = token_request(shared_cloud, grant_type="password", username="admin@falkenau.test", password=password)

    assert answer.status_code == status


def test_soap_login_serves_older_tools(shared_cloud: Running) -> None:
    envelope = "<login><username>admin@falkenau.test</username><password>{}</password></login>"

    answers = [
        requests.post(f"{shared_cloud.url}/services/Soap/u/59.0", data=envelope.format(word), timeout=5)
        for word in ("simulator-password", "wrong")
    ]

    assert [answer.status_code for answer in answers] == [200, 500]
    assert "<sessionId>00D5g0000000001!" in answers[0].text
    assert "INVALID_LOGIN" in answers[1].text


def test_a_blocked_app_is_sent_back() -> None:
    with running("salesforce", contacts=0, companies=0, deals=0, leads=0, tasks=0, activities=0) as sim:
        sim.settings(app_blocked=True)

        assert sent_back(sim)["error"] == "OAUTH_APP_BLOCKED"
