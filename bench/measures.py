"""The measurements: which paths, against what, and the budgets they are held to."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.comparing import Finding, Told, alternate, must_agree, paired
from bench.delivery import delivery
from bench.fingerprint import counts_of
from bench.panel import panel_trips
from bench.processes import Lab
from bench.rules import changed_record, every_record

OURS: Final = "ours"
OBVIOUS: Final = "the obvious code"
DLT: Final = "dlt"
BURST: Final = 110
"""HubSpot's calls in any ten seconds."""
WRITES: Final = ("BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it: records of a CPU run and of a paced one, pairs of either, whether dlt is there."""

    size: int = 14_000
    paced_size: int = 21_000
    pairs: int = 3
    paced_pairs: int = 1
    cold_pairs: int = 9
    posts: int = 100
    trips: int = 40
    rule_records: int = 100_000
    rule_groups: int = 1_000
    delay: float = 0.08
    limit: int = BURST
    with_dlt: bool = True


def full_sync(lab: Lab, plan: Plan) -> Iterator[Finding]:
    with lab.server("bench.servers.portal", "--records", plan.size) as hubspot:
        told = alternate(_sync_sides(lab, plan, hubspot), plan.pairs)
    must_agree(told)
    for name in [name for name in told if name != OURS]:
        yield _compared(f"full sync, {plan.size:,} records", told, name, 0.35 if name == DLT else None, plan.size)
    again = {**told, OURS: [run["again"] for run in told[OURS]]}
    written = sum(_record_writes(run["requests"]) for run in again[OURS])
    note = f"{written} writes of records"
    yield _compared("the same again, nothing changed", again, OBVIOUS, 0.12, plan.size, note)


def full_sync_by_links(lab: Lab, plan: Plan) -> Iterator[Finding]:
    """The same work on both sides: no links at all, and links that dlt asks for and stores, too."""
    if not plan.with_dlt:
        return
    for what, portal, dlt in (("without links", ("--unlinked",), ()), ("and links on both sides", (), ("--links",))):
        with lab.server("bench.servers.portal", "--records", plan.size, *portal) as hubspot:
            sides = _sync_sides(lab, plan, hubspot, dlt)
            told = alternate({name: sides[name] for name in (OURS, DLT)}, plan.pairs)
        must_agree(told)
        yield _compared(f"full sync, records {what}", told, DLT, None, plan.size)


def _sync_sides(lab: Lab, plan: Plan, hubspot: str, dlt: Sequence[str] = ()) -> dict[str, Callable[[], Told]]:
    def side(module: str, *more: object) -> Callable[[], Told]:
        def run() -> Told:
            with lab.cloud() as fresh:
                return fresh.run(module, "--hubspot", hubspot, "--aws", fresh.aws, *more)

        return run

    sides = {
        OURS: side("bench.ours.sync", "--again", "--unlimited"),
        OBVIOUS: side("bench.peers.obvious_sync"),
        DLT: side("bench.peers.dlt_sync", *dlt),
    }
    return {name: run for name, run in sides.items() if plan.with_dlt or name != DLT}


def _compared(
    what: str, told: dict[str, list[Told]], name: str, budget: float | None, records: int, *notes: str
) -> Finding:
    ours, theirs = [run["cpu"] for run in told[OURS]], [run["cpu"] for run in told[name]]
    return Finding(
        what=what,
        against=name,
        ratio=paired(ours, theirs),
        budget=budget,
        ours=median(ours) / records * 1e6,
        theirs=median(theirs) / records * 1e6,
        unit="us of CPU per record",
        pairs=len(ours),
        notes=notes,
        detail={"ours": told[OURS], "theirs": told[name]},
    )


def _record_writes(requests: dict[str, int]) -> int:
    return sum(count for name, count in requests.items() if name.endswith(" records") and name.split()[0] in WRITES)


def paced_sync(lab: Lab, plan: Plan) -> Iterator[Finding]:
    """Three tasks at once. The floor is arithmetic: after every 110th call somebody waits for the next ten seconds."""
    for reserve in (None, 0.05):
        told = [_paced(lab, plan, reserve) for _ in range(plan.paced_pairs)]
        floors = [(run["calls"] - 1) // plan.limit * 10.0 for run in told]
        kept = "10 %" if reserve is None else f"{reserve * 100:.0f} %"
        yield Finding(
            what=f"full sync, wall, {plan.delay * 1000:.0f} ms, {plan.limit} calls in 10 s, {kept} kept for clicks",
            against="the limit's floor",
            ratio=paired([run["wall"] for run in told], [max(floor, 0.001) for floor in floors]),
            budget=1.07,
            ours=median(run["wall"] for run in told),
            theirs=median(floors),
            unit="s",
            pairs=len(told),
            notes=(f"{told[0]['calls']} calls", f"{sum(run['refused'] for run in told)} answers of 429"),
            detail={"ours": told},
        )


def _paced(lab: Lab, plan: Plan, reserve: float | None) -> dict[str, Any]:
    limits = ("--delay", plan.delay, "--limit", plan.limit)
    kept = () if reserve is None else ("--reserve", reserve)
    with lab.server("bench.servers.portal", "--records", plan.paced_size, *limits) as hubspot, lab.cloud() as fresh:
        told = fresh.run("bench.ours.sync", "--hubspot", hubspot, "--aws", fresh.aws, "--workers", 3, *kept)
        return {**told, **counts_of(hubspot)}


def webhook_post(lab: Lab, plan: Plan) -> Iterator[Finding]:
    with lab.cloud() as fresh, _signed() as event:
        sides: dict[str, Callable[[], Told]] = {
            OURS: lambda: fresh.run("bench.ours.webhook", "--event", event, "--posts", plan.posts),
            OBVIOUS: lambda: fresh.run("bench.peers.obvious_webhook", "--event", event, "--posts", plan.posts // 2),
        }
        told = alternate(sides, plan.pairs)
    _must_be_accepted(told)
    yield _milliseconds("webhook of 100 events, until queued", told, 0.115)


def webhook_cold_start(lab: Lab, plan: Plan) -> Iterator[Finding]:
    with lab.cloud() as fresh, _signed() as event:
        sides: dict[str, Callable[[], Told]] = {
            OURS: lambda: fresh.run("bench.ours.webhook_cold", event),
            OBVIOUS: lambda: fresh.run("bench.peers.obvious_webhook_cold", event),
            "bare": lambda: fresh.run("bench.peers.bare_cold", event),
        }
        alternate(sides, 1)  # so that everybody has bytecode
        told = alternate(sides, plan.cold_pairs)
    _must_be_accepted(told)
    bare = median(run["cpu"] for run in told.pop("bare"))
    above: dict[str, list[Told]] = {
        name: [{**run, "cpu": run["cpu"] - bare} for run in runs] for name, runs in told.items()
    }
    yield _milliseconds("webhook function, cold start over bare Python", above, 0.20)


def rules(_: Lab, plan: Plan) -> Iterator[Finding]:
    return changed_record(plan.pairs)


def all_rules(lab: Lab, plan: Plan) -> Iterator[Finding]:
    return every_record(lab, plan.pairs, plan.rule_records, plan.rule_groups)


def _milliseconds(what: str, told: dict[str, list[Told]], budget: float) -> Finding:
    ours, theirs = [run["cpu"] for run in told[OURS]], [run["cpu"] for run in told[OBVIOUS]]
    return Finding(
        what=what,
        against=OBVIOUS,
        ratio=paired(ours, theirs),
        budget=budget,
        ours=median(ours) * 1000,
        theirs=median(theirs) * 1000,
        unit="ms of CPU",
        pairs=len(ours),
        detail={"ours": told[OURS], "theirs": told[OBVIOUS]},
    )


def _must_be_accepted(told: dict[str, list[Told]]) -> None:
    statuses = {name: {run["status"] for run in runs} for name, runs in told.items()}
    if any(found != {200} for found in statuses.values()):
        raise RuntimeError(f"a delivery was not accepted: {statuses}")


@contextmanager
def _signed() -> Iterator[Path]:
    """A file with a delivery that has just been signed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "event.json"
        path.write_text(json.dumps(delivery()))
        yield path


def panel(_: Lab, plan: Plan) -> Iterator[Finding]:
    return panel_trips(plan.trips)


MEASURES: Final[dict[str, Callable[[Lab, Plan], Iterator[Finding]]]] = {
    "sync": full_sync,
    "links": full_sync_by_links,
    "webhook": webhook_post,
    "cold": webhook_cold_start,
    "paced": paced_sync,
    "rules": rules,
    "all-rules": all_rules,
    "panel": panel,
}
