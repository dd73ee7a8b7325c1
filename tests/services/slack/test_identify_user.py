"""Who a Slack user is in the workspace, and who of them may write from there."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.installations import Installation, Writers
from crmbridge.services.manage_people import map_people
from crmbridge.services.ports import Deps
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.install_app import set_up_slack

Do = Callable[..., Any]


@pytest.fixture
def listed(deps: Deps, admin: Caller, installation: Installation) -> Installation:
    """Only who is listed may write."""
    return set_up_slack(deps, admin, writers=Writers.PEOPLE)


def test_every_full_member_may_write_unless_an_admin_says_otherwise(deps: Deps, installation: Installation) -> None:
    assert identify_user(deps, installation, "UMAX") == Caller("w1", "UMAX", "member", "max@example.test")


def test_who_is_only_known_to_slack_is_not_listed(deps: Deps, listed: Installation) -> None:
    first, second = (identify_user(deps, listed, "UMAX").role for _ in range(2))

    assert (first, second) == ("reader", "reader")
    assert deps.workspaces.people("w1", ["max@example.test"]) == {"max@example.test": "UMAX"}


def test_whom_an_admin_lists_may_write_and_whom_they_forget_may_not(
    deps: Deps, admin: Caller, listed: Installation
) -> None:
    identify_user(deps, listed, "UMAX")

    map_people(deps, admin, {"Max@example.test": "UMAX"})
    before = identify_user(deps, listed, "UMAX").role
    map_people(deps, admin, {"max@example.test": None})

    assert (before, identify_user(deps, listed, "UMAX").role) == ("member", "reader")


@pytest.mark.usefixtures("listed", "hubspot")
def test_who_may_only_look_finds_and_gets_no_form(command: Do, serve: Do, slack: Any, deal: str) -> None:
    command("find ren")
    command("task Call Ada")
    serve()

    assert "Renewal" in orjson.dumps(slack.called("respond")).decode()
    assert "ask an admin" in orjson.dumps(slack.called("views.update")[-1]["view"]).decode()


@pytest.mark.usefixtures("installation", "hubspot")
def test_who_may_write_no_more_tries_nothing_again(
    command: Do, serve: Do, submit: Do, interact: Do, deps: Deps, admin: Caller
) -> None:
    command("task Call Ada")
    serve()
    submit()
    asked = deps.actions.get("w1", deps.queues.actions.sent[0].body["action"])  # type: ignore[attr-defined]  # a twin
    deps.actions.save(asked.moved(ActionStatus.FAILED, deps.now()))
    set_up_slack(deps, admin, writers=Writers.PEOPLE)

    interact("block_actions", actions=[{"action_id": "retry", "value": asked.id}])
    serve()

    assert deps.actions.get("w1", asked.id).status is ActionStatus.FAILED
