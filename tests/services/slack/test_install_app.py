"""Our app in a Slack team: let in by an admin, one team per workspace, out again from either side."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from crmbridge.chat.slack.consent import SCOPES
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound, Refused
from crmbridge.domain.groups import Group
from crmbridge.domain.installations import Installation, Writers
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.ports import Deps
from crmbridge.services.slack.install_app import (
    finish_install,
    read_installation,
    set_up_slack,
    start_install,
    uninstall_app,
)
from crmbridge.storage.vault import MemoryVault

OTHER = Caller("w2", "u9", "admin")


def consent(deps: Deps, caller: Caller, **wish: str) -> dict[str, str]:
    url = start_install(deps, caller, **wish)
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_an_admin_is_sent_to_slack_with_what_the_app_asks_for(deps: Deps, admin: Caller) -> None:
    asked = consent(deps, admin)

    assert asked["redirect_uri"] == "https://bridge.test/v1/chat/slack/callback"
    assert (asked["client_id"], set(asked["scope"].split(","))) == ("1.2", set(SCOPES))


def test_the_code_becomes_an_installation_with_a_token(deps: Deps, admin: Caller, slack: Any) -> None:
    done = finish_install(deps, {"state": consent(deps, admin)["state"], "code": "c"})

    assert (done.installation.workspace, done.installation.team, done.installation.bot) == ("w1", "T0TEAM", "UBOT")
    assert deps.vault.bot_token(done.installation) == "xoxb-1"
    assert slack.called("oauth.v2.access")[0]["redirect_uri"] == "https://bridge.test/v1/chat/slack/callback"
    assert deps.installations.of_team("T0TEAM") == read_installation(deps, admin)


@pytest.fixture
def named_early(deps: Deps, member: Caller) -> Group:
    """A member's group on what will be a channel of Slack."""
    body = {"name": "Early", "channel": "C0CHANNEL1", "rules": {"field": "amount", "operator": "gt", "value": 1}}
    return create_group(deps, member, body)


def test_groups_that_named_a_channel_before_wait_for_an_admin(
    deps: Deps, admin: Caller, member: Caller, named_early: Group
) -> None:
    finish_install(deps, {"state": consent(deps, admin)["state"], "code": "c"})
    paused = deps.groups.get("w1", named_early.id).paused

    with pytest.raises(Forbidden, match="only an admin may give a channel of Slack"):
        update_group(deps, member, named_early.id, {"paused": False})
    assert paused
    assert not update_group(deps, admin, named_early.id, {"paused": False}).paused


def test_installing_again_pauses_nobody(
    deps: Deps, admin: Caller, named_early: Group, installation: Installation
) -> None:
    finish_install(deps, {"state": consent(deps, admin)["state"], "code": "c"})

    assert not deps.groups.get("w1", named_early.id).paused


def test_a_member_may_not(deps: Deps, member: Caller, installation: Installation) -> None:
    for ask in (start_install, uninstall_app, lambda deps, caller: set_up_slack(deps, caller, shows_amounts=True)):
        with pytest.raises(Forbidden):
            ask(deps, member)


def test_a_state_is_good_once(deps: Deps, admin: Caller) -> None:
    state = consent(deps, admin)["state"]
    finish_install(deps, {"state": state, "code": "c"})

    with pytest.raises(Refused, match="used already"):
        finish_install(deps, {"state": state, "code": "c"})


@pytest.mark.parametrize(
    ("query", "answer", "reason"),
    [
        ({"error": "access_denied"}, None, "denied_at_provider"),
        ({}, None, "missing_code"),
        ({"code": "c"}, "invalid_code", "exchange_failed"),
        ({"code": "c"}, (503, {}), "exchange_failed"),
    ],
)
def test_a_refusal_says_why(
    deps: Deps, admin: Caller, slack: Any, query: dict[str, str], answer: Any, reason: str
) -> None:
    slack.refuses["oauth.v2.access"] = answer

    with pytest.raises(Refused) as refused:
        finish_install(deps, {"state": consent(deps, admin)["state"], **query})

    assert refused.value.reason == reason
    assert deps.installations.of_workspace("w1") is None


def test_tokens_that_end_by_themselves_are_refused_at_once(deps: Deps, admin: Caller, slack: Any) -> None:
    known = slack._oauth_v2_access
    slack._oauth_v2_access = lambda given: {**known(given), "expires_in": 43200, "refresh_token": "xoxe-1"}

    with pytest.raises(Refused, match="rotate"):
        finish_install(deps, {"state": consent(deps, admin)["state"], "code": "c"})


def test_a_team_belongs_to_one_workspace(deps: Deps, installation: Installation) -> None:
    with pytest.raises(Clash, match="another workspace"):
        finish_install(deps, {"state": consent(deps, OTHER)["state"], "code": "c"})
    with pytest.raises(Refused) as refused:
        finish_install(deps, {"state": consent(deps, OTHER, return_url="https://chat.test/")["state"], "code": "c"})

    assert (refused.value.reason, refused.value.return_url) == ("taken", "https://chat.test/")
    assert deps.vault.bot_token(installation) == "xoxb-1"


def test_installing_again_keeps_what_was_set(deps: Deps, admin: Caller, installation: Installation) -> None:
    set_up_slack(deps, admin, shows_amounts=True)
    set_up_slack(deps, admin, writers=Writers.PEOPLE)

    finish_install(deps, {"state": consent(deps, admin)["state"], "code": "c"})

    again = read_installation(deps, admin)
    assert (again.shows_amounts, again.writers) == (True, Writers.PEOPLE)


def test_nothing_to_set_up_is_said(deps: Deps, admin: Caller, installation: Installation) -> None:
    with pytest.raises(Invalid, match="nor is writers"):
        set_up_slack(deps, admin)


def test_taking_the_app_out_forgets_the_team_and_tells_slack(
    deps: Deps, admin: Caller, slack: Any, installation: Installation
) -> None:
    uninstall_app(deps, admin)

    assert slack.called("apps.uninstall")[0]["client_id"] == "1.2"
    assert deps.vault.bot_token(installation) is None
    assert deps.installations.of_team("T0TEAM") is None
    with pytest.raises(NotFound):
        read_installation(deps, admin)


def test_the_app_is_taken_out_when_its_secret_is_gone(deps: Deps, admin: Caller, installation: Installation) -> None:
    without = replace(deps, vault=MemoryVault({}))

    uninstall_app(without, admin)

    assert deps.installations.of_team("T0TEAM") is None


@pytest.mark.parametrize(
    ("event", "is_out"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UBOT"]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["UADA"]}}, False),
    ],
)
def test_slack_says_when_the_app_was_removed(
    post: Callable[..., Any],
    serve: Callable[[], None],
    deps: Deps,
    slack: Any,
    installation: Installation,
    event: Any,
    is_out: bool,
) -> None:
    slack.refuses["auth.test"] = "account_inactive"

    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev9", "event": event})
    serve()

    assert (deps.installations.of_team("T0TEAM") is None) == is_out


def test_late_news_of_a_removal_leave_the_next_installation_alone(
    post: Callable[..., Any], serve: Callable[[], None], deps: Deps, installation: Installation
) -> None:
    event = {"type": "app_uninstalled"}

    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev9", "event": event})
    serve()

    assert deps.installations.of_team("T0TEAM") == installation
