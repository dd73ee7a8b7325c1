"""A changed record against all groups of a workspace: nested rules, and a fifth of all values unknown."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final

from crmbridge.domain.predicates import Facts, MaskIndex, When, compile_predicate, facts
from crmbridge.domain.records import Kind

from bench.comparing import Finding, paired
from bench.peers.naive_rules import answer, matching
from bench.stopwatch import stopwatch

WHEN: Final = When(datetime(2026, 6, 15, 12, tzinfo=UTC))
BUDGETS: Final[Mapping[int, float]] = {100: 0.10, 1_000: 0.015, 10_000: 0.003}
RECORDS: Final = 500
NAIVE_EVALUATIONS: Final = 50_000

CLAUSES: Final[Sequence[Callable[[random.Random], dict[str, Any]]]] = (
    lambda r: {"field": "deal_amount", "operator": r.choice(["gt", "lte"]), "value": r.randrange(1, 2000) * 50},
    lambda r: {"field": "deal_probability", "operator": r.choice(["gt", "lte"]), "value": r.randrange(100)},
    lambda r: {"field": "deal_stage", "operator": r.choice(["eq", "ne"]), "value": f"stage {r.randrange(12)}"},
    lambda r: {"field": "deal_owner", "operator": "in", "value": [str(r.randrange(60)), str(r.randrange(60))]},
    lambda r: {
        "field": "deal_name",
        "operator": r.choice(["contains", "starts_with"]),
        "value": f"{r.randrange(3000)}",
    },
    lambda r: {"field": "deal_close_date", "operator": "within_next_days", "value": r.randrange(120)},
    lambda r: {"field": "custom_fields.seats", "operator": r.choice(["gt", "lt"]), "value": r.randrange(500)},
    lambda r: {"field": "company_industry", "operator": "eq", "value": f"industry {r.randrange(20)}"},
)


def random_rules(count: int) -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [_tree(chance, 3) for _ in range(count)]


def _tree(chance: random.Random, depth: int) -> dict[str, Any]:
    deeper = [bool(depth) and chance.random() < 0.25 for _ in range(chance.randrange(2, 5))]
    parts = [_tree(chance, depth - 1) if nested else chance.choice(CLAUSES)(chance) for nested in deeper]
    joined = {"operator": chance.choice(["AND", "AND", "OR"]), "rules": parts}
    return {"operator": "NOT", "rules": [joined]} if chance.random() < 0.1 else joined


def random_row(seed: int) -> dict[str, Any]:
    """A deal under the names that the rules use; every fifth value is missing, or read and empty."""
    chance = random.Random(seed)
    known: dict[str, Any] = {
        "deal_name": f"Acme {chance.randrange(100_000)}", "deal_stage": f"Stage {chance.randrange(12)}",
        "deal_amount": Decimal(chance.randrange(100_000)), "deal_probability": Decimal(chance.randrange(100)),
        "deal_owner": str(chance.randrange(60)), "deal_close_date": WHEN.today + timedelta(chance.randrange(-300, 300)),
        "custom_fields.seats": chance.randrange(500), "company_industry": f"Industry {chance.randrange(20)}",
    }  # fmt: skip
    return {name: None if chance.random() < 0.1 else value for name, value in known.items() if chance.random() < 0.9}


def deal_of(row: Mapping[str, Any]) -> Facts:
    company = {name: value for name, value in row.items() if name.startswith("company_")}
    own = {name: value for name, value in row.items() if name not in company}
    return facts(own, linked={Kind.COMPANY: [company]})


def changed_record(pairs: int, sizes: Sequence[int] = tuple(BUDGETS)) -> Iterator[Finding]:
    """The index is there already, as it is in a warm worker; what it costs to build is told beside."""
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
