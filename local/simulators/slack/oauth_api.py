"""`oauth.v2.access`, which trades a code for tokens, and the end of an install."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.slack import events
from local.simulators.slack.call import Call, Json, Method, read_arguments
from local.simulators.slack.errors import SlackError, answer, refusal
from local.simulators.slack.team import Team

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace


@dataclass(slots=True)
class OAuthApi:
    place: "Workplace"

    def routes(self) -> list[Route]:
        return [Route("/api/oauth.v2.access", self.access, methods=["GET", "POST"])]

    async def access(self, request: Request) -> Response:
        request.scope["sim.pool"] = "oauth"
        try:
            arguments, _ = await read_arguments(request)
            return answer(self._granted(_with_basic(request, arguments)))
        except SlackError as error:
            return refusal(error)

    def _granted(self, arguments: dict[str, Any]) -> Json:
        self._check_client(arguments)
        code = self.place.tokens.use_code(str(arguments.get("code", "")), str(arguments.get("redirect_uri", "")))
        team, options = code.team, self.place.options
        self.place.welcome(team)
        person: Json = {"id": code.user}
        if code.user_scopes:
            token = self.place.tokens.user_token(code)
            person |= {"scope": token.provided, "access_token": token.text, "token_type": "user"}
        bot = self.place.tokens.install(code) if code.scopes else None
        body: Json = {"ok": True, "app_id": options.app_id, "authed_user": person, "enterprise": None,
                      "team": {"id": team.id, "name": team.name}, "is_enterprise_install": False}  # fmt: skip
        granted = {"access_token": bot.text, "token_type": "bot", "scope": bot.provided,
                   "bot_user_id": team.bot} if bot else {}  # fmt: skip
        return body | granted

    def _check_client(self, arguments: dict[str, Any]) -> None:
        if arguments.get("client_id") != self.place.options.client_id:
            raise SlackError("invalid_client_id")
        if arguments.get("client_secret") != self.place.options.client_secret:
            raise SlackError("bad_client_secret")


def uninstall(call: Call) -> Json:
    options = call.place.options
    if (call.text("client_id"), call.text("client_secret")) != (options.client_id, options.client_secret):
        raise SlackError("bad_client_secret")
    end_install(call.place, call.team)
    return {}


def end_install(place: "Workplace", team: Team) -> None:
    ended = place.tokens.revoke_all(team)
    bots, people = ([each.user for each in ended if each.is_bot is kind] for kind in (True, False))
    events.tell(place, team, {"type": "tokens_revoked", "tokens": {"oauth": people, "bot": bots}})
    events.tell(place, team, {"type": "app_uninstalled"})


def _with_basic(request: Request, arguments: dict[str, Any]) -> dict[str, Any]:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return arguments
    name, _, secret = base64.b64decode(text + "==").decode("utf-8", "replace").partition(":")
    return {**arguments, "client_id": name, "client_secret": secret}


METHODS = (Method("apps.uninstall", uninstall, "tier1"),)
