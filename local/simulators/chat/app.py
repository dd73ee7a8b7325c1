"""The chat app put together: its hook, its issuer, its rooms, and the control routes of its own."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.simulators.chat.hooks import Inbox, Refused
from local.simulators.chat.issuer import Issuer
from local.simulators.chat.options import Options, Settings
from local.simulators.chat.rooms import User, seeded_rooms
from local.simulators.clock import Clock
from local.simulators.control import as_json
from local.simulators.faults import Rule
from local.simulators.simulator import BadCommand, Json

Order = Mapping[str, Json]


class ChatApp:
    name = "chat"
    outbox = None
    spoil_token = None

    def __init__(self, options: Options) -> None:
        self.options = options
        self.seed = options.seed
        self.clock = Clock()
        self.settings = Settings(options.secret, audience=options.audience)
        self.rooms = seeded_rooms()
        self.inbox = Inbox(self.clock, self.settings, self.rooms)
        self.issuer = Issuer(options.public_url.rstrip("/"), options.key_file)
        self.routes = Starlette(
            routes=[
                Route("/hooks/crm-bridge", self._hook, methods=["POST"]),
                Route("/.well-known/openid-configuration", self._configuration, methods=["GET"]),
                Route("/jwks.json", self._jwks, methods=["GET"]),
            ]
        )
        self.extras: list[BaseRoute] = [
            Route("/_sim/token", self._token, methods=["POST"]),
            Route("/_sim/events", self._events, methods=["GET", "DELETE"]),
        ]
        self._operations: dict[str, Callable[[Order], Json]] = {
            "add_user": self._add_user,
            "remove_user": self._remove_user,
            "add_channel": self._add_channel,
            "post_message": self._post_message,
            "add_member": self._add_member,
            "remove_member": self._remove_member,
        }

    def state(self, query: Mapping[str, str]) -> Json:
        """All of it; `?channel=` for one channel."""
        if "channel" in query:
            return self.rooms.channel(query["channel"]).wire()
        kept = {"events": len(self.inbox.events), "refusals": self.inbox.refusals}
        return {"platform": self.name, "workspace": self.options.workspace, **self.rooms.wire(), **kept}

    def mutate(self, operation: Order) -> Json:
        carry_out = self._operations.get(str(operation.get("op")))
        if carry_out is None:
            raise BadCommand(f"no operation {operation.get('op')!r}; there are {', '.join(self._operations)}")
        try:
            return {"op": operation["op"], **carry_out(operation)}
        except KeyError as missing:
            raise BadCommand(f"{operation['op']}: {missing} is missing or unknown") from missing

    def throttled(self, rule: Rule, request: Request) -> Response:
        response = as_json({"error": "rate limited", "path": request.url.path}, 429)
        response.headers["Retry-After"] = str(rule.retry_after or 1)
        return response

    async def _hook(self, request: Request) -> Response:
        try:
            return as_json(self.inbox.take(await request.body(), request.headers))
        except Refused as refusal:
            return as_json({"error": str(refusal)}, refusal.status)

    async def _configuration(self, _: Request) -> Response:
        return as_json(self.issuer.configuration())

    async def _jwks(self, _: Request) -> Response:
        return as_json(self.issuer.jwks())

    async def _token(self, request: Request) -> Response:
        """`user`, `workspace`, `role`; further claims replace what would be there, so that wrong tokens can be made."""
        wish: dict[str, Any] = orjson.loads(await request.body())
        user = self.rooms.users.get(str(wish.get("user", "")))
        now, seconds = int(time.time()), self.settings.token_seconds
        claims = {
            "sub": str(wish.get("user", "UADMIN")),
            "aud": self.settings.audience,
            "workspace": str(wish.get("workspace", self.options.workspace)),
            "role": str(wish.get("role", "member")),
            "email": user.email if user else wish.get("email"),
            "name": user.name if user else wish.get("name"),
            "iat": now,
            "exp": now + seconds,
        } | dict(wish.get("claims") or {})
        return as_json({"token": self.issuer.token(claims), "expires_in": seconds, "claims": claims})

    async def _events(self, request: Request) -> Response:
        """In order of arrival; `?type=` for one type."""
        if request.method == "DELETE":
            self.inbox.events.clear()
        wanted = request.query_params.get("type")
        events = [event for event in self.inbox.events.values() if wanted in (None, event["type"])]
        return as_json({"events": events, "refusals": self.inbox.refusals})

    def _add_user(self, order: Order) -> Json:
        user = User(str(order["id"]), str(order.get("name", order["id"])), str(order["email"]))
        self.rooms.users[user.id] = user
        return {"id": user.id}

    def _remove_user(self, order: Order) -> Json:
        del self.rooms.users[str(order["id"])]
        for channel in self.rooms.channels.values():
            channel.members.discard(str(order["id"]))
        return {"id": order["id"]}

    def _add_channel(self, order: Order) -> Json:
        return {"id": self.rooms.channel(str(order["id"]), order.get("name")).id}

    def _post_message(self, order: Order) -> Json:
        message = self.rooms.post(str(order["channel"]), str(order["user"]), str(order["text"]), order.get("card"))
        return {"id": message.id}

    def _add_member(self, order: Order) -> Json:
        """By hand, as people do in the chat app itself."""
        self.rooms.channel(str(order["channel"])).members.add(self.rooms.users[str(order["user"])].id)
        return {"user": order["user"]}

    def _remove_member(self, order: Order) -> Json:
        self.rooms.channel(str(order["channel"])).members.discard(str(order["user"]))
        return {"user": order["user"]}
