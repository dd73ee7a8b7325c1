"""`GET /_sim/state`: the teams with everything in them."""

from typing import TYPE_CHECKING, Any

from local.simulators.clock import iso
from local.simulators.slack.team import Team

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]


def told(place: "Workplace", team_id: str = "") -> Json:
    """Everything, or one team."""
    if team_id:
        return _team(place, place.team(team_id))
    options = place.options
    app = {"app_id": options.app_id, "client_id": options.client_id, "signing_secret": options.signing_secret,
           "command": options.command}  # fmt: skip
    teams = {each.id: _team(place, each) for each in place.teams.values()}
    return {"platform": place.name, "now": iso(place.clock.now_ms()), "app": app, "teams": teams}


def _team(place: "Workplace", team: Team) -> Json:
    views = [each for each in place.views.open.values() if each.team is team]
    app = place.options.app_id
    return {
        "id": team.id, "name": team.name, "domain": team.domain, "bot": team.bot,
        "users": [{"id": each.id, "name": each.real_name, "email": each.email, "deleted": each.deleted,
                   "bot": each.bot, "guest": each.guest} for each in team.users.values()],
        "channels": {each.id: each.told() for each in team.channels.values()},
        "views": [each.wire(app) | {"user": each.user} for each in views],
        "homes": {user: view.wire(app) for (at, user), view in place.views.homes.items() if at == team.id},
        "installs": [{"token": each.text, "user": each.user, "scopes": each.scopes} for each in place.tokens.of(team)],
    }  # fmt: skip
