"""Work that Slack asked for, from the queue: one request, done by the person who made it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from crmbridge.chat.slack.blocks import error_blocks
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack import answer_command, link_channel
from crmbridge.services.slack.answer_command import answer_person, tell_person
from crmbridge.services.slack.fill_form import fill_form
from crmbridge.services.slack.hear_event import hear_event
from crmbridge.services.slack.open_slack import Slack, open_slack

REMEMBERED: Final = timedelta(hours=1)
"""Slack sends an event anew for some minutes; SQS drops repetitions for five."""

Asked = Mapping[str, Json]


def serve_request(deps: Deps, asked: Asked, holder: str) -> None:
    """`holder` names the message: brought back by SQS it goes on, sent again by Slack it is dropped."""
    installation = deps.installations.of_team(str(asked["team"]))
    if installation is None:
        return
    if asked.get("id") and not deps.guards.acquire(f"slack-event#{asked['id']}", holder, REMEMBERED):
        return
    _SERVED[str(asked["kind"])](deps, open_slack(deps, installation), asked)


def _say(deps: Deps, slack: Slack, asked: Asked) -> None:  # noqa: ARG001 - as the others
    tell_person(slack, asked, str(asked["text"]), error_blocks(str(asked["text"])))


def _find(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, answer_command.find)


def _link(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, link_channel.link)


def _unlink(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, link_channel.unlink)


def _retry(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, answer_command.retry)


def _cancel(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, answer_command.cancel)


def _undo(deps: Deps, slack: Slack, asked: Asked) -> None:
    answer_person(deps, slack, asked, answer_command.undo)


_SERVED: Final[Mapping[str, Callable[[Deps, Slack, Asked], None]]] = {
    "say": _say,
    "find": _find,
    "link": _link,
    "unlink": _unlink,
    "retry": _retry,
    "cancel": _cancel,
    "undo": _undo,
    "fill": fill_form,
    "event": hear_event,
}
