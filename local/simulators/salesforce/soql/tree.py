"""What a parsed query is made of."""

from dataclasses import dataclass, field
from typing import Literal, Union

LiteralSort = Literal["string", "number", "boolean", "null", "date", "datetime", "range"]


@dataclass(frozen=True, slots=True)
class Path:
    """`Account.Owner.Name`, and where it stands."""

    parts: tuple[str, ...]
    place: int


@dataclass(frozen=True, slots=True)
class Value:
    """A literal; for a `range` (LAST_N_DAYS:7) the name and the number."""

    sort: LiteralSort
    value: object
    amount: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    path: Path
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """`IN` a list or a semi-join."""

    path: Path
    values: "tuple[Value, ...] | Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    """Several conditions, joined by AND or by OR."""

    conditions: "tuple[Condition, ...]"
    every: bool


Condition = Compare | Among | Not | Both


@dataclass(frozen=True, slots=True)
class Aggregate:
    function: str
    path: Path | None
    alias: str | None


@dataclass(frozen=True, slots=True)
class FieldsOf:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`."""

    group: str
    place: int


@dataclass(frozen=True, slots=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


Selected = Union[Path, Aggregate, FieldsOf, "Query"]


@dataclass(slots=True)
class Query:
    text: str
    select: list[Selected]
    object: str
    object_place: int
    alias: str | None = None
    where: Condition | None = None
    group_by: list[Path] = field(default_factory=list)
    order_by: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False

    @property
    def aggregates(self) -> list[Aggregate]:
        return [each for each in self.select if isinstance(each, Aggregate)]

    @property
    def is_count(self) -> bool:
        """`SELECT COUNT() FROM ...` answers with a total and no records."""
        return len(self.select) == 1 and any(each.path is None for each in self.aggregates)
