"""The Pipedrive simulator put together: companies, tokens, limits, routes and webhooks of one app."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from local.simulators.clock import Clock
from local.simulators.deliveries import DeliveryPolicy, Outbox, Post
from local.simulators.faults import Rule
from local.simulators.pipedrive import (
    directory_api,
    notes_api,
    participants_api,
    records_api,
    search_api,
    v1_api,
    webhooks_api,
)
from local.simulators.pipedrive.authorize import AuthorizePages
from local.simulators.pipedrive.call import api_route, grant_of, http_error
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import Refused, blocked, over_limit, refusal
from local.simulators.pipedrive.events import RETRY_GAPS, TIMEOUT_SECONDS, Teller
from local.simulators.pipedrive.fields import key_for
from local.simulators.pipedrive.forgery import forged
from local.simulators.pipedrive.limits import Limits
from local.simulators.pipedrive.oauth_api import OAuthApi
from local.simulators.pipedrive.options import Options, scopes_from, settings_from
from local.simulators.pipedrive.people import Operations
from local.simulators.pipedrive.seed import seeded_company
from local.simulators.pipedrive.tokens import Install, Tokens
from local.simulators.pipedrive.truth import told
from local.simulators.simulator import BadCommand, Json, carried_out

SMALLER = 10  # per cent of the first company


class Drive:
    name = "pipedrive"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.settings = settings_from(options)
        self.public_url = options.public_url.rstrip("/")
        self.limits = Limits(self.clock, self.settings)
        self.extras: list[BaseRoute] = []
        self.tokens = Tokens(self.clock, self.settings, options.seed, scopes_from(options.app_scopes) | {"base"})
        shares = [100, *(map(int, options.shares.split()) if options.shares else [SMALLER] * (options.accounts - 1))]
        self.companies = {each.id: each for each in map(self._company, range(len(shares)), shares)}
        client = (options.client_id, options.client_secret)
        self.teller = Teller(self.clock, self.companies, client)
        self.outbox = Outbox(
            self.clock,
            DeliveryPolicy(RETRY_GAPS, timeout_seconds=TIMEOUT_SECONDS, batch_size=1),
            self.teller.seal,
            account=lambda event: event["company"],
            forge=self._forged,
            seed=options.seed,
        )
        self.teller.hand_on = self.outbox.put
        self.outbox.heard = self.teller.heard
        self._operations = Operations(self)
        self._app = self._routes()

    async def routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        """v1 answers under both `/v1` and `/api/v1`, v2 only under `/api/v2`."""
        if scope["path"].startswith("/v1/"):
            scope["path"] = "/api" + scope["path"]
        if scope["path"].startswith("/oauth"):
            scope["sim.pool"] = "oauth"
        await self._app(scope, receive, send)

    def state(self, query: Mapping[str, str]) -> Json:
        return told(self, query)

    def mutate(self, operation: Mapping[str, Json]) -> Json:
        return carried_out(self._operations.carry_out, operation, Refused)

    def throttled(self, rule: Rule, request: Request) -> Response:
        """`BURST`, `SEARCH`, `DAILY`, or `CLOUDFLARE`, which is a 403 in HTML."""
        policy = rule.policy or "BURST"
        if policy == "CLOUDFLARE":
            return refusal(blocked())
        headers = self._rate_headers(policy, request)
        if rule.retry_after is not None:
            headers["Retry-After"] = str(rule.retry_after)
        return refusal(over_limit(headers))

    def spoil_token(self, kind: str, request: Request) -> None:
        try:
            token = grant_of(self, request).token
        except Refused:
            return
        if kind == "token_expired" and self.tokens.expire(token=token):
            return
        self.tokens.revoke(token)

    def company(self, wanted: object) -> Company:
        """By its id, by its domain, by its place (`1`, `2`), or the first."""
        found = list(self.companies.values())
        if wanted is None:
            return found[0]
        for place, company in enumerate(found):
            if str(wanted) in {str(company.id), company.domain, str(place + 1)}:
                return company
        raise BadCommand(f"no company {wanted}; there are {', '.join(map(str, self.companies))}")

    def api_domain(self, company: Company) -> str:
        return self.settings.api_domain.replace("{domain}", company.domain) or self.public_url

    def uninstall(self, install: Install, *, told: bool) -> None:
        self.tokens.uninstall(install)
        if told:
            self.teller.tell_uninstalled(install.company, install.user, install.callback)

    def _rate_headers(self, policy: str, request: Request) -> dict[str, str]:
        try:
            headers = self.limits.headers(grant_of(self, request), 0, search=policy == "SEARCH")
        except Refused:
            headers = {"x-ratelimit-remaining": "0"}
        if policy == "DAILY":
            headers |= {"x-ratelimit-remaining": "1"}
            headers |= {"x-daily-ratelimit-token-remaining": "0"} if self.settings.daily_headers else {}
        return headers

    def _forged(self, spec: Mapping[str, Json]) -> Post:
        return forged(self.company(spec.get("company")), spec)

    def _company(self, place: int, share: int) -> Company:
        """API tokens belong to users; the first company's admin has the one of the options."""
        company = seeded_company(self.options, place, share, self.clock, self.settings)
        for user in company.users.values():
            if user.active:
                first = place == 0 and user is company.admin
                token = self.options.token if first else key_for(f"{self.options.token}:{user.id}")
                self.tokens.add_api_token(token, company, user.id)
        return company

    def _routes(self) -> Starlette:
        parts = (search_api, records_api, directory_api, v1_api, participants_api, notes_api, webhooks_api)
        routes = [api_route(self, op) for part in parts for op in part.OPS]
        routes += [*OAuthApi(self).routes(), *AuthorizePages(self).routes()]
        return Starlette(routes=routes, exception_handlers={HTTPException: http_error})
