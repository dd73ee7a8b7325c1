"""The outermost layer of every simulator: reads the request, logs it, and plays the faults around the platform."""

import asyncio
import contextlib
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.simulators.control import control_routes
from local.simulators.faults import Faults, Rule
from local.simulators.requestlog import Entry, RequestLog
from local.simulators.simulator import Simulator

HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Answer:
    """A response held back until the door has decided what the client may see of it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Door:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.log = RequestLog()
        self.faults = Faults(simulator.seed)
        self._control: ASGIApp = control_routes(simulator, self.log, self.faults)
        self._background: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith("/_sim/"):
            await self._control(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(Exchange(scope, receive, send, await _whole_body(receive)))

    async def _live(self, receive: Receive, send: Send) -> None:
        outbox = self.simulator.outbox
        await receive()
        if outbox:
            self._background.add(asyncio.create_task(outbox.run()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._background:
            task.cancel()
        if outbox:
            outbox.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, exchange: "Exchange") -> None:
        scope = exchange.scope
        query = scope["query_string"].decode("latin-1")
        entry = self.log.open(self.simulator.clock.now_ms(), scope["method"], scope["path"], query)
        began = time.perf_counter()
        rule = self.faults.pick(scope["method"], scope["path"], exchange.body)
        if rule is None:
            entry.status = await exchange.give(await self._carry_out(exchange))
        else:
            entry.fault = rule.kind
            await self._play(rule, exchange, entry)
        entry.milliseconds = round((time.perf_counter() - began) * 1000, 3)
        entry.pool = scope.get("sim.pool")
        entry.account = scope.get("sim.account")

    async def _carry_out(self, exchange: "Exchange") -> Answer:
        answer = Answer()
        await self.simulator.routes(exchange.scope, exchange.replay, answer.take)
        return answer

    async def _play(self, rule: Rule, exchange: "Exchange", entry: Entry) -> None:
        await asyncio.sleep(rule.delay_ms / 1000)
        entry.committed = rule.kind in {"delay", "commit_then_timeout", "token_revoked", "token_expired"}
        if rule.kind == "status":
            entry.status = await exchange.show(rule.body or "json", _failure(rule))
        elif rule.kind == "rate_limit":
            answer = Answer()
            request = Request(exchange.scope, exchange.replay)
            await self.simulator.throttled(rule, request)(exchange.scope, exchange.replay, answer.take)
            entry.status = await exchange.give(answer)
        elif rule.kind == "commit_late":
            self._commit_later(rule, exchange, entry)
            entry.status = await exchange.show(rule.body or "hang", _failure(rule))
        else:
            await self._play_after_commit(rule, exchange, entry)

    async def _play_after_commit(self, rule: Rule, exchange: "Exchange", entry: Entry) -> None:
        if rule.kind.startswith("token_") and self.simulator.spoil_token:
            self.simulator.spoil_token(rule.kind, Request(exchange.scope, exchange.replay))
        answer = await self._carry_out(exchange)
        if rule.kind == "commit_then_timeout" and rule.late_ms:
            await asyncio.sleep(rule.late_ms / 1000)
            entry.status = await exchange.give(answer)
        elif rule.kind == "commit_then_timeout":
            shown = answer if rule.body == "half" else _failure(rule)
            entry.status = await exchange.show(rule.body or "hang", shown)
        else:
            entry.status = await exchange.give(answer)

    def _commit_later(self, rule: Rule, exchange: "Exchange", entry: Entry) -> None:
        async def commit() -> None:
            await self.simulator.clock.sleep(rule.late_ms / 1000)
            await self._carry_out(exchange)
            entry.committed = True

        task = asyncio.create_task(commit())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


@dataclass(slots=True)
class Exchange:
    """One request with its whole body, and the ways to answer it, the rude ones included."""

    scope: Scope
    receive: Receive
    send: Send
    body: bytes

    async def replay(self) -> Message:
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def give(self, answer: Answer) -> int:
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self.send({"type": "http.response.body", "body": answer.body})
        return answer.status

    async def show(self, body: str, answer: Answer) -> int:
        """Answer in one of the `Body` ways; returns the status that the client saw, 0 for none."""
        if body == "reset":
            return self._reset()
        if body == "hang":
            return await self._hang()
        if body == "half":
            return await self._give_half(answer)
        if body == "html":
            answer = Answer(answer.status, [(b"content-type", b"text/html")], HTML)
        elif body == "empty":
            answer = Answer(answer.status, [(b"content-length", b"0")], b"")
        return await self.give(answer)

    def _reset(self) -> int:
        transport = self.scope["sim.transport"]
        with contextlib.suppress(OSError, AttributeError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
        return 0

    async def _hang(self) -> int:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        return 0

    async def _give_half(self, answer: Answer) -> int:
        half = answer.body[: len(answer.body) // 2]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self.send({"type": "http.response.body", "body": half, "more_body": True})
        self.scope["sim.transport"].close()
        return answer.status


async def _whole_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


def _failure(rule: Rule) -> Answer:
    content = rule.content or {"status": "error", "message": "internal error", "correlationId": "simulated-fault"}
    body = orjson.dumps(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if rule.retry_after is not None:
        headers.append((b"retry-after", str(rule.retry_after).encode()))
    return Answer(rule.status, headers, body)
