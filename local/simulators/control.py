"""The `/_sim/` routes: read the truth, cause trouble, act as a person in the CRM, move the clock, steer webhooks."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, fields
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.clock import iso, settle
from local.simulators.deliveries import DeliveryPolicy, Outbox
from local.simulators.faults import BadRule, Faults, rule_from
from local.simulators.requestlog import RequestLog
from local.simulators.simulator import BadCommand, Json, Simulator

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
POLICY_FIELDS = {field.name for field in fields(DeliveryPolicy)} - {"gaps"}


def as_json(content: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def control_routes(simulator: Simulator, log: RequestLog, faults: Faults) -> Starlette:
    control = Control(simulator, log, faults)
    routes = [
        Route("/_sim/health", control.health, methods=["GET"]),
        Route("/_sim/state", control.state, methods=["GET"]),
        Route("/_sim/mutate", control.mutate, methods=["POST"]),
        Route("/_sim/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sim/requests", control.requests, methods=["GET", "DELETE"]),
        Route("/_sim/clock", control.clock, methods=["GET", "POST"]),
        Route("/_sim/settings", control.settings, methods=["GET", "POST"]),
        Route("/_sim/webhooks", control.webhooks, methods=["GET", "POST"]),
        *simulator.extras,
    ]
    refusals: dict[Any, Any] = dict.fromkeys((ValueError, KeyError, TypeError), _refused)
    return Starlette(routes=routes, exception_handlers=refusals)


class Control:
    def __init__(self, simulator: Simulator, log: RequestLog, faults: Faults) -> None:
        self._simulator = simulator
        self._log = log
        self._faults = faults
        self._began = time.monotonic()

    async def health(self, _: Request) -> Response:
        return as_json({"platform": self._simulator.name, "up_seconds": round(time.monotonic() - self._began, 3)})

    async def state(self, request: Request) -> Response:
        return as_json(self._simulator.state(request.query_params))

    async def mutate(self, request: Request) -> Response:
        """A list of operations, in order; the first that cannot be done stops the rest and answers 400."""
        operations = _listed(orjson.loads(await request.body()), "operations")
        return as_json({"results": [self._simulator.mutate(operation) for operation in operations]})

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._faults.clear()
        elif request.method == "POST":
            rules = [rule_from(spec) for spec in _listed(orjson.loads(await request.body()), "rules")]
            if self._simulator.spoil_token is None and any(rule.kind.startswith("token_") for rule in rules):
                raise BadCommand("requests to this simulator carry no tokens")
            self._faults.add(rules)
        return as_json({"rules": self._faults.listed()})

    async def requests(self, request: Request) -> Response:
        which = {name: request.query_params.get(name) for name in ("path", "account")}
        if request.method == "DELETE":
            self._log.clear()
        if "summary" in request.query_params:
            return as_json(self._log.summary(**which))
        limit = int(request.query_params.get("limit", "1000"))
        return as_json({"requests": self._log.page(limit, **which), "summary": self._log.summary(**which)})

    async def clock(self, request: Request) -> Response:
        """What comes due by a jump has begun when the answer is given; a late commit is done."""
        if request.method == "POST":
            self._simulator.clock.advance(float(orjson.loads(await request.body())["advance_seconds"]))
            await settle()
        return as_json({"now": iso(self._simulator.clock.now_ms()), "now_ms": self._simulator.clock.now_ms()})

    async def settings(self, request: Request) -> Response:
        settings = self._simulator.settings
        if request.method == "POST":
            _change(settings, orjson.loads(await request.body()), {field.name for field in fields(settings)})
        return as_json(asdict(settings))

    async def webhooks(self, request: Request) -> Response:
        outbox = self._simulator.outbox
        if outbox is None:
            raise BadCommand("this simulator sends no webhooks")
        done = await self._steer(outbox, orjson.loads(await request.body())) if request.method == "POST" else {}
        limit = int(request.query_params.get("limit", "200"))
        policy = {name: getattr(outbox.policy, name) for name in sorted(POLICY_FIELDS)}
        return as_json({**done, "policy": policy, **outbox.report(limit)})

    async def _steer(self, outbox: Outbox, wishes: dict[str, Json]) -> dict[str, Json]:
        orders = {name: wishes.pop(name) for name in ("flush", "retry_now", "drop_waiting", "forge") if name in wishes}
        if wishes.pop("resume", False):
            wishes["paused"] = False
        if wishes.pop("pause", False):
            wishes["paused"] = True
        _change(outbox.policy, wishes, POLICY_FIELDS)
        outbox.stir()
        done: dict[str, Json] = {}
        if orders.get("drop_waiting"):
            outbox.drop_waiting()
        if orders.get("retry_now"):
            done["retried"] = outbox.retry_now()
        if orders.get("flush"):
            done["flushed"] = await outbox.flush()
        if "forge" in orders:
            done["forged"] = await outbox.forge(orders["forge"])
        return done


async def _refused(_: Request, reason: Exception) -> Response:
    known = isinstance(reason, BadCommand | BadRule)
    return as_json({"error": str(reason) if known else f"{type(reason).__name__}: {reason}"}, 400)


def _listed(body: Json, key: str) -> list[dict[str, Json]]:
    entries = body.get(key, [body]) if isinstance(body, dict) else body
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadCommand(f"expected a list of objects, bare or under {key!r}")
    return entries


def _change(target: object, wishes: dict[str, Json], allowed: set[str]) -> None:
    unknown = set(wishes) - allowed
    if unknown:
        raise BadCommand(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(allowed))}")
    for name, value in wishes.items():
        setattr(target, name, value)
