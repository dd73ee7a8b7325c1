"""Open a form's skeleton while its trigger lives, which is three seconds; the queue fills it."""

from typing import Final

from crmbridge.chat.slack.forms import TITLES, WINDOWS, skeleton
from crmbridge.chat.slack.requests import Wish
from crmbridge.domain.errors import ChatError
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import open_slack

IN_TIME: Final = (0.8, 1.5)
"""Seconds to connect, and to wait for the answer."""


def open_form(deps: Deps, team: str, wish: Wish) -> dict[str, Json]:
    """The view as it is now. Raises ChatError in words for who clicked."""
    if wish.type not in (*TITLES, *WINDOWS):
        raise ChatError("this button is of another version of the app")
    installation = deps.installations.of_team(team)
    if installation is None:
        raise ChatError("this Slack workspace is not connected; an admin installs the app")
    slack = open_slack(deps, installation, IN_TIME)
    view = skeleton(wish.type, wish.context)
    opened = slack.api.call("views.open", trigger_id=wish.trigger, view=view)["view"]
    return {"id": str(opened["id"]), "private_metadata": view["private_metadata"], "state": None}
