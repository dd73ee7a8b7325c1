"""Pairs of runs, and what is concluded from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table. `ratio` is ours to theirs, the median of the pairs; `budget` None: only to be known."""

    what: str
    against: str
    ratio: float
    budget: float | None
    ours: float
    theirs: float
    unit: str
    pairs: int
    notes: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        return "met" if self.ratio <= self.budget else "NOT MET"


def alternate(sides: Mapping[str, Callable[[], Told]], rounds: int) -> dict[str, list[Told]]:
    """Each side once per round, one after the other, so that whatever else the machine does meets all of them."""
    told: dict[str, list[Told]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            told[name].append(run())
    return told


def paired(ours: list[float], theirs: list[float]) -> float:
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def must_agree(told: Mapping[str, list[Told]]) -> None:
    """Sides that ended with other records did not do the same work."""
    found = {name: {(run["records"]["count"], run["records"]["digest"]) for run in runs} for name, runs in told.items()}
    if len(set().union(*found.values())) != 1:
        raise RuntimeError(f"the sides ended with different records: {found}")
