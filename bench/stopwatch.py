"""Processor time and wall time of a block, and the one line in which a measured process tells them."""

import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Taken:
    """Seconds. `cpu` counts every thread, and child processes that have ended."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Taken]:
    gc.collect()
    taken = Taken()
    cpu, wall = _cpu(), time.perf_counter()
    yield taken
    taken.cpu, taken.wall = _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def tell(**facts: Any) -> None:
    """The last line of a measured process's output."""
    print(json.dumps(facts), flush=True)


def posts_measured(handler: Callable[[dict[str, Any], Any], Mapping[str, Any]], event: Any, posts: int) -> Any:
    """Seconds per post, after a first one that makes the clients."""
    status = handler(event, None)["statusCode"]
    with stopwatch() as taken:
        for _ in range(posts):
            handler(event, None)
    return {"cpu": taken.cpu / posts, "wall": taken.wall / posts, "status": status}
