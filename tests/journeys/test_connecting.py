"""The browser comes back from HubSpot with something wrong: a page with the reason, and no connection."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from crmbridge.domain.connections import Caller
from crmbridge.services.start_connect import start_connect

from local.journey import steps
from local.journey.inside import Inside
from local.journey.steps import Story

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def hopeful(begin: Callable[..., Story]) -> Story:
    """Return a story that no test of this file may get connected."""
    return begin()


@pytest.fixture
def unconnected(hopeful: Story) -> Iterator[Story]:
    """Return it, and look afterwards."""
    yield hopeful
    assert hopeful.admin.get("/v1/connections")["items"] == []


def started(story: Story, **wish: str) -> str:
    return str(story.admin.post("/v1/oauth/hubspot/start", wish)["authorize_url"])


def state_of(authorize_url: str) -> str:
    return parse_qs(urlsplit(authorize_url).query)["state"][0]


def browse(url: str) -> requests.Response:
    return requests.get(url, timeout=60, allow_redirects=False)


def callback(story: Story, **query: str) -> requests.Response:
    return requests.get(
        f"{story.world.api_url}/v1/oauth/hubspot/callback", params=query, timeout=60, allow_redirects=False
    )


def is_refused(page: requests.Response, reason: str) -> bool:
    """A page for a person, with the reason, a request id, and nothing else to find out from it."""
    is_page = page.headers["content-type"].startswith("text/html") and "Not connected" in page.text
    return is_page and page.status_code == 400 and f"Reason: {reason}." in page.text and "Request: " in page.text


def test_a_state_that_is_missing_or_made_up_is_refused(unconnected: Story) -> None:
    assert is_refused(callback(unconnected), "unknown_or_used_state")
    assert is_refused(callback(unconnected, code="c"), "unknown_or_used_state")
    assert is_refused(callback(unconnected, code="c", state="x" * 5_000), "unknown_or_used_state")
    assert is_refused(callback(unconnected, code="c", state="<script>"), "unknown_or_used_state")


def test_a_state_is_good_once(unconnected: Story) -> None:
    state = state_of(started(unconnected))
    first = callback(unconnected, code="junk", state=state)

    second = callback(unconnected, code="junk", state=state)

    assert is_refused(first, "exchange_failed")
    assert is_refused(second, "unknown_or_used_state")


def test_a_state_ends_after_ten_minutes(unconnected: Story, deps: Callable[..., Inside]) -> None:
    caller = Caller(unconnected.workspace, "ada", "admin")
    page = start_connect(deps(seconds=-601), caller, "hubspot")

    came_back = browse(steps.approve(page, unconnected.portal))

    assert is_refused(came_back, "unknown_or_used_state")


def test_a_state_of_one_workspace_connects_no_other(unconnected: Story, begin: Callable[..., Story]) -> None:
    other = begin()
    code = parse_qs(urlsplit(steps.approve(started(unconnected), unconnected.portal)).query)["code"][0]

    page = callback(unconnected, code=code, state=state_of(started(other)))

    assert page.status_code == 200
    assert [each["account"] for each in other.admin.get("/v1/connections")["items"]] == [unconnected.portal]


def test_a_refusal_at_hubspot_is_said_here(unconnected: Story) -> None:
    denied = browse(started(unconnected) + "&_sim_deny=1").headers["location"]

    assert is_refused(browse(denied), "denied_at_provider")


def test_a_missing_code_is_said(unconnected: Story) -> None:
    assert is_refused(callback(unconnected, state=state_of(started(unconnected))), "missing_code")


def test_a_refusal_goes_back_to_the_chat_app_that_asked_for_it(unconnected: Story) -> None:
    page = started(unconnected, return_url=f"{unconnected.world.chat.url}/settings?tab=crm")

    came_back = browse(browse(page + "&_sim_deny=1").headers["location"])

    assert came_back.status_code == 303
    assert came_back.headers["location"] == f"{unconnected.world.chat.url}/settings?tab=crm&error=denied_at_provider"


def test_a_return_url_that_is_not_allowed_is_refused(unconnected: Story) -> None:
    answer = unconnected.admin.raw("POST", "/v1/oauth/hubspot/start", json={"return_url": "https://evil.test/"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "return_url"


def test_a_state_of_one_crm_is_no_good_at_another(unconnected: Story) -> None:
    state = state_of(started(unconnected))

    page = requests.get(
        f"{unconnected.world.api_url}/v1/oauth/nosuchcrm/callback", params={"state": state, "code": "c"}, timeout=60
    )

    assert page.status_code == 404
