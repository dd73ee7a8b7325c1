"""What an engine for rules has to do to be measured, and how a process of its own does it."""

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from bench.deals import Row, Rule, random_row, random_rules
from bench.stopwatch import stopwatch, tell

CHECKED: Final = 50
"""Of so many records every side tells every answer."""


class Engine(Protocol):
    """Made of rows and rules, it has loaded the one and compiled the other."""

    def answers(self, first: int) -> Sequence[Sequence[bool | None]]:
        """Per row of the first ones, per rule. An engine that does not know unknown says False."""

    def evaluate(self) -> Any:
        """What is measured."""

    def counts(self, evaluated: Any) -> list[int]:
        """Per rule, how many rows match."""


def measure(make: Callable[[Sequence[Row], Sequence[Rule]], Engine], *, knows_unknown: bool = True) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--groups", type=int, required=True)
    asked = parser.parse_args()
    engine = make([random_row(seed) for seed in range(asked.records)], random_rules(asked.groups))
    answers = [list(row) for row in engine.answers(CHECKED)]
    with stopwatch() as taken:
        evaluated = engine.evaluate()
    tell(
        cpu=taken.cpu,
        wall=taken.wall,
        records=asked.records,
        true=_digest([[said is True for said in row] for row in answers]),
        unknown=_digest([[said is None for said in row] for row in answers]) if knows_unknown else None,
        counts=_digest(engine.counts(evaluated)),
    )


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
