"""The page on which a person lets the app into a portal, and the way to approve without a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.consent import ConsentPage, Unusable, send_back
from local.simulators.hubspot.options import scopes_from
from local.simulators.hubspot.portal import Portal

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

PAGE = ConsentPage(
    service="HubSpot",
    colour="#c93a17",
    title="Connect an app",
    heading="Connect CRM Bridge to HubSpot",
    choose="Choose an account",
    asks="The app asks for",
    buttons=("Connect app", "Cancel"),
    place="portal",
    failed="Authorization failed",
    carried=("client_id", "redirect_uri", "scope", "optional_scope", "state"),
)


@dataclass(slots=True)
class AuthorizePages:
    hub: "Hub"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self.show, methods=["GET"]),
            Route("/oauth/authorize", self.decide, methods=["POST"]),
            Route("/oauth/{portal:int}/authorize", self.show, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<portal>` and `?_sim_deny=1` answer as if the person had pressed the button."""
        wish = dict(request.query_params)
        try:
            self._check(wish)
            if "_sim_deny" in wish:
                return send_back(wish, _denied())
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"])
        except Unusable as reason:
            return PAGE.refuse(str(reason))
        return self._page(wish, request.path_params.get("portal"))

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            return (
                self._approved(wish, wish.get("portal", ""))
                if wish.get("decision") == "grant"
                else send_back(wish, _denied())
            )
        except Unusable as reason:
            return PAGE.refuse(str(reason))

    def _check(self, wish: dict[str, str]) -> None:
        if wish.get("client_id") != self.hub.options.client_id:
            raise Unusable("No app was found with this client id.")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("The redirect URL is missing or not one of the app's.")
        allowed = scopes_from(self.hub.options.app_scopes)
        unknown = sorted({*wish.get("scope", "").split(), *wish.get("optional_scope", "").split()} - allowed)
        if unknown or not wish.get("scope"):
            raise Unusable(
                f"The scopes do not match what the app declares: {' '.join(unknown) or 'none were asked for'}."
            )

    def _approved(self, wish: dict[str, str], chosen: str) -> Response:
        portal = self._portal(chosen)
        scopes = [*wish["scope"].split(), *wish.get("optional_scope", "").split()]
        code = self.hub.tokens.approve(portal, wish["redirect_uri"], {"oauth", *scopes})
        return send_back(wish, {"code": code})

    def _portal(self, chosen: str) -> Portal:
        portal = self.hub.portals.get(int(chosen)) if chosen.isdecimal() else None
        if portal is None:
            raise Unusable(f"There is no account {chosen}.")
        return portal

    def _page(self, wish: dict[str, str], preselected: int | None) -> Response:
        first = preselected or next(iter(self.hub.portals))
        portals = {str(each): f"{portal.account.domain} ({each})" for each, portal in self.hub.portals.items()}
        asked = [*wish["scope"].split(), *wish.get("optional_scope", "").split()]
        return PAGE.show("/oauth/authorize", wish, portals, str(first), asked)


def _denied() -> dict[str, str]:
    return {"error": "access_denied", "error_description": "The user denied access"}
