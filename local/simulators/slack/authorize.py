"""The page on which a person lets the app into her team, and the way to approve without a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.consent import ConsentPage, Unusable, send_back
from local.simulators.slack.options import BOT_SCOPES, USER_SCOPES

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

PAGE = ConsentPage(
    service="Slack",
    colour="#007a5a",
    title="Permissions",
    heading="CRM Bridge is requesting permission to access a Slack workspace",
    choose="Workspace",
    asks="What will CRM Bridge be able to do?",
    buttons=("Allow", "Cancel"),
    place="chosen",
    failed="Something went wrong when authorizing this app",
    carried=("client_id", "redirect_uri", "scope", "user_scope", "state", "team"),
)


@dataclass(slots=True)
class AuthorizePages:
    place: "Workplace"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/v2/authorize", self.show, methods=["GET"]),
            Route("/oauth/v2/authorize", self.decide, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<team>` (`&_sim_user=`) and `?_sim_deny=1` answer as if the button had been pressed."""
        wish = dict(request.query_params)
        try:
            self._check(wish)
            if "_sim_deny" in wish:
                return send_back(wish, {"error": "access_denied"})
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"], wish.get("_sim_user", ""))
        except Unusable as reason:
            return PAGE.refuse(str(reason))
        return self._page(wish)

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            if wish.get("decision") != "grant":
                return send_back(wish, {"error": "access_denied"})
            return self._approved(wish, wish.get("chosen", ""), "")
        except Unusable as reason:
            return PAGE.refuse(str(reason))

    def _check(self, wish: dict[str, str]) -> None:
        if wish.get("client_id") != self.place.options.client_id:
            raise Unusable("Invalid client_id parameter")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("redirect_uri did not match any configured URIs.")
        unknown = sorted({*_listed(wish, "scope")} - {*BOT_SCOPES}) + sorted(
            {*_listed(wish, "user_scope")} - {*USER_SCOPES}
        )
        if unknown:
            raise Unusable(f"Invalid permissions requested: {', '.join(unknown)}")
        if not _listed(wish, "scope") and not _listed(wish, "user_scope"):
            raise Unusable("No scopes requested")

    def _approved(self, wish: dict[str, str], chosen: str, user: str) -> Response:
        team = self.place.teams.get(chosen)
        if team is None:
            raise Unusable(f"There is no workspace {chosen}.")
        person = user or next(each.id for each in team.users.values() if each.admin)
        if person not in team.users:
            raise Unusable(f"There is nobody called {person} in {chosen}.")
        scopes, more = _listed(wish, "scope"), _listed(wish, "user_scope")
        return send_back(wish, {"code": self.place.tokens.approve(team, person, wish["redirect_uri"], scopes, more)})

    def _page(self, wish: dict[str, str]) -> Response:
        first = wish.get("team") or next(iter(self.place.teams))
        teams = {each: f"{team.name} ({each})" for each, team in self.place.teams.items()}
        asked = [*_listed(wish, "scope"), *_listed(wish, "user_scope")]
        return PAGE.show("/oauth/v2/authorize", wish, teams, first, asked)


def _listed(wish: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(wish.get(name, "").replace(",", " ").split())
