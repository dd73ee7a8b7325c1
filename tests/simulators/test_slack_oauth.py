"""How the app gets into a team, and leaves it."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator

from local.simulators import Running, running
from local.simulators.slack import Options
from tests.simulators.slack_app import App

APP = {"client_id": Options().client_id, "client_secret": Options().client_secret}
BACK = "http://127.0.0.1:9/slack/callback"
SCOPES = ["commands", "chat:write", "users:read.email"]


def sent_back(slack: Running, **more: str) -> dict[str, str]:
    made = AuthorizeUrlGenerator(
        client_id=APP["client_id"], scopes=SCOPES, redirect_uri=BACK,
        authorization_url=f"{slack.url}/oauth/v2/authorize",
    )  # fmt: skip
    page = requests.get(made.generate(state="s1"), params=more, allow_redirects=False, timeout=5)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}


def client(slack: Running, token: str = "") -> WebClient:
    return WebClient(token or None, base_url=f"{slack.url}/api/")


def error_of(slack: Running, **arguments: str) -> str:
    with pytest.raises(SlackApiError) as failure:
        client(slack).oauth_v2_access(**{**APP, "redirect_uri": BACK, **arguments})
    return str(failure.value.response["error"])


def test_an_approval_brings_a_bot_into_the_team() -> None:
    with running("slack", installed=False) as slack:
        back = sent_back(slack, _sim_approve="T0BETA", _sim_user="U0BEN2")

        grant = client(slack).oauth_v2_access(**APP, code=back["code"], redirect_uri=BACK)

        assert back["state"] == "s1"
        assert (grant["token_type"], grant["scope"], grant["bot_user_id"]) == ("bot", ",".join(SCOPES), "U0BRIDGEBOT2")
        assert (grant["team"], grant["authed_user"]) == ({"id": "T0BETA", "name": "Beta"}, {"id": "U0BEN2"})
        assert client(slack, grant["access_token"]).auth_test()["team_id"] == "T0BETA"


def test_a_second_install_keeps_the_token_and_adds_scopes(slack: Running) -> None:
    slack.mutate({"op": "set_scopes", "scopes": "chat:write"})

    code = sent_back(slack, _sim_approve="T0ACME")["code"]
    grant = client(slack).oauth_v2_access(**APP, code=code, redirect_uri=BACK)

    assert grant["access_token"] == "xoxb-simulator"
    assert grant["scope"] == "chat:write,commands,users:read.email"


def test_user_scopes_bring_a_token_of_the_person(slack: Running) -> None:
    code = sent_back(slack, _sim_approve="T0ACME", user_scope="links:read,users:read")["code"]

    person = client(slack).oauth_v2_access(**APP, code=code, redirect_uri=BACK)["authed_user"]

    assert (person["id"], person["scope"]) == ("U0ADMIN", "links:read,users:read")
    assert client(slack, person["access_token"]).auth_test()["user_id"] == "U0ADMIN"


def test_a_denial_goes_back_to_the_app(slack: Running) -> None:
    assert sent_back(slack, _sim_deny="1") == {"error": "access_denied", "state": "s1"}


def test_a_code_works_once_for_its_own_address_and_not_for_long(slack: Running) -> None:
    first, second, third = (sent_back(slack, _sim_approve="T0ACME")["code"] for _ in range(3))
    client(slack).oauth_v2_access(**APP, code=first, redirect_uri=BACK)
    elsewhere = error_of(slack, code=second, redirect_uri="http://127.0.0.1:9/other")
    slack.advance(601)

    assert error_of(slack, code=first) == "code_already_used"
    assert elsewhere == "bad_redirect_uri"
    assert error_of(slack, code=third) == "invalid_code"


@pytest.mark.parametrize(
    ("wish", "error"), [({"client_id": "x"}, "invalid_client_id"), ({"client_secret": "x"}, "bad_client_secret")]
)
def test_a_stranger_gets_no_token(slack: Running, wish: dict[str, str], error: str) -> None:
    assert error_of(slack, code="x", **wish) == error


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"client_id": "x"}, "Invalid client_id"), ({"scope": "admin"}, "Invalid permissions"),
     ({"scope": ""}, "No scopes"),
     ({"redirect_uri": "ftp://x"}, "redirect_uri"), ({"_sim_approve": "T0"}, "no workspace")],
)  # fmt: skip
def test_the_page_refuses_what_the_app_may_not_ask(slack: Running, wish: dict[str, str], words: str) -> None:
    query = {"client_id": APP["client_id"], "scope": "commands", "redirect_uri": BACK, "state": "s", **wish}

    page = requests.get(f"{slack.url}/oauth/v2/authorize", params=query, allow_redirects=False, timeout=5)

    assert page.status_code == 400
    assert words in page.text


def test_a_person_presses_the_button_on_the_page(slack: Running) -> None:
    query = {"client_id": APP["client_id"], "scope": "commands", "redirect_uri": BACK, "state": '"><b>'}
    page = requests.get(f"{slack.url}/oauth/v2/authorize", params=query, timeout=5).text

    form = {**query, "chosen": "T0ACME", "decision": "grant"}
    pressed = requests.post(f"{slack.url}/oauth/v2/authorize", data=form, allow_redirects=False, timeout=5)

    assert '"><b>' not in page
    assert "Acme (T0ACME)" in page
    assert "code=" in pressed.headers["location"]


def test_the_app_leaves_and_its_token_dies(slack: Running, app: App, bot: WebClient) -> None:
    bot.apps_uninstall(**APP)
    slack.webhooks(flush=True)

    with pytest.raises(SlackApiError, match="token_revoked"):
        bot.auth_test()
    assert {each.payload["event"]["type"] for each in app.sent} == {"tokens_revoked", "app_uninstalled"}
