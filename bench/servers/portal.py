"""A HubSpot account of three objects whose pages are serialised before anybody asks; with its rate limit, if told so.

`python -m bench.servers.portal --records 7000 [--delay 0.08] [--limit 110] [--unlinked]`. There are five contacts to
one company and one deal. Links are told, as HubSpot does, to whoever asks for `associations`.
"""

import argparse
import gzip
import json
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from bench.servers import crm
from bench.servers.wire import Reply, Request, serve

PAGE: Final = 100
WINDOW_SECONDS: Final = 10.0
JSON_TYPE: Final = "Content-Type: application/json;charset=utf-8\r\n"
_OBJECTS: Final = "/crm/v3/objects/"
_PROPERTIES: Final = "/crm/v3/properties/"


class Portal:
    """`delay` is in seconds; `limit` is calls in any ten seconds, 0 for none."""

    def __init__(self, records: int, delay: float = 0.0, limit: int = 0, *, linked: bool = True) -> None:
        self._delay = delay
        self._limit = limit
        self._sent: deque[float] = deque()
        self._refused = 0
        self._calls = 0
        self._linked = linked
        self._names: dict[str, list[str]] = {}
        self._pages: dict[tuple[str, int, bool], bytes] = {}
        self._totals = crm.sizes(records)
        for object, envelopes in crm.records(records).items():
            self._serialise(object, list(envelopes))

    def answer(self, request: Request) -> Reply:
        asked = urlsplit(request.target)
        if asked.path == "/_counts":
            return _json({"calls": self._calls, "refused": self._refused})
        if asked.path.endswith("/search"):  # a pool of its own, without headers
            return _json({"total": self._totals[asked.path.split("/")[4]], "results": []}, self._delay)
        headers = JSON_TYPE + self._rate_headers()
        if not self._admits():
            return Reply(b'{"policyName":"TEN_SECONDLY_ROLLING"}', 429, headers, self._delay)
        body, encoding = self._body(asked.path, parse_qs(asked.query))
        return Reply(body, 200, headers + encoding, self._delay)

    def _admits(self) -> bool:
        """As the limit is documented: what was refused does not count."""
        now = time.monotonic()
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        if self._limit and len(self._sent) >= self._limit:
            self._refused += 1
            return False
        self._calls += 1
        self._sent.append(now)
        return True

    def _rate_headers(self) -> str:
        if not self._limit:
            return ""
        left = max(0, self._limit - len(self._sent) - 1)
        return f"X-HubSpot-RateLimit-Max: {self._limit}\r\nX-HubSpot-RateLimit-Remaining: {left}\r\n"

    def _body(self, path: str, query: dict[str, list[str]]) -> tuple[bytes, str]:
        if path.startswith(_OBJECTS):
            start = int(query.get("after", ["0"])[0])
            page = self._pages.get((path.removeprefix(_OBJECTS), start, "associations" in query))
            return page or EMPTY, "Content-Encoding: gzip\r\n"
        if path.startswith(_PROPERTIES):
            names = self._names.get(path.removeprefix(_PROPERTIES), [])
            rows = [{"name": name, "type": "string", "fieldType": "text", "hubspotDefined": True} for name in names]
            return json.dumps({"results": rows}).encode(), ""
        if path == "/account-info/v3/details":
            return json.dumps({"portalId": 8801, "companyCurrency": "EUR", "timeZone": "Europe/Berlin"}).encode(), ""
        return b'{"results":[]}', ""

    def _serialise(self, object: str, envelopes: list[dict[str, Any]]) -> None:
        self._names[object] = list(envelopes[0]["properties"]) if envelopes else []
        for start, found, more in _slices(envelopes):
            paging = {"paging": {"next": {"after": str(start + PAGE), "link": "https://"}}} if more else {}
            bare = [{key: value for key, value in one.items() if key != "associations"} for one in found]
            for tells_links, shown in ((True, found if self._linked else bare), (False, bare)):
                self._pages[object, start, tells_links] = _packed({"results": shown, **paging})


def _slices(envelopes: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]], bool]]:
    for start in range(0, len(envelopes), PAGE):
        yield start, envelopes[start : start + PAGE], start + PAGE < len(envelopes)


def _packed(document: dict[str, Any]) -> bytes:
    """HubSpot compresses for whoever can read it, which all of these clients can."""
    return gzip.compress(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), 1)


EMPTY: Final = _packed({"results": []})


def _json(document: dict[str, Any], later: float = 0.0) -> Reply:
    return Reply(json.dumps(document).encode(), headers=JSON_TYPE, later=later)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--unlinked", action="store_true")
    chosen = parser.parse_args()
    serve(Portal(chosen.records, chosen.delay, chosen.limit, linked=not chosen.unlinked).answer)
