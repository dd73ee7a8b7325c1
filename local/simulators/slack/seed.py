"""The teams as they are at the start: people whose addresses the simulated CRMs know, and a few odd ones."""

from dataclasses import replace

from local.simulators.clock import Clock
from local.simulators.slack.team import Channel, Message, Team, User

OWNERS = (
    ("U0ANNA", "anna", "Anna Sjöberg", "anna@nordlicht-example.test"),
    ("U0BEN", "ben", "Ben Adeyemi", "ben@nordlicht-example.test"),
    ("U0CARLA", "carla", "Carla Reyes", "carla@nordlicht-example.test"),
    ("U0DOV", "dov", "Dov", "dov@nordlicht-example.test"),
    ("U0ANA", "ana", "Ana Rebane", "ana@kaldera.test"),
    ("U0OTT", "ott", "Ott Kuusk", "ott@kaldera.test"),
    ("U0MIRJA", "mirja", "Mirja Lind", "mirja@kaldera.test"),
    ("U0REP", "rep", "Ana Rep", "ana.rep@alsterblick.test"),
    ("U0FALK", "falk", "Benno Falk", "benno.falk@alsterblick.test"),
    ("U0CHLOE", "chloe", "Chloé Marchand", "chloe.marchand@alsterblick.test"),
    ("U0SFADMIN", "sfadmin", "Salesforce Admin", "admin@falkenau.test"),
)
ODD = (
    User("U0ADMIN", "ada", "Ada Admin", "ada.admin@chat.test", admin=True),
    User("U0GUEST", "guest", "Gus Guest", "gus@visitor.test", guest=True),
    User("U0GONE", "gone", "Erik Gone", "former.seller@nordlicht-example.test", deleted=True),
    User("U0NOMAIL", "nomail", "Noor Nomail"),
    User("U0OUTSIDE", "outside", "Olaf Outside", "olaf@customer.test", home="T0OTHER"),
)
PLACES = (("T0ACME", "Acme", "acme"), ("T0BETA", "Beta", "beta"))


def seeded_team(place: int, clock: Clock) -> Team:
    """The second team has the same people under other ids and at other addresses."""
    suffix = "" if place == 0 else str(place + 1)
    team_id, name, domain = PLACES[place] if place < len(PLACES) else (f"T{suffix}", f"Team {suffix}", f"team{suffix}")
    team = Team(team_id, name, domain, clock, f"U0BRIDGEBOT{suffix}", f"B0BRIDGEBOT{suffix}")
    people = [User(each, handle, real, email) for each, handle, real, email in OWNERS]
    people += [replace(each) for each in ODD]
    for each in people:
        each.id += suffix
        each.email = f"{suffix and 'beta.'}{each.email}" if each.email else ""
        team.users[each.id] = each
    team.users[team.bot] = User(team.bot, "crm_bridge", "CRM Bridge", bot=True)
    team.users["USLACKBOT"] = User("USLACKBOT", "slackbot", "Slackbot", bot=True)
    _furnish(team, suffix)
    return team


def _furnish(team: Team, suffix: str) -> None:
    here = [each.id for each in team.users.values() if not each.deleted and not each.bot and not each.home]
    rooms = (
        ("C0GENERAL", "general", "public", [*here, team.bot]),
        ("C0DEALS", "big-deals", "public", [f"U0ANNA{suffix}", f"U0BEN{suffix}", f"U0ADMIN{suffix}", team.bot]),
        ("C0SUPPORT", "support", "public", [f"U0CARLA{suffix}", f"U0ADMIN{suffix}"]),
        ("G0BOARD", "board", "private", [f"U0ADMIN{suffix}"]),
        ("C0SHARED", "with-customer", "public", [f"U0ANNA{suffix}", f"U0OUTSIDE{suffix}", team.bot]),
        ("C0OLD", "old-times", "public", [f"U0ANNA{suffix}", team.bot]),
    )
    for channel_id, name, kind, members in rooms:
        channel = Channel(f"{channel_id}{suffix}", name, kind, f"U0ADMIN{suffix}", members=dict.fromkeys(members))
        channel.archived, channel.shared = channel_id == "C0OLD", channel_id == "C0SHARED"
        channel.messages.append(Message(team.next_ts(), f"U0ADMIN{suffix}", f"Welcome to {name}"))
        team.channels[channel.id] = channel
