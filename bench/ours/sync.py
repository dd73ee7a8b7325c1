"""A full run of the product's own services: start_run, then every task it rings for, as the functions would do them.

Every table is DynamoDB's, over the wire; queues and tokens are in memory, for a run hardly uses them.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from crmbridge.domain.connections import Connection, Settings, TokenSet
from crmbridge.domain.messages import Message
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.platforms.registry import platform
from crmbridge.platforms.spec import Platform
from crmbridge.services import ports
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task
from crmbridge.storage.queues import MemoryQueue
from crmbridge.storage.vault import MemoryVault
from crmbridge.wiring import Wired, calm_collector

from bench.fingerprint import counts_of, fingerprint, grown, keys_of
from bench.ours.settings import settings
from bench.stopwatch import stopwatch, tell

WORKSPACE: Final = "bench"
KINDS: Final = ("contact", "company", "deal")


class Bench(Wired):
    """What a function is wired with, on the bench's servers.

    `reserve` is the share of a budget kept for clicks (None: as declared). An unlimited one is kept, too, and never
    runs out."""

    reserve: float | None
    unlimited: bool

    def __init__(self, reserve: float | None, *, unlimited: bool) -> None:
        super().__init__(settings())
        object.__setattr__(self, "reserve", reserve)
        object.__setattr__(self, "unlimited", unlimited)

    @cached_property
    def vault(self) -> ports.TokenVault:
        return MemoryVault()

    @cached_property
    def queues(self) -> ports.Queues:
        return ports.Queues(*(MemoryQueue() for _ in range(6)))

    @cached_property
    def platform(self) -> Callable[[str], Platform]:
        hubspot = platform("hubspot")
        pools = hubspot.pools
        if self.reserve is not None:
            pools = tuple(replace(pool, reserve=self.reserve) for pool in pools)
        if self.unlimited:
            pools = tuple(replace(pool, calls=1_000_000) for pool in pools)
        chosen = replace(hubspot, pools=pools)
        return lambda _: chosen


def connected(deps: Bench, url: str) -> Connection:
    connection = Connection(
        id="hubspot",
        workspace=WORKSPACE,
        platform="hubspot",
        account="8801",
        display_name="HubSpot",
        auth="token",
        base_url=url,
        settings=Settings(kinds=KINDS),
        created_at=datetime.now(UTC),
        created_by="bench",
    )
    deps.vault.create(connection, TokenSet(access_token="pat-bench"))
    deps.connections.add(connection)
    return deps.connections.get(WORKSPACE, connection.id)


def full_run(deps: Bench, connection: Connection, workers: int) -> Run:
    """As many tasks at once as there are workers, each to its end."""
    run = start_run(deps, connection, RunType.FULL, "bench")
    pages = deps.queues.pages
    assert isinstance(pages, MemoryQueue)
    with ThreadPoolExecutor(workers) as pool:
        while messages := pages.take():
            list(pool.map(lambda message: _work(deps, message), messages))
    done = deps.journal.run(WORKSPACE, run.id)
    if done.status is not Status.SUCCESS:
        raise RuntimeError(f"the run ended {done.status}: {done.errors}")
    return done


def _work(deps: Bench, message: Message) -> None:
    deps.sleep(message.delay_seconds)
    sync_task(deps, WORKSPACE, message.body["task"], deadline=deps.now() + timedelta(minutes=5))


def _measured(deps: Bench, connection: Connection, workers: int) -> dict[str, Any]:
    with stopwatch() as taken:
        run = full_run(deps, connection, workers)
    counts = {kind: asdict(each) for kind, each in run.counts.items()}
    return {**asdict(taken), "counts": counts, "calls": sum(each.calls for each in run.counts.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hubspot", required=True)
    parser.add_argument("--aws", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--reserve", type=float, default=None)
    parser.add_argument("--unlimited", action="store_true")
    parser.add_argument("--again", action="store_true", help="run a second time, when nothing has changed")
    asked = parser.parse_args()
    calm_collector()
    deps = Bench(asked.reserve, unlimited=asked.unlimited)
    connection = connected(deps, asked.hubspot)
    told = _measured(deps, connection, asked.workers)
    told["records"] = fingerprint(keys_of(asked.aws, "records", record_of))
    if asked.again:
        before = counts_of(asked.aws)
        told["again"] = _measured(deps, connection, asked.workers)
        told["again"]["requests"] = grown(before, counts_of(asked.aws))
    tell(**told)


def record_of(_: str, sk: str) -> str | None:
    """None for the edges that lie among the records."""
    return None if "<" in sk or ">" in sk else sk


if __name__ == "__main__":
    main()
