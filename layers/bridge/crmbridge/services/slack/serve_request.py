"""Work that Slack asked for, from the queue: one request, done by the person who made it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from crmbridge.chat.slack.api import SlackApi
from crmbridge.chat.slack.blocks import error_blocks, message
from crmbridge.chat.slack.requests import DONE, NOT_DONE
from crmbridge.domain.errors import ChatError
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack import answer_command, link_channel
from crmbridge.services.slack.answer_command import Answer, answer_person, tell_person
from crmbridge.services.slack.fill_form import fill_form
from crmbridge.services.slack.hear_event import hear_event
from crmbridge.services.slack.open_slack import Slack, open_slack
from crmbridge.services.slack.publish_home import publish_home
from crmbridge.services.slack.show_card import drop_second_card

UNKNOWN_TEAM: Final = "This Slack workspace is not connected; an admin installs the app."
REMEMBERED: Final = timedelta(hours=1)
"""Slack sends an event anew for some minutes; SQS drops repetitions for five."""

Asked = Mapping[str, Json]
Serve = Callable[[Deps, Slack, Asked], None]


def serve_request(deps: Deps, asked: Asked, holder: str) -> None:
    """`holder` names the message: brought back by SQS it goes on, sent again by Slack it is dropped."""
    installation = deps.installations.of_team(str(asked["team"]))
    if installation is None:
        _say_nothing_is_here(deps, asked)
        return
    if asked.get("id") and not deps.guards.acquire(f"slack-event#{asked['id']}", holder, REMEMBERED):
        return
    _SERVED[str(asked["kind"])](deps, open_slack(deps, installation), asked)


def _say_nothing_is_here(deps: Deps, asked: Asked) -> None:
    """Whoever asked has an address for the answer, even where we have no token any more."""
    if asked.get("response_url"):
        said = {"response_type": "ephemeral", "replace_original": False, **message(UNKNOWN_TEAM, [])}
        with suppress(ChatError):
            SlackApi(deps.http, "").respond(str(asked["response_url"]), said)


def _say(deps: Deps, slack: Slack, asked: Asked) -> None:  # noqa: ARG001 - as the others
    tell_person(slack, asked, str(asked["text"]), error_blocks(str(asked["text"])))


def _answering(answer: Answer) -> Serve:
    def serve(deps: Deps, slack: Slack, asked: Asked) -> None:
        answer_person(deps, slack, asked, answer)
        if asked.get("message"):
            drop_second_card(deps, slack, str(asked["action"]), str(asked["channel"]), str(asked["message"]))
        if view := asked.get("view"):
            _show_again(deps, slack, asked, str(view["type"]))

    return serve


def _show_again(deps: Deps, slack: Slack, asked: Asked, type: str) -> None:
    """The Home tab, or the window, in which a button was pressed: it shows what was decided."""
    if type == "home":
        publish_home(deps, slack, str(asked["user"]))
    else:
        fill_form(deps, slack, asked)


_ANSWERS: Final[Mapping[str, Answer]] = {
    "find": answer_command.find,
    "link": link_channel.link,
    "unlink": link_channel.unlink,
    "retry": answer_command.retry,
    "cancel": answer_command.cancel,
    "undo": answer_command.undo,
    DONE: answer_command.done,
    NOT_DONE: answer_command.not_done,
}
_SERVED: Final[Mapping[str, Serve]] = {
    **{kind: _answering(answer) for kind, answer in _ANSWERS.items()},
    "say": _say,
    "fill": fill_form,
    "event": hear_event,
}
