"""Which records a side ended with, so that only sides that did the same work are compared."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from urllib.request import urlopen


def fingerprint(records: Iterable[str]) -> dict[str, Any]:
    """Of names like `contacts#101`."""
    found = sorted(set(records))
    return {"count": len(found), "digest": sha256("\n".join(found).encode()).hexdigest()[:16]}


def keys_of(aws: str, table: str, name: Callable[[str, str], str | None]) -> list[str]:
    """The records in a table of the pretended AWS; `name` makes one of the two keys."""
    with urlopen(f"{aws}/_keys?{table}") as answer:
        return [found for pk, sk in json.load(answer) if (found := name(pk, sk)) is not None]


def counts_of(server: str) -> dict[str, int]:
    with urlopen(f"{server}/_counts") as answer:
        counts: dict[str, int] = json.load(answer)
        return counts


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}
