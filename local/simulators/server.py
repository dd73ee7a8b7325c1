"""Serves a simulator on loopback: for good from the command line, or inside a test for as long as a `with` lasts."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.simulators.door import Door
from local.simulators.platforms import build
from local.simulators.simulator import Json, Simulator

HOST = "127.0.0.1"


class CuttableProtocol(HttpToolsProtocol):
    """Lets a fault cut the connection, which no ASGI message can ask for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """asyncio leaves Nagle's algorithm on for sockets it did not open itself: 40 ms for every small answer."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sim.transport"] = self.transport  # type: ignore[typeddict-unknown-key]  # our own key


class PromptServer(uvicorn.Server):
    """Stops when told to: tests start and stop one each, and have nobody to be graceful to."""

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            await asyncio.sleep(0.01)
            ticks = (ticks + 1) % 100

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self.lifespan.shutdown()


def server_for(simulator: Simulator, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        Door(simulator),
        host=HOST,
        port=port,
        http=CuttableProtocol,
        ws="none",
        log_level="critical",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=75,  # a request sent while its connection closes has an unknown outcome
    )
    return PromptServer(config)


class Running:
    """A simulator that is up, and its control routes as methods."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.url = url
        self.simulator = simulator
        self._http = requests.Session()

    def state(self, **query: object) -> Json:
        return self.control("GET", "state", params=query)

    def mutate(self, *operations: dict[str, Json]) -> list[Json]:
        results: list[Json] = self.control("POST", "mutate", json=list(operations))["results"]
        return results

    def faults(self, *rules: dict[str, Json]) -> Json:
        return self.control("POST", "faults", json=list(rules))

    def no_faults(self) -> Json:
        return self.control("DELETE", "faults")

    def requests(self, **query: object) -> Json:
        return self.control("GET", "requests", params=query)

    def forget_requests(self) -> Json:
        return self.control("DELETE", "requests")

    def advance(self, seconds: float) -> Json:
        return self.control("POST", "clock", json={"advance_seconds": seconds})

    def settings(self, **changes: Json) -> Json:
        return self.control("POST", "settings", json=changes)

    def webhooks(self, **orders: Json) -> Json:
        return self.control("POST", "webhooks", json=orders) if orders else self.control("GET", "webhooks")

    def control(self, method: str, what: str, **arguments: Any) -> Json:
        """Any control route, those of one simulator only included: `control("POST", "token", json={...})`."""
        answer = self._http.request(method, f"{self.url}/_sim/{what}", timeout=60, **arguments)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} /_sim/{what}: {answer.status_code} {answer.text}")
        return answer.json()

    def close(self) -> None:
        self._http.close()


@contextmanager
def running(platform: str, *, port: int = 0, **options: Any) -> Iterator[Running]:
    """Start a simulator in a thread on a free port; `options` are the fields of the platform's `Options`."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    simulator = build(platform, {"public_url": url, **options})
    server = server_for(simulator, port)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    _wait_until_started(server, thread)
    up = Running(url, simulator)
    try:
        yield up
    finally:
        up.close()
        server.should_exit = True
        thread.join(timeout=5)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the simulator did not start")
        time.sleep(0.005)
