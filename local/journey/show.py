"""What a person sees while the journey goes on, and the table at its end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Any

CONSOLE = Console(highlight=False)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar per kind while records arrive."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:12}"),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=CONSOLE, transient=False) as bars:
        yield bars


class RunBars:
    """Turns the sync log's line into bars; totals are the CRM's own where it says them."""

    def __init__(self, bars: Progress, totals: Mapping[str, int]) -> None:
        self._bars = bars
        self._tasks = {kind: bars.add_task(kind, total=total) for kind, total in totals.items()}

    def __call__(self, run: Json) -> None:
        for kind, counts in run["counts"].items():
            if kind in self._tasks:
                self._bars.update(self._tasks[kind], completed=counts["read"])


def say(text: str) -> None:
    CONSOLE.print(text)


def table(title: str, rows: Mapping[str, str]) -> None:
    """Nothing is cut off: an address is there to be copied."""
    shown = Table(title=title, title_justify="left", show_header=False, pad_edge=False)
    shown.add_column()
    shown.add_column(overflow="fold")
    for name, value in rows.items():
        shown.add_row(name, value)
    CONSOLE.print(shown)


def plain(text: str) -> None:
    """As it is, unwrapped, so that it can be copied."""
    print(text)
