"""Concurrency limits: so many requests at the same time, whoever sends them. A slot whose holder died is free again
after a while."""

import random
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from crmbridge.domain.budgets import Slots
from crmbridge.storage.items import EXPIRES, Item, Items, absent, equals

_ATTEMPTS = 30


class SlotMeter:
    """One process's view of one account's slots."""

    def __init__(
        self, items: Items, now: Callable[[], datetime], sleep: Callable[[float], None], scope: str, slots: Slots
    ) -> None:
        self._items, self._now, self._sleep, self._slots = items, now, sleep, slots
        self._key = f"budget#{scope}#{slots.name}", "slots"

    def take(self) -> str | None:
        """A slot, to be given back; None when all are taken."""
        mine = uuid4().hex[:12]

        def add(held: dict[str, int]) -> dict[str, int] | None:
            until = round((self._now().timestamp() + self._slots.seconds) * 1000)
            return {**held, mine: until} if len(held) < self._slots.count else None

        return mine if self._change(add) else None

    def give_back(self, slot: str) -> None:
        """A slot that cannot be given back ends by itself."""
        self._change(lambda held: {holder: until for holder, until in held.items() if holder != slot})

    def _change(self, change: Callable[[dict[str, int]], dict[str, int] | None]) -> bool:
        for attempt in range(_ATTEMPTS):
            item = self._items.get(*self._key)
            now = round(self._now().timestamp() * 1000)
            changed = change({holder: until for holder, until in _held(item).items() if until > now})
            if changed is None:
                return False
            version = int(item["version"]) if item else 0
            if self._items.put(self._item(changed, version + 1), equals("version", version) if item else absent("pk")):
                return True
            self._sleep(random.uniform(0.0, min(0.2, 0.005 * 2**attempt)))
        return False

    def _item(self, held: dict[str, int], version: int) -> Item:
        pk, sk = self._key
        text = ",".join(f"{until}:{holder}" for holder, until in held.items())
        return {"pk": pk, "sk": sk, "version": version, "held": text, EXPIRES: int(self._now().timestamp()) + 3600}


def _held(item: Item | None) -> dict[str, int]:
    entries = (entry.partition(":") for entry in (item["held"] if item else "").split(",") if entry)
    return {holder: int(until) for until, _, holder in entries}
