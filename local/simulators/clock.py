"""The simulator's time: the wall clock plus an offset that a test may move forward."""

import asyncio
import time
from datetime import UTC, datetime


def iso(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds, as `2026-05-04T08:11:27.431Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


async def settle() -> None:
    """Let everything that is ready run before going on: the loop goes round once per `sleep(0)`."""
    for _ in range(50):
        await asyncio.sleep(0)


class Clock:
    """Sleepers wake when their moment comes, be it by waiting or by a jump."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._jumped = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._offset

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        deadline = self.now() + seconds
        while (left := deadline - self.now()) > 0:
            try:
                await asyncio.wait_for(self._jumped.wait(), timeout=left)
            except TimeoutError:
                return
