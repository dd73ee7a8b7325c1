"""A clock that a test sets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

BEGIN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@dataclass(eq=False)
class Clock:
    """`clock()` is now; sleeping moves it on instead of taking time. Threads may share it."""

    moment: datetime = BEGIN
    lock: Lock = field(default_factory=Lock)

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.moment += timedelta(seconds=seconds)

    advance = sleep
