"""What was asked of a simulator: every request with its answer, and totals that a test or a benchmark can compare."""

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from local.simulators.clock import iso

KEPT = 200_000
ID_SEGMENT = re.compile(r"(?<=/)(?:\d+|[0-9a-f-]{24,})(?=/|$)")


@dataclass(slots=True)
class Entry:
    """`status` 0 means that the client got no answer; `committed` says whether the simulator did what was asked,
    `account` in whose name, where the platform says it."""

    number: int
    at: str
    method: str
    path: str
    query: str
    status: int = 0
    milliseconds: float = 0.0
    pool: str | None = None
    account: str | None = None
    fault: str | None = None
    committed: bool = True


class RequestLog:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def open(self, now_ms: int, method: str, path: str, query: str) -> Entry:
        self._count += 1
        entry = Entry(self._count, iso(now_ms), method, path, query)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        self._entries.clear()

    def page(self, limit: int, path: str | None = None, account: str | None = None) -> list[dict[str, object]]:
        """The newest `limit` entries in order of arrival, of those whose path matches."""
        return [asdict(entry) for entry in list(self._matching(path, account))[-limit:]]

    def summary(self, path: str | None = None, account: str | None = None) -> dict[str, object]:
        entries = list(self._matching(path, account))
        return {
            "total": len(entries),
            "throttled": sum(entry.status == 429 for entry in entries),
            "by_status": _counted(str(entry.status) for entry in entries),
            "by_pool": _counted(entry.pool or "none" for entry in entries),
            "by_route": _counted(f"{entry.method} {ID_SEGMENT.sub('{id}', entry.path)}" for entry in entries),
            "milliseconds": round(sum(entry.milliseconds for entry in entries), 3),
        }

    def _matching(self, path: str | None, account: str | None) -> Iterable[Entry]:
        wanted = re.compile(path or "")
        return (entry for entry in self._entries if account in (None, entry.account) and wanted.search(entry.path))


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
