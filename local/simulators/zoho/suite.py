"""The Zoho simulator put together: orgs in several data centres, tokens, limits, routes and notifications."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from local.simulators.clock import Clock
from local.simulators.deliveries import DeliveryPolicy, Outbox
from local.simulators.faults import Rule
from local.simulators.simulator import BadCommand, Json, carried_out
from local.simulators.zoho import bulk_api, coql_api, records_api, related_api, search_api, settings_api, write_api
from local.simulators.zoho.authorize import AuthorizePages
from local.simulators.zoho.call import Call, Table, Task
from local.simulators.zoho.centres import START, Centre, centre_named, split
from local.simulators.zoho.errors import Refused, Reply, invalid_url, reply_to, response, too_many, unreadable
from local.simulators.zoho.limits import Limits
from local.simulators.zoho.notifications import Gaps, Teller
from local.simulators.zoho.oauth_api import OAuthApi, access_denied, known_scopes
from local.simulators.zoho.options import Options, settings_from
from local.simulators.zoho.org import Org
from local.simulators.zoho.paging import Cursors
from local.simulators.zoho.people import Operations
from local.simulators.zoho.seed import seeded_org
from local.simulators.zoho.tokens import Tokens
from local.simulators.zoho.truth import told
from local.simulators.zoho.watch_api import ROUTES as WATCH_ROUTES

# The most specific first: the last ones take any module.
TABLES = (settings_api.ROUTES, WATCH_ROUTES, coql_api.ROUTES, bulk_api.ROUTES, search_api.ROUTES, write_api.ROUTES,
          records_api.ROUTES, related_api.ROUTES)  # fmt: skip
BAD_SHAPES = (AttributeError, LookupError, TypeError, ValueError)


class Suite:
    name = "zoho"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.settings = settings_from(options)
        self.public_url = options.public_url.rstrip("/")
        self.limits = Limits(self.clock, self.settings)
        self.tokens = Tokens(self.clock, self.settings, options.seed)
        self.cursors = Cursors(self.clock, self.settings)
        self.jobs = bulk_api.Jobs(self)
        self.extras: list[BaseRoute] = []
        self.teller = Teller(self)
        self.outbox = Outbox(
            self.clock,
            DeliveryPolicy(Gaps(self.settings), mix_accounts=False),
            self.teller.seal,
            account=lambda event: event["post"],
            forge=self.teller.forged,
            seed=options.seed,
        )
        self.orgs = {org.facts.id: org for org in map(self._org, range(options.orgs))}
        self._operations = Operations(self)
        self._table = Table()
        for routes in TABLES:
            self._table.add(routes)
        self._app = Starlette(
            routes=[*OAuthApi(self).routes(), *AuthorizePages(self).routes()],
            exception_handlers={HTTPException: _not_there},
        )

    async def routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`/www.zohoapis.eu` or `/accounts.zoho.eu` in front of a path stand for those hosts."""
        host, scope["path"] = split(scope["path"])
        scope["sim.prefix"] = f"/{host}" if host else ""
        request = Request(scope, receive)
        if scope["path"].startswith("/crm/"):
            scope["sim.pool"] = "api"
            await (await self._answered(request))(scope, receive, send)
        else:
            scope["sim.pool"] = "oauth"
            await self._app(scope, receive, send)

    def state(self, query: Mapping[str, str]) -> Json:
        return told(self, query)

    def mutate(self, operation: Mapping[str, Json]) -> Json:
        return carried_out(self._operations.carry_out, operation, Refused)

    def throttled(self, rule: Rule, request: Request) -> Response:
        """Credits and concurrency look alike; `CREDITS` adds the header that says there are none left."""
        if request.url.path.endswith("/oauth/v2/token"):
            return access_denied()
        reply = reply_to(too_many())
        if rule.policy == "CREDITS":
            reply.headers["X-API-CREDITS-REMAINING"] = "0"
        if rule.retry_after is not None:
            reply.headers["Retry-After"] = str(rule.retry_after)
        return response(reply)

    def spoil_token(self, kind: str, request: Request) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        if kind == "token_expired":
            self.tokens.expire(token=token)
        else:
            self.tokens.revoke(token)

    def org(self, wanted: object) -> Org:
        """By its id, by its place (`1`, `2`), or the first."""
        orgs = list(self.orgs.values())
        if wanted is None:
            return orgs[0]
        found = self.orgs.get(str(wanted))
        if found is None and str(wanted).isdecimal() and 1 <= int(str(wanted)) <= len(orgs):
            found = orgs[int(str(wanted)) - 1]
        if found is None:
            raise BadCommand(f"no org {wanted}; there are {', '.join(self.orgs)}")
        return found

    def centre_of(self, request: Request) -> Centre | None:
        """The data centre a request was sent to, by its prefix or its host; None at the bare address."""
        prefix = str(request.scope.get("sim.prefix", "")).removeprefix("/")
        return centre_named(prefix or request.headers.get("host", ""))

    def accounts_server(self, centre: Centre) -> str:
        return self._address(centre.accounts_host)

    def api_domain(self, centre: Centre) -> str:
        return self._address(centre.api_host)

    def secret(self, centre: Centre) -> str:
        own = self.settings.secret_per_dc and centre is not START
        return f"{self.options.client_secret}-{centre.name}" if own else self.options.client_secret

    async def _answered(self, request: Request) -> Response:
        try:
            return response(await self._reply(request))
        except Refused as refused:
            return response(reply_to(refused))

    async def _reply(self, request: Request) -> Reply:
        """The bare address counts as the data centre of the first org."""
        centre = self.centre_of(request) or self.org(None).facts.centre
        access = self.tokens.access_for(request.headers.get("authorization"), centre)
        request.scope["sim.account"] = access.org.facts.id
        call = Call(
            self,
            access,
            request.method,
            request.url.path.removeprefix("/crm"),
            dict(request.query_params),
            dict(request.headers),
            await request.body(),
        )
        task = self._table.find(call)
        with self.limits.running(access.org, heavy=task.heavy):
            if self.settings.latency_ms:
                await asyncio.sleep(self.settings.latency_ms / 1000)
            self.limits.charge(access.org, task.credits)
            reply = _reply_of(task)
        reply.headers |= self.limits.header(access.org)
        return reply

    def _address(self, host: str) -> str:
        return f"https://{host}" if self.settings.hosts == "real" else f"{self.public_url}/{host}"

    def _org(self, place: int) -> Org:
        org = seeded_org(self.options, place, self.clock, self.settings)
        token = self.options.token if place == 0 else f"{self.options.token}-{place + 1}"
        self.tokens.add_lasting(token, org, known_scopes(self.options.token_scopes))
        org.on_change = self.teller.changed
        return org


def _reply_of(task: Task) -> Reply:
    try:
        return task.answer()
    except Refused as refused:
        return reply_to(refused)
    except BAD_SHAPES:
        return reply_to(unreadable())


async def _not_there(_: Request, error: Exception) -> Response:
    status: Any = getattr(error, "status_code", 404)
    refused = invalid_url()
    refused.status = status
    return response(reply_to(refused))
