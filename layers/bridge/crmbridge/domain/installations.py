"""Our app in one Slack team, for one workspace; and what we keep of the people and cards there."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

SLACK_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{4,}")
"""What Slack calls its channels."""


class Writers(StrEnum):
    """`everyone`: whoever is a full member of the team; `people`: those of them whom an admin listed as people of the
    workspace. The others may look."""

    EVERYONE = "everyone"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`bot` is our bot's user there, `installer` the Slack user who let us in. Admins set `shows_amounts` (cards that
    everybody in a channel sees may tell amounts, too) and `writers`, who may write to the CRMs from there."""

    workspace: str
    team: str
    team_name: str
    bot: str
    installer: str
    scopes: tuple[str, ...] = ()
    installed_by: str
    installed_at: datetime
    shows_amounts: bool = False
    writers: Writers = Writers.EVERYONE


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """`time_zone` is an IANA name: what is tomorrow for them."""

    email: str
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Where the receipt of an action is shown. `ts` is Slack's name of the message; empty: it is not posted yet.
    `thread` is the message it answers."""

    action: str
    channel: str
    user: str
    thread: str = ""
    ts: str = ""
