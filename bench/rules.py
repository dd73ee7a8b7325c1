"""A changed record against all groups of a workspace, and all records against all groups."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any, Final

from crmbridge.domain.predicates import MaskIndex, compile_predicate
from crmbridge.wiring import calm_collector

from bench.comparing import Finding, Told, alternate, paired
from bench.deals import WHEN, deal_of, random_row, random_rules
from bench.peers.naive_rules import answer, matching
from bench.processes import Lab
from bench.sides import CHECKED
from bench.stopwatch import stopwatch

BUDGETS: Final[Mapping[int, float]] = {100: 0.10, 1_000: 0.015, 10_000: 0.003}
RECORDS: Final = 500
NAIVE_EVALUATIONS: Final = 50_000
OURS: Final = "ours"
PEERS: Final[Mapping[str, tuple[str, float | None, float]]] = {
    "DuckDB": ("bench.peers.duckdb_rules", 0.25, 1.0),
    "polars": ("bench.peers.polars_rules", None, 1.0),
    "the obvious code": ("bench.peers.naive_rules", None, 0.002),
    "rule-engine": ("bench.peers.rule_engine_rules", None, 0.0005),
}
"""Per side its module, the budget against it, and the share of the records that it is measured with."""


def changed_record(pairs: int, sizes: Sequence[int] = tuple(BUDGETS)) -> Iterator[Finding]:
    """The index is there already, as it is in a warm worker; what it costs to build is told beside."""
    calm_collector()
    ours_at: dict[int, list[float]] = {}
    for count in sizes:
        rules = random_rules(count)
        with stopwatch() as building:
            index = MaskIndex([compile_predicate(each) for each in rules])
        _must_agree(index, rules, _unseen(0)[:20])
        timed = [_pair(index, rules, _unseen(turn)) for turn in range(1, pairs + 1)]
        ours_at[count] = [ours for ours, _ in timed]
        note = f"{building.cpu:.2f} s to compile and build"
        yield _finding(f"one record, {count:,} groups", "the obvious code", timed, BUDGETS.get(count), note)
    smallest, largest = min(sizes), max(sizes)
    both = list(zip(ours_at[largest], ours_at[smallest], strict=True))
    yield _finding(f"one record, {largest:,} groups", f"{smallest:,} groups", both, 5.0)


def every_record(lab: Lab, pairs: int, records: int, groups: int) -> Iterator[Finding]:
    """All sides have loaded and compiled beforehand. Those that would take minutes get a share of the records."""
    told = alternate(_sides(lab, records, groups), pairs)
    _must_say_the_same(told)
    for name, (_, budget, _) in PEERS.items():
        ours, theirs = ([run["cpu"] / run["records"] * 1e6 for run in told[side]] for side in (OURS, name))
        yield Finding(
            what=f"{records:,} records, {groups:,} groups",
            against=name,
            ratio=paired(ours, theirs),
            budget=budget,
            ours=median(ours),
            theirs=median(theirs),
            unit="us of CPU per record",
            pairs=pairs,
            notes=() if told[name][0]["records"] == records else (f"theirs of {told[name][0]['records']} records",),
            detail={"ours": told[OURS], "theirs": told[name]},
        )


def _sides(lab: Lab, records: int, groups: int) -> dict[str, Callable[[], Told]]:
    def side(module: str, share: float) -> Callable[[], Told]:
        return lambda: lab.run(module, "--records", max(CHECKED, int(records * share)), "--groups", groups)

    return {OURS: side("bench.ours.rules", 1.0)} | {name: side(one[0], one[2]) for name, one in PEERS.items()}


def _must_say_the_same(told: Mapping[str, Sequence[Told]]) -> None:
    """Who is in and of whom it is unknown, of the first records; how many are in each group, of all of them."""
    runs = [run for some in told.values() for run in some]
    for what in ("true", "unknown"):
        if len({run[what] for run in runs if run.get(what)}) != 1:
            raise RuntimeError(f"the sides do not agree about what is {what}")
    if len({run["counts"] for run in runs if run["records"] == told[OURS][0]["records"]}) != 1:
        raise RuntimeError("the sides do not agree about how many are in each group")


def _unseen(turn: int) -> list[dict[str, Any]]:
    """Rows of which no name was asked before: the index remembers texts."""
    return [random_row(seed) for seed in range(turn * RECORDS, (turn + 1) * RECORDS)]


def _pair(
    index: MaskIndex, rules: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> tuple[float, float]:
    return _ours(index, rows), _naive(rules, rows[: max(5, NAIVE_EVALUATIONS // len(rules))])


def _ours(index: MaskIndex, rows: Sequence[Mapping[str, Any]]) -> float:
    deals = [deal_of(row) for row in rows]
    with stopwatch() as taken:
        for deal in deals:
            index.matches(deal, WHEN)
    return taken.cpu / len(deals) * 1e6


def _naive(rules: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> float:
    today: date = WHEN.today
    with stopwatch() as taken:
        for row in rows:
            matching(rules, row, today)
    return taken.cpu / len(rows) * 1e6


def _must_agree(index: MaskIndex, rules: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        true, unknown = (sorted(index.numbers(mask)) for mask in index.matches(deal_of(row), WHEN))
        answers = [answer(rule, row, WHEN.today) for rule in rules]
        if [true, unknown] != [[at for at, said in enumerate(answers) if said is like] for like in (True, None)]:
            raise RuntimeError("the sides do not agree about who matches")


def _finding(
    what: str, against: str, timed: Sequence[tuple[float, float]], budget: float | None, *notes: str
) -> Finding:
    ours, theirs = [mine for mine, _ in timed], [other for _, other in timed]
    return Finding(
        what=what,
        against=against,
        ratio=paired(ours, theirs),
        budget=budget,
        ours=median(ours),
        theirs=median(theirs),
        unit="us of CPU",
        pairs=len(timed),
        notes=notes,
    )
