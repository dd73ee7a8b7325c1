"""HTTP/1.1 in as few steps as will do: one request at a time per connection, answers as ready bytes."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """`later` is in seconds."""

    body: bytes
    status: int = 200
    headers: str = ""
    later: float = 0.0

    def wire(self) -> bytes:
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n{self.headers}\r\n"
        return head.encode("latin-1") + self.body


Answer = Callable[[Request], Reply]
_END: Final = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while request := self._next():
            reply = self._answer(request)
            if reply.later:
                asyncio.get_running_loop().call_later(reply.later, self._transport.write, reply.wire())
            else:
                self._transport.write(reply.wire())

    def _next(self) -> Request | None:
        head, end, rest = self._buffer.partition(_END)
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, target, _ = first.split(" ", 2)
        return Request(method, target, headers, rest[:length])


def serve(answer: Answer) -> None:
    """Listen on a free port of loopback, say which, and answer until the process is ended."""
    asyncio.run(_serve(answer))


async def _serve(answer: Answer) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
