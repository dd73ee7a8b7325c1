"""The Slack simulator put together: teams, tokens, limits, the Web API, and the way to the app."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from local.simulators.clock import Clock
from local.simulators.deliveries import DeliveryPolicy, Outbox
from local.simulators.faults import Rule
from local.simulators.simulator import BadCommand, Json, carried_out
from local.simulators.slack import chat_api, conversations_api, events, oauth_api, users_api, views_api
from local.simulators.slack.authorize import AuthorizePages
from local.simulators.slack.call import Method, respond
from local.simulators.slack.errors import SlackError, answer, rate_limited, refusal
from local.simulators.slack.limits import Limits
from local.simulators.slack.oauth_api import OAuthApi
from local.simulators.slack.operations import Operations
from local.simulators.slack.options import Options, scopes_from, settings_from
from local.simulators.slack.people import People
from local.simulators.slack.responses import Responses
from local.simulators.slack.seed import seeded_team
from local.simulators.slack.sending import RETRY_GAPS, Courier
from local.simulators.slack.team import Channel, Message, Team
from local.simulators.slack.tokens import Tokens
from local.simulators.slack.truth import told
from local.simulators.slack.views import Views

METHODS: dict[str, Method] = {
    method.name: method
    for part in (users_api, conversations_api, chat_api, views_api, oauth_api) for method in part.METHODS
}  # fmt: skip


class Workplace:
    name = "slack"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.settings = settings_from(options)
        self.public_url = options.public_url.rstrip("/")
        self.limits = Limits(self.clock, self.settings)
        self.tokens = Tokens(self.clock, options.seed)
        self.views = Views(options.app_id)
        self.responses = Responses(self)
        self.unfurl_ids: dict[str, tuple[Team, Message]] = {}
        self.teams = {team.id: team for team in (seeded_team(each, self.clock) for each in range(options.teams))}
        for place, team in enumerate(self.teams.values()) if options.installed else ():
            token = options.token if place == 0 else f"{options.token}-{place + 1}"
            self.tokens.add(token, team, team.bot, scopes_from(options.scopes))
        self.courier = Courier(self)
        self.outbox = Outbox(
            self.clock,
            DeliveryPolicy(RETRY_GAPS, timeout_seconds=self.settings.acknowledge_seconds, batch_size=1),
            self.courier.seal,
            account=lambda event: event["team_id"],
            forge=self.courier.forged,
            seed=options.seed,
        )
        self.outbox.heard = self.courier.heard
        self.people = People(self)
        self.extras: list[BaseRoute] = [*self.people.routes()]
        self._operations = Operations(self)
        self._app = self._routes()

    async def routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def state(self, query: Mapping[str, str]) -> Json:
        return told(self, query.get("team", ""))

    def mutate(self, operation: Mapping[str, Json]) -> Json:
        return carried_out(self._operations.carry_out, operation, SlackError)

    def throttled(self, rule: Rule, _: Request) -> Response:
        return refusal(rate_limited(rule.retry_after or 30))

    def spoil_token(self, _: str, request: Request) -> None:
        """A bot token does not expire; either way it is worth nothing from now on."""
        token = self.tokens.held.get(request.headers.get("authorization", "").partition(" ")[2])
        if token:
            token.revoked = True

    def team(self, wanted: object) -> Team:
        """By its id, by its place (`1`, `2`), or the first."""
        teams = list(self.teams.values())
        if wanted is None or wanted == "":
            return teams[0]
        for place, team in enumerate(teams):
            if str(wanted) in {team.id, str(place + 1)}:
                return team
        raise BadCommand(f"no team {wanted}; there are {', '.join(self.teams)}")

    def welcome(self, team: Team) -> None:
        """The bot of an app that comes back is somebody again."""
        team.users[team.bot].deleted = False

    def join(self, team: Team, channel: Channel, user: str, *, inviter: str) -> None:
        if user not in channel.members:
            channel.members[user] = None
            events.membership(self, team, channel, user, joined=True, inviter=inviter)

    def leave(self, team: Team, channel: Channel, user: str) -> None:
        if user in channel.members:
            events.membership(self, team, channel, user, joined=False)
            del channel.members[user]

    def _routes(self) -> Starlette:
        async def method(request: Request) -> Response:
            return await respond(self, METHODS, request)

        routes = [*OAuthApi(self).routes(), *AuthorizePages(self).routes(), *self.responses.routes()]
        routes.append(Route("/api/{method}", method, methods=["GET", "POST"]))
        return Starlette(routes=routes, exception_handlers={HTTPException: _not_there})


async def _not_there(_: Request, error: Any) -> Response:
    return answer({"ok": False, "error": "unknown_method"}, error.status_code)
