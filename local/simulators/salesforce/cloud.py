"""The Salesforce simulator put together: orgs, tokens, limits, routes and outbound messages of one app."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from local.simulators.clock import Clock
from local.simulators.deliveries import DeliveryPolicy, Outbox
from local.simulators.faults import Rule
from local.simulators.salesforce import (
    bulk_api,
    changes_api,
    collections_api,
    composite_api,
    ingest_api,
    query_api,
    search_api,
    sobjects_api,
)
from local.simulators.salesforce.authorize import AuthorizePages
from local.simulators.salesforce.call import NEWEST, OLDEST, VERSIONED, Call, Table
from local.simulators.salesforce.errors import Refused, Reply, no_session, not_there, reply_to, trouble
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.limits import Limits
from local.simulators.salesforce.oauth_api import OAuthApi
from local.simulators.salesforce.options import Options, scopes_from, settings_from
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.outbound import RETRY_GAPS, Teller, acknowledged
from local.simulators.salesforce.people import Operations
from local.simulators.salesforce.seed import seeded_org
from local.simulators.salesforce.tokens import Session, Tokens
from local.simulators.salesforce.truth import told
from local.simulators.simulator import BadCommand, Json, carried_out

LONGEST_URL = 16_384
PREFIX = re.compile(r"^(/login|/test|/my/[^/]+)(?=/)")
ROUTED = (
    query_api,
    search_api,
    changes_api,
    collections_api,
    composite_api,
    bulk_api,
    ingest_api,
    sobjects_api,
)
SEASONS = ("Spring", "Summer", "Winter")


class Moved(Exception):
    """The request came to an address that its org has left; the text is the new one."""


class Cloud:
    name = "salesforce"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.began_ms = self.clock.now_ms()
        self.settings = settings_from(options)
        self.public_url = options.public_url.rstrip("/")
        self.limits = Limits(self.clock, self.settings)
        self.cursors = query_api.Cursors()
        self.jobs = bulk_api.Jobs()
        self.uploads = ingest_api.Uploads()
        self.extras: list[BaseRoute] = []
        self.tokens = Tokens(self.clock, self.settings, options.seed)
        self.teller = Teller(self)
        self.outbox = Outbox(
            self.clock,
            DeliveryPolicy(RETRY_GAPS, timeout_seconds=60, mix_accounts=False),
            self.teller.seal,
            account=lambda event: (event["org"], event["action"]),
            forge=self.teller.forged,
            seed=options.seed,
            accepts=acknowledged,
        )
        self.orgs = {org.facts.id: org for org in map(self._org, range(options.orgs))}
        self._operations = Operations(self)
        self.table = self._table()
        self._app = Starlette(routes=[*OAuthApi(self).routes(), *AuthorizePages(self).routes()])

    async def routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`/login`, `/test` and `/my/{domain}` in front of a path stand for those hosts."""
        found = PREFIX.match(scope["path"])
        if found:
            scope["sim.prefix"] = found[1]
            scope["path"] = scope["path"][len(found[1]) :]
        path = scope["path"]
        if len(path) + len(scope["query_string"]) > LONGEST_URL:
            await Response("<h1>URI Too Long</h1>", 414, media_type="text/html")(scope, receive, send)
        elif path.startswith("/services/data"):
            scope["sim.pool"] = "api"
            await (await self._answered(Request(scope, receive)))(scope, receive, send)
        else:
            scope["sim.pool"] = "oauth"
            await self._app(scope, receive, send)

    def state(self, query: Mapping[str, str]) -> Json:
        return told(self, query)

    def mutate(self, operation: Mapping[str, Json]) -> Json:
        return carried_out(self._operations.carry_out, operation, Refused)

    def throttled(self, rule: Rule, request: Request) -> Response:
        """A rule's `policy` names any of the refusals; `PROXY` is a layer in front that answers 429 in HTML."""
        if rule.policy == "PROXY":
            return Response("<h1>Too Many Requests</h1>", 429, media_type="text/html")
        if request.url.path.endswith("/oauth2/token"):
            body = {"error": "invalid_grant", "error_description": "login rate exceeded"}
            return Response(orjson.dumps(body), 403, media_type="application/json")
        return _response(reply_to(trouble(rule.policy)))

    def spoil_token(self, kind: str, request: Request) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        if kind == "token_expired":
            self.tokens.expire(token=token)
        else:
            self.tokens.revoke(token)

    def org(self, wanted: object) -> Org:
        """By its id in 15 or 18 characters, by its place (`1`, `2`), or the first."""
        if wanted is None:
            return next(iter(self.orgs.values()))
        found = self.orgs.get(long_id(wanted) or "")
        if found is None and str(wanted).isdecimal() and 1 <= int(str(wanted)) <= len(self.orgs):
            found = list(self.orgs.values())[int(str(wanted)) - 1]
        if found is None:
            raise BadCommand(f"no org {wanted}; there are {', '.join(self.orgs)}")
        return found

    def orgs_at(self, request: Request) -> list[Org]:
        """Which orgs a person can log in to at this address."""
        prefix, host = request.scope.get("sim.prefix", ""), request.headers.get("host", "")
        domain = prefix.removeprefix("/my/") if prefix.startswith("/my/") else host.partition(".my.salesforce.com")[0]
        orgs = list(self.orgs.values())
        if prefix.startswith("/my/") or ".my.salesforce.com" in host:
            return [org for org in orgs if org.facts.domain == domain]
        if prefix == "/test" or host == "test.salesforce.com":
            return [org for org in orgs if org.facts.sandbox]
        if prefix == "/login" or host == "login.salesforce.com":
            return [org for org in orgs if not org.facts.sandbox]
        return orgs

    def org_at(self, request: Request) -> Org | None:
        """The org whose own address this is; the simulator's bare address counts as the first one's."""
        prefix, host = request.scope.get("sim.prefix", ""), request.headers.get("host", "")
        if prefix in {"/login", "/test"} or host in {"login.salesforce.com", "test.salesforce.com"}:
            return None
        return next(iter(self.orgs_at(request)), None)

    def org_of_user(self, username: str, request: Request) -> Org | None:
        for org in self.orgs_at(request):
            if org.stores["User"].rows[org.user_id]["Username"].casefold() == username.casefold():
                return org
        return None

    def instance_url(self, org: Org) -> str:
        """Where an org's API is; of one that moved, its own address."""
        return f"{self.public_url}{org.home}" if org.home else self.settings.instance_url

    def identity_url(self, session: Session) -> str:
        return f"{self.public_url}/id/{session.org.facts.id}/{session.user_id}"

    async def _answered(self, request: Request) -> Response:
        try:
            return _response(await self._reply(request))
        except Moved as moved:
            return Response(None, 301, {"Location": str(moved)})
        except Refused as refused:
            return _response(reply_to(refused))

    async def _reply(self, request: Request) -> Reply:
        """Versions are listed to anyone; everything else needs a session, and counts."""
        path = request.url.path.rstrip("/")
        if path == "/services/data":
            return Reply(200, [_version(each) for each in range(OLDEST, NEWEST + 1)])
        found = VERSIONED.match(request.url.path)
        if found is None or int(found[1]) > NEWEST:
            raise not_there()
        if int(found[1]) < OLDEST:
            raise Refused(410, "UNSUPPORTED_API_VERSION", "The requested API version has been retired")
        session = self.tokens.session_for(request.headers.get("authorization"))
        if not session.scopes & {"api", "full"}:
            raise no_session("This session is not valid for use with the REST API")
        self._check_address(session.org, request)
        self.limits.charge(session.org)
        call = Call(
            self,
            session,
            request.query_params.get("_HttpMethod", request.method).upper(),
            int(found[1]),
            found[2] or "/",
            dict(request.query_params),
            dict(request.headers),
            await request.body(),
        )
        reply = self.table.answer(call)
        reply.headers |= self.limits.header(session.org)
        return reply

    def _check_address(self, org: Org, request: Request) -> None:
        """An org that moved is at home in one place only; its sessions are worth nothing elsewhere."""
        if not org.home or request.scope.get("sim.prefix", "") == org.home:
            return
        answer = self.settings.moved_answers
        if answer == "redirect":
            raise Moved(f"{self.instance_url(org)}{request.url.path}")
        raise no_session() if answer == "401" else not_there()

    def _org(self, place: int) -> Org:
        org = seeded_org(self.options, place, self.clock, self.settings)
        token = self.options.token if place == 0 else f"{self.options.token}-{place + 1}"
        self.tokens.add_lasting(token, org, scopes_from(self.options.token_scopes))
        org.on_change = self.teller.changed
        return org

    def _table(self) -> Table:
        table = Table()
        for routes in ROUTED:
            table.add(routes.ROUTES)
        return table


def _response(reply: Reply) -> Response:
    if reply.raw is not None:
        return Response(reply.raw, reply.status, reply.headers, media_type=reply.media_type)
    if reply.status in {204, 304}:
        return Response(None, reply.status, reply.headers)
    body: Any = b"" if reply.body is None else orjson.dumps(reply.body)
    return Response(body, reply.status, reply.headers, media_type=reply.media_type)


def _version(number: int) -> dict[str, str]:
    """Three releases a year: 66 is Spring '26, 67 Summer '26, 68 Winter '27."""
    year, season = divmod(number, 3)
    label = f"{SEASONS[season]} '{(year + 4 + season // 2) % 100:02d}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
