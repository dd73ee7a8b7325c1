"""The HubSpot simulator put together: portals, tokens, limits, routes and webhooks of one app."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from local.simulators.clock import Clock
from local.simulators.deliveries import DeliveryPolicy, Event, Outbox, Post
from local.simulators.faults import Rule
from local.simulators.hubspot import associations_api, batch_api, directory_api, objects_api, search
from local.simulators.hubspot.api import LONGEST_URL, api_route, classic_path, forced_throttle, http_error, too_long
from local.simulators.hubspot.authorize import AuthorizePages
from local.simulators.hubspot.errors import ApiError
from local.simulators.hubspot.events import Teller, body_of, everything, signed
from local.simulators.hubspot.limits import Limits
from local.simulators.hubspot.oauth_api import OAuthApi
from local.simulators.hubspot.options import Options, scopes_from, settings_from
from local.simulators.hubspot.people import Operations
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.seed import Sizes, seeded_portal
from local.simulators.hubspot.tokens import Tokens
from local.simulators.hubspot.truth import told
from local.simulators.hubspot.webhooks_api import WebhooksApi
from local.simulators.simulator import BadCommand, Json, carried_out

# Ten attempts over 24 hours; the outbox waits half to all of each gap.
RETRY_GAPS = (60, 180, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000)
SMALLER = 10  # per cent of the first portal


class Hub:
    name = "hubspot"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.settings = settings_from(options)
        self.public_url = options.public_url.rstrip("/")
        self.limits = Limits(self.clock, self.settings)
        self.extras: list[BaseRoute] = []
        self.tokens = Tokens(self.clock, self.settings, options.seed)
        shares = [100, *(map(int, options.shares.split()) if options.shares else [SMALLER] * (options.portals - 1))]
        self.portals = {each.account.id: each for each in map(self._portal, range(len(shares)), shares)}
        subscriptions = everything(self.clock.now_ms())
        self.built_in = {each.id for each in subscriptions}
        self.outbox = Outbox(
            self.clock,
            DeliveryPolicy(RETRY_GAPS),
            self._seal,
            account=lambda event: event["portalId"],
            forge=self._forged,
            seed=options.seed,
        )
        self.teller = Teller(options.app_id, self.outbox.put, subscriptions)
        self._operations = Operations(self.portals, self.tokens, self.teller, self.clock)
        self._app = self._routes()

    async def routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        scope["path"] = classic_path(path)
        if scope["path"] != path.rstrip("/"):
            scope["sim.dated"] = True
        too_much = len(path) + len(scope["query_string"]) > LONGEST_URL
        await (too_long() if too_much else self._app)(scope, receive, send)

    def state(self, query: Mapping[str, str]) -> Json:
        return told(self, query)

    def mutate(self, operation: Mapping[str, Json]) -> Json:
        return carried_out(self._operations.carry_out, operation, ApiError)

    def throttled(self, rule: Rule, request: Request) -> Response:
        return forced_throttle(self, rule.policy, rule.retry_after, request)

    def spoil_token(self, kind: str, request: Request) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        if kind == "token_expired":
            self.tokens.expire(token=token)
        else:
            self.tokens.revoke(token)

    def _forged(self, spec: Mapping[str, Json]) -> Post:
        """What must be refused (or survived): `kind`, and `events` or a raw `body`."""
        events = spec.get("events") or [self._sample_event()]
        body = str(spec["body"]).encode() if "body" in spec else body_of(events, 0)
        return self._forgery(str(spec.get("kind", "bad_signature")), body)

    def _forgery(self, kind: str, body: bytes) -> Post:
        url, secret = self.settings.webhook_url, self.options.client_secret
        if kind == "bad_signature":
            return signed(url, "somebody-else's-secret", body)
        if kind == "old":
            return signed(url, secret, body, timestamp=int(time.time() * 1000) - 600_000)
        if kind == "future":
            return signed(url, secret, body, timestamp=int(time.time() * 1000) + 600_000)
        if kind == "v1_only":
            return signed(url, secret, body, v3=False)
        if kind == "unsigned":
            return Post(url, body, {"Content-Type": "application/json"})
        if kind == "valid":
            return signed(url, secret, body)
        raise BadCommand(f"forge: no such kind: {kind}")

    def _sample_event(self) -> Event:
        event: dict[str, Any] = {"eventId": 1, "subscriptionId": 2201, "portalId": self.options.account}
        event |= {"appId": self.options.app_id, "occurredAt": self.clock.now_ms(), "attemptNumber": 0}
        return event | {"subscriptionType": "contact.creation", "objectId": 1, "changeSource": "CRM_UI"}

    def _seal(self, events: list[Event], attempt: int) -> Post:
        url, body = self.settings.webhook_url, body_of(events, attempt)
        return signed(url, self.options.client_secret, body, v3=self.settings.webhooks_signed_v3)

    def _portal(self, place: int, share: int) -> Portal:
        """The first portal has its webhooks on from the start: its private-app token counts as connected."""
        options = self.options
        parts = (options.contacts, options.companies, options.deals, options.tasks, options.activities,
                 options.tickets)  # fmt: skip
        sizes = Sizes(*(-(-part * share // 100) for part in parts))
        portal = seeded_portal(options.account + place, place, sizes, options.seed, self.clock, self.settings)
        token = options.token if place == 0 else f"{options.token}-{place + 1}"
        self.tokens.add_private(token, portal, scopes_from(options.token_scopes))
        portal.is_covered = place == 0
        return portal

    def _routes(self) -> Starlette:
        tables = (search.ROUTES, batch_api.ROUTES, objects_api.ROUTES, associations_api.ROUTES, directory_api.ROUTES)
        routes = [api_route(self, *spec) for table in tables for spec in table]
        routes += [*OAuthApi(self).routes(), *AuthorizePages(self).routes(), *WebhooksApi(self).routes()]
        return Starlette(routes=routes, exception_handlers={HTTPException: http_error})
