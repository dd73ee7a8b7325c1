"""One POST over a connection that is kept: HTTP/1.1 as far as AWS's JSON services speak it.

`http.client` takes 75 us of processor time more for a call, most of it to read an answer's headers as if they were an
e-mail's; it still opens the connection, by TLS where that is asked for.
"""

from collections.abc import Iterator, Mapping
from http.client import BadStatusLine, HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from typing import BinaryIO, Final

_LINE: Final = 65_536
Headers = dict[bytes, bytes]
"""Names in lower case."""


def post(connection: HTTPConnection, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body. Raises OSError or HTTPException where no whole answer came: the connection is then of no use."""
    if connection.sock is None:
        connection.connect()
    told = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    connection.sock.sendall(f"POST / HTTP/1.1\r\n{told}content-length: {len(body)}\r\n\r\n".encode() + body)
    with connection.sock.makefile("rb") as answer:
        status, heard = _status(answer), _headers(answer)
        text = _body(answer, heard)
    if b"close" in heard.get(b"connection", b"").lower() or not _says_its_end(heard):
        connection.close()
    return status, text


def _status(answer: BinaryIO) -> int:
    line = _line(answer)
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise BadStatusLine(repr(line[:100]))
    return int(rest[:3])


def _line(answer: BinaryIO) -> bytes:
    line = answer.readline(_LINE)
    if not line.endswith(b"\n"):
        raise RemoteDisconnected("the connection was closed before the answer was over")
    return line


def _headers(answer: BinaryIO) -> Headers:
    heard: Headers = {}
    while line := _line(answer).strip():
        name, _, value = line.partition(b":")
        heard[name.lower()] = value.strip()
    return heard


def _says_its_end(heard: Headers) -> bool:
    return b"content-length" in heard or b"transfer-encoding" in heard


def _body(answer: BinaryIO, heard: Headers) -> bytes:
    if b"transfer-encoding" in heard:
        return b"".join(_chunks(answer))
    if b"content-length" in heard:
        return _exactly(answer, _number(heard[b"content-length"], 10))
    return answer.read()


def _chunks(answer: BinaryIO) -> Iterator[bytes]:
    while size := _number(_line(answer).partition(b";")[0], 16):
        yield _exactly(answer, size)
        _line(answer)
    _headers(answer)  # trailers, and the empty line that ends them


def _number(text: bytes, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise HTTPException(f"no length of a body: {text[:20]!r}") from None


def _exactly(answer: BinaryIO, size: int) -> bytes:
    text = answer.read(size)
    if len(text) < size:
        raise IncompleteRead(text, size - len(text))
    return text
