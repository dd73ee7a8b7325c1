"""The page on which a person lets the app into an org, and the way to approve without a person."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.consent import ConsentPage, Unusable, send_back
from local.simulators.zoho.centres import START
from local.simulators.zoho.oauth_api import known_scopes, orgs_reachable
from local.simulators.zoho.org import Org

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

PAGE = ConsentPage(
    service="Zoho",
    colour="#226db4",
    title="Connect",
    heading="CRM Bridge would like to access your Zoho CRM",
    choose="Sign in to",
    asks="The app asks for",
    buttons=("Accept", "Reject"),
    place="org",
    failed="Invalid request",
    carried=("client_id", "redirect_uri", "response_type", "scope", "access_type", "prompt", "state"),
)
PATH = "/oauth/v2/auth"
SCOPE = re.compile(r"ZohoCRM(\.\w+){1,3}|AaaServer\.profile\.Read|ZohoSearch\.securesearch\.READ", re.IGNORECASE)


@dataclass(slots=True)
class AuthorizePages:
    suite: "Suite"

    def routes(self) -> list[Route]:
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.decide, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<org>` and `?_sim_deny=1` press the button; `&_sim_user=<id or e-mail>` is who does."""
        wish = dict(request.query_params)
        return self._answered(wish, wish, request)

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        pressed = {"_sim_approve": wish.get("org", "")} if wish.get("decision") == "grant" else {"_sim_deny": "1"}
        return self._answered(wish, pressed, request)

    def _answered(self, wish: dict[str, str], pressed: dict[str, str], request: Request) -> Response:
        try:
            self._check(wish)
            if "_sim_deny" in pressed:
                return send_back(wish, {"error": "access_denied"})
            if "_sim_approve" in pressed:
                return self._approved(wish, self._org(pressed["_sim_approve"], request), wish.get("_sim_user"))
            return self._page(wish, request)
        except Unusable as reason:
            return PAGE.refuse(f"ERROR_{reason}")

    def _check(self, wish: dict[str, str]) -> None:
        scopes = known_scopes(wish.get("scope", ""))
        if wish.get("client_id") != self.suite.options.client_id:
            raise Unusable("invalid_client")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("invalid_redirect_uri")
        if wish.get("response_type") != "code":
            raise Unusable("invalid_response_type")
        if not scopes or not all(SCOPE.fullmatch(each) for each in scopes):
            raise Unusable("invalid_scope")

    def _approved(self, wish: dict[str, str], org: Org, who: str | None) -> Response:
        """A refresh token comes with offline access; the second time only if consent is asked for again."""
        named = (each for each in org.users.values() if who in (each.id, each.email))
        user = next(named, None) if who else org.me()
        if user is None:
            raise Unusable("invalid_user")
        again = self.suite.tokens.has_grant(org, user.id)
        offline = wish.get("access_type") == "offline" and (not again or wish.get("prompt") == "consent")
        scopes = known_scopes(wish["scope"])
        code = self.suite.tokens.approve(org, user.id, wish["redirect_uri"], scopes, offline=offline)
        centre = org.facts.centre
        server = self.suite.accounts_server(centre)
        return send_back(wish, {"code": code, "location": centre.name, "accounts-server": server})

    def _org(self, chosen: str, request: Request) -> Org:
        centre = self.suite.centre_of(request) or START
        org = self.suite.org(chosen)
        if org not in orgs_reachable(self.suite, centre):
            raise Unusable("no_such_account_here")
        return org

    def _page(self, wish: dict[str, str], request: Request) -> Response:
        reachable = orgs_reachable(self.suite, self.suite.centre_of(request) or START)
        orgs = {org.facts.id: f"{org.facts.name} ({org.facts.centre.name}, {org.facts.id})" for org in reachable}
        action = f"{request.scope.get('sim.prefix', '')}{PATH}"
        return PAGE.show(action, wish, orgs, next(iter(orgs), ""), known_scopes(wish["scope"]))
