"""Links to records: a card with what everybody may see."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories
from crmbridge.domain.records import RecordKey
from crmbridge.domain.sidepanels import LINKABLE
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.ports import Deps
from crmbridge.services.slack.install_app import set_up_slack
from crmbridge.services.slack.unfurl_links import record_at

pytestmark = pytest.mark.usefixtures("installation", "hubspot", "deal")

URL = "https://app.hubspot.com/contacts/48/record/0-3/9"


@pytest.fixture
def share(post: Callable[..., Any], serve: Callable[[], None], slack: Any) -> Callable[..., list[Any]]:
    """Somebody posts these links; returns what was unfurled."""

    def send(*urls: str, user: str = "UADA", source: str = "conversations_history", **more: Any) -> list[Any]:
        links = [{"url": url, "domain": "app.hubspot.com"} for url in urls]
        where = {"channel": "C0DEALS", "message_ts": "8.1", "source": source}
        event = {"type": "link_shared", "user": user, "links": links, **where}
        post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": str(urls), "event": event, **more})
        serve()
        called: list[Any] = slack.called("chat.unfurl")
        return called

    return send


@pytest.mark.parametrize(
    "url", [URL, "https://app.hubspot.com/contacts/48/deal/9", f"{URL}/", f"{URL}?eschref=1#tab", f"{URL}/view/1"]
)
def test_a_link_shows_name_and_stage_and_no_amount(share: Callable[..., list[Any]], url: str) -> None:
    (unfurled,) = share(url)

    card = orjson.dumps(unfurled["unfurls"][url]).decode()
    assert (unfurled["channel"], unfurled["ts"]) == ("C0DEALS", "8.1")
    assert "Renewal" in card
    assert "New" in card
    assert "40000" not in card


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_the_address_of_a_record_leads_back_to_it(deps: Deps, make_connection: Callable[..., Any], name: str) -> None:
    make_connection(id="c2", platform=name, account="7")
    account = Account("7", ui_url=f"https://acme.{name}.test")
    deps.connections.save_directories("w1", "c2", Directories(account))
    objects = [spec.name for spec in PLATFORMS[name].objects.values() if spec.kind in LINKABLE]

    found = [record_at(deps, "w1", PLATFORMS[name].record_url(account, object, "12")) for object in objects]

    assert found == [RecordKey("w1", "c2", object, "12") for object in objects]


def test_an_address_longer_than_any_key_leads_nowhere(deps: Deps) -> None:
    assert record_at(deps, "w1", URL + "9" * 3000) is None


def test_an_address_of_lightning_is_one_of_its_org(deps: Deps, make_connection: Callable[..., Any]) -> None:
    make_connection(id="c2", platform="salesforce", account="7")
    account = Account("7", ui_url="https://acme--test.sandbox.my.salesforce.com")
    deps.connections.save_directories("w1", "c2", Directories(account))
    copied = "https://acme--test.sandbox.lightning.force.com/lightning/r/Account/0015g00000XyZ/view"

    assert record_at(deps, "w1", copied) == RecordKey("w1", "c2", "Account", "0015g00000XyZ")


def test_amounts_are_shown_where_the_workspace_wants_it(
    share: Callable[..., list[Any]], deps: Deps, admin: Any
) -> None:
    set_up_slack(deps, admin, shows_amounts=True)

    (unfurled,) = share(URL)

    assert "40000 EUR" in orjson.dumps(unfurled).decode()


@pytest.mark.parametrize(
    "url",
    [
        "https://app.hubspot.com/contacts/49/record/0-3/9",
        "https://app.hubspot.com/contacts/48/record/0-3/10",
        "https://app.hubspot.com/contacts/48/record/0-3/",
        "https://evil.test/https://app.hubspot.com/contacts/48/record/0-3/9",
        "https://app.hubspot.com/reports",
        "no url",
        "https://[app.hubspot.com",
    ],
)
def test_other_links_stay_as_they_are(share: Callable[..., list[Any]], url: str) -> None:
    assert share(url) == []


def test_nothing_is_shown_where_another_company_reads_along(share: Callable[..., list[Any]]) -> None:
    assert share(URL, is_ext_shared_channel=True) == []


def test_where_slack_does_not_say_who_reads_along_it_is_asked(share: Callable[..., list[Any]], slack: Any) -> None:
    slack.shared.add("C0DEALS")
    assert share(URL) == []

    slack.shared.clear()
    slack.refuses["conversations.info"] = "channel_not_found"
    assert share(URL, event_id="Ev2") == []
    assert len(share(URL, event_id="Ev3", is_ext_shared_channel=False)) == 1


def test_nothing_is_shown_before_it_is_known_where(share: Callable[..., list[Any]]) -> None:
    assert share(URL, source="composer") == []


def test_guests_do_not_read_the_crm_link_by_link(share: Callable[..., list[Any]], slack: Any) -> None:
    slack.add("UGUS", "gus@visitor.test", is_restricted=True)

    assert share(URL, user="UGUS") == []
    assert len(share(URL, event_id="Ev2")) == 1


def test_a_message_that_is_gone_is_nobodys_trouble(share: Callable[..., list[Any]], slack: Any) -> None:
    slack.refuses["chat.unfurl"] = "cannot_unfurl_message"

    assert len(share(URL)) == 1
