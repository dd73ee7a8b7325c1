"""Channels of a team that was written from Slack's documentation by somebody else: joined, filled, emptied, refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from crmbridge.chat.slack.api import SlackRefused
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import ChatError
from crmbridge.domain.installations import Installation
from crmbridge.services.ports import Deps
from crmbridge.services.slack.find_users import find_users
from crmbridge.services.slack.move_members import move_members
from crmbridge.services.slack.open_slack import Slack, open_slack
from crmbridge.storage.vault import MemoryVault

from local.journey.world import Simulator, simulator

TEAM = "T0ACME"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator("slack", tmp_path_factory.mktemp("slack"), {}) as started:
        yield started


@pytest.fixture
def house(make_deps: Callable[..., Deps], team: Simulator) -> Deps:
    """A workspace whose app is in the team; its requests go over the wire."""
    session = requests.Session()
    session.trust_env = False
    app = AppCredentials("1.2", "client-secret", api_url=f"{team.url}/api")
    return make_deps(vault=MemoryVault({"slack": app}), http=session)


@pytest.fixture
def slack(house: Deps, team: Simulator) -> Iterator[Slack]:
    installed = Installation(
        workspace="w1", team=TEAM, team_name="Acme", bot="U0BRIDGEBOT", installer="U0ADMIN", installed_by="ada",
        installed_at=house.now(),
    )  # fmt: skip
    house.vault.keep_bot_token("w1", "xoxb-simulator")
    yield open_slack(house, installed)
    team.ask("DELETE", "faults")
    team.post("settings", {"restricted": ""})


@pytest.fixture
def make_channel(team: Simulator, request: pytest.FixtureRequest) -> Callable[..., str]:
    """A channel of this test's own, with these members beside the team's admin."""

    def make(*members: str, private: bool = False) -> str:
        id = f"C0{abs(hash(request.node.name)) % 10**8}"
        made = {"id": id, "name": id.lower(), "private": private, "members": ["U0ADMIN", *members]}
        team.post("mutate", [{"op": "add_channel", **made}])
        return id

    return make


def inside(team: Simulator, channel: str) -> set[str]:
    """Besides the team's admin."""
    return set(team.get("state")["teams"][TEAM]["channels"][channel]["members"]) - {"U0ADMIN"}


def test_people_are_known_by_their_e_mail(house: Deps, slack: Slack) -> None:
    users, later = find_users(house, slack, ["anna@nordlicht-example.test", "nobody@example.test"])

    assert (users, later) == ({"anna@nordlicht-example.test": "U0ANNA"}, {})


def test_a_channel_is_entered_filled_and_emptied_again(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str]
) -> None:
    channel = make_channel("U0CARLA")
    come = {"U0ANNA": "in", "U0BEN": "in", "U0CARLA": "in"}

    refused = move_members(house, slack, channel, come, owns=False)
    there = inside(team, channel)
    refused |= move_members(house, slack, channel, dict.fromkeys(come, "out"), owns=False)

    assert refused == {}
    assert there == {"U0BRIDGEBOT", *come}
    assert inside(team, channel) == {"U0BRIDGEBOT", "U0CARLA"}


@pytest.mark.parametrize("partial", [False, True])
def test_who_cannot_come_keeps_nobody_out(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str], partial: bool
) -> None:
    team.post("settings", {"partial_invites": partial})
    channel = make_channel()

    refused = move_members(house, slack, channel, dict.fromkeys(["U0ANNA", "U0GONE", "U0BEN"], "in"), owns=False)

    assert inside(team, channel) == {"U0BRIDGEBOT", "U0ANNA", "U0BEN"}
    assert list(refused) == ["U0GONE"]


def test_a_private_channel_needs_an_invitation(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str]
) -> None:
    channel = make_channel(private=True)

    with pytest.raises(SlackRefused, match="/invite @CRM Bridge"):
        move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False)
    team.post("mutate", [{"op": "add_member", "channel": channel, "user": "U0BRIDGEBOT"}])

    assert move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False) == {}


def test_an_archived_channel_is_its_owners_affair(house: Deps, slack: Slack) -> None:
    refused = move_members(house, slack, "C0OLD", {"U0BEN": "in"}, owns=False)

    assert [str(why) for why in refused.values() if "bring it back" in str(why)]


def test_a_setting_of_slack_is_told_and_stops_nothing_for_ever(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str]
) -> None:
    channel = make_channel()
    team.post("settings", {"restricted": "conversations.kick"})
    move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False)
    (why,) = move_members(house, slack, channel, {"U0ANNA": "out"}, owns=False).values()
    team.post("settings", {"restricted": ""})

    move_members(house, slack, channel, {"U0ANNA": "out"}, owns=False)

    assert "a Slack admin" in str(why)
    assert inside(team, channel) == {"U0BRIDGEBOT"}


def test_a_rate_limit_says_when_to_come_again(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str]
) -> None:
    channel = make_channel()
    team.post("faults", {"rules": [{"kind": "rate_limit", "path": "conversations.invite", "retry_after": 7}]})

    (why,) = move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False).values()
    again = move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False)

    assert (why.retry_after, why.retryable, again) == (7.0, True, {})


def test_an_invitation_whose_answer_was_lost_is_ours(
    house: Deps, slack: Slack, team: Simulator, make_channel: Callable[..., str]
) -> None:
    channel = make_channel()
    lost: dict[str, Any] = {"kind": "commit_then_timeout", "path": "conversations.invite", "body": "reset"}
    team.post("faults", {"rules": [lost]})

    (why,) = move_members(house, slack, channel, {"U0ANNA": "in"}, owns=False).values()
    move_members(house, slack, channel, {"U0ANNA": "out"}, owns=False)

    assert not isinstance(why, SlackRefused)
    assert inside(team, channel) == {"U0BRIDGEBOT"}


def test_a_token_that_was_taken_back_says_who_acts(house: Deps, slack: Slack) -> None:
    gone = replace(slack, api=replace(slack.api, token="xoxb-old"))

    with pytest.raises(ChatError, match="an admin installs it again"):
        move_members(house, gone, "C0GENERAL", {"U0ANNA": "in"}, owns=False)
