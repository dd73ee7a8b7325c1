"""The page on which a person lets the app into an org, and the way to approve without a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.consent import ConsentPage, Unusable, send_back
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.options import ALL_SCOPES
from local.simulators.salesforce.org import Org

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

PAGE = ConsentPage(
    service="Salesforce",
    colour="#0066bb",
    title="Allow access",
    heading="Allow CRM Bridge to access your Salesforce org?",
    choose="Log in to",
    asks="The app asks to",
    buttons=("Allow", "Deny"),
    place="org",
    failed="OAuth Error",
    carried=(
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "login_hint",
    ),
)
PATH = "/services/oauth2/authorize"


@dataclass(slots=True)
class AuthorizePages:
    cloud: "Cloud"

    def routes(self) -> list[Route]:
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.decide, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<org id>` and `?_sim_deny=1` answer as if the person had pressed the button."""
        wish = dict(request.query_params)
        try:
            refusal = self._check(wish)
            if refusal or "_sim_deny" in wish:
                return send_back(wish, refusal or _denied())
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"], request)
            return self._page(wish, request)
        except Unusable as reason:
            return PAGE.refuse(str(reason))

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            refusal = self._check(wish)
            if refusal or wish.get("decision") != "grant":
                return send_back(wish, refusal or _denied())
            return self._approved(wish, wish.get("org", ""), request)
        except Unusable as reason:
            return PAGE.refuse(str(reason))

    def _check(self, wish: dict[str, str]) -> dict[str, str] | None:
        """A wrong app or address stays here; everything else goes back to the app as an error."""
        if wish.get("client_id") != self.cloud.options.client_id:
            raise Unusable("error=invalid_client_id&error_description=client%20identifier%20invalid")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("error=redirect_uri_mismatch&error_description=redirect_uri%20must%20match%20configuration")
        if wish.get("response_type") != "code":
            return {"error": "unsupported_response_type", "error_description": "response type not supported"}
        if self.cloud.settings.app_blocked:
            return {"error": "OAUTH_APP_BLOCKED", "error_description": "this app is blocked by admin"}
        if set(wish.get("scope", "").split()) - ALL_SCOPES:
            return {"error": "invalid_scope", "error_description": "the requested scope is not allowed"}
        challenge, method = wish.get("code_challenge"), wish.get("code_challenge_method", "S256")
        if (self.cloud.settings.require_pkce and not challenge) or method != "S256":
            return {"error": "invalid_request", "error_description": "missing required code challenge"}
        return None

    def _approved(self, wish: dict[str, str], chosen: str, request: Request) -> Response:
        org = self._org(chosen, request)
        scopes = frozenset(wish.get("scope", "").split()) or ALL_SCOPES
        code = self.cloud.tokens.approve(org, wish["redirect_uri"], scopes, wish.get("code_challenge"))
        return send_back(wish, {"code": code})

    def _org(self, chosen: str, request: Request) -> Org:
        """By its id, or by its place: `1` is the first that this login host knows."""
        orgs = self.cloud.orgs_at(request)
        if chosen.isdecimal() and 1 <= int(chosen) <= len(orgs):
            return orgs[int(chosen) - 1]
        found = next((org for org in orgs if org.facts.id == long_id(chosen)), None)
        if found is None:
            raise Unusable(f"There is no org {chosen} at this address.")
        return found

    def _page(self, wish: dict[str, str], request: Request) -> Response:
        orgs = self.cloud.orgs_at(request)
        choices = {org.facts.id: f"{org.facts.name} ({org.facts.id})" for org in orgs}
        action = request.scope.get("sim.prefix", "") + PATH
        return PAGE.show(action, wish, choices, next(iter(choices), ""), wish.get("scope", "").split())


def _denied() -> dict[str, str]:
    return {"error": "access_denied", "error_description": "end-user denied authorization"}
