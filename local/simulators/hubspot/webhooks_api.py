"""`/webhooks/v3/{appId}/...`: where the app's events go and which it wants, opened by the developer key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.clock import iso
from local.simulators.hubspot.api import found, no_content, open_route
from local.simulators.hubspot.errors import no_credentials, not_found, validation
from local.simulators.hubspot.events import NEVER_TOLD, Subscription

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

MAX_SUBSCRIPTIONS = 1_000


@dataclass(slots=True)
class WebhooksApi:
    hub: "Hub"

    def routes(self) -> list[Route]:
        app = "/webhooks/v3/{app:int}"
        return [
            open_route(f"{app}/settings", self.settings, ["GET", "PUT", "DELETE"]),
            open_route(f"{app}/subscriptions", self.subscriptions, ["GET", "POST"]),
            open_route(f"{app}/subscriptions/batch/update", self.update_many, ["POST"]),
            open_route(f"{app}/subscriptions/{{id:int}}", self.subscription, ["GET", "PATCH", "DELETE"]),
        ]

    async def settings(self, request: Request) -> Response:
        self._check_key(request)
        if request.method == "DELETE":
            self.hub.settings.webhook_url = ""
            return no_content()
        if request.method == "PUT":
            wish = orjson.loads(await request.body())
            self.hub.settings.webhook_url = str(wish["targetUrl"])
            throttling = wish.get("throttling") or {}
            self.hub.outbox.policy.max_concurrent = int(throttling.get("maxConcurrentRequests", 10))
        if not self.hub.settings.webhook_url:
            raise not_found()
        return found(self._settings())

    async def subscriptions(self, request: Request) -> Response:
        self._check_key(request)
        if request.method == "GET":
            return found({"results": [each.wire() for each in self._listed()]})
        return found(self._added(orjson.loads(await request.body())).wire(), 201)

    async def subscription(self, request: Request) -> Response:
        self._check_key(request)
        held = self._held(request.path_params["id"])
        if request.method == "DELETE":
            self.hub.teller.subscriptions.remove(held)
            return no_content()
        if request.method == "PATCH":
            self._switch(held, orjson.loads(await request.body()))
        return found(held.wire())

    async def update_many(self, request: Request) -> Response:
        self._check_key(request)
        changed = []
        for wish in orjson.loads(await request.body()).get("inputs") or []:
            changed.append(self._held(int(wish["id"])))
            self._switch(changed[-1], wish)
        now = iso(self.hub.clock.now_ms())
        results = [each.wire() for each in changed]
        return found({"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now})

    def _check_key(self, request: Request) -> None:
        options = self.hub.options
        if request.query_params.get("hapikey") != options.developer_key or request.path_params["app"] != options.app_id:
            raise no_credentials()

    def _settings(self) -> dict[str, Any]:
        now = iso(self.hub.clock.now_ms())
        throttling = {"maxConcurrentRequests": self.hub.outbox.policy.max_concurrent, "period": "SECONDLY"}
        return {
            "targetUrl": self.hub.settings.webhook_url,
            "throttling": throttling,
            "createdAt": now,
            "updatedAt": now,
        }

    def _listed(self) -> list[Subscription]:
        """The built-in ones are what makes webhooks work before anybody subscribed; they are not shown."""
        return [each for each in self.hub.teller.subscriptions if each.id not in self.hub.built_in]

    def _added(self, wish: dict[str, Any]) -> Subscription:
        """The first subscription of the app's own ends the built-in ones. New ones sleep until they are activated."""
        mine = self._listed()
        event_type, name = str(wish.get("eventType", "")), wish.get("propertyName")
        if "." not in event_type or (event_type.endswith(".propertyChange") and not name):
            raise validation("A subscription needs an eventType, and a property change a propertyName")
        if name in NEVER_TOLD or len(mine) >= MAX_SUBSCRIPTIONS:
            raise validation(f"Cannot subscribe to {name or event_type}")
        number = max((each.id for each in self.hub.teller.subscriptions), default=2200) + 1
        added = Subscription(number, event_type, name, wish.get("objectTypeId"), bool(wish.get("active")))
        added.created = iso(self.hub.clock.now_ms())
        self.hub.teller.subscriptions[:] = [*mine, added]
        return added

    def _held(self, number: int) -> Subscription:
        held = next((each for each in self._listed() if each.id == number), None)
        if held is None:
            raise not_found()
        return held

    def _switch(self, held: Subscription, wish: dict[str, Any]) -> None:
        held.active = bool(wish.get("active", held.active))
        held.updated = iso(self.hub.clock.now_ms())
