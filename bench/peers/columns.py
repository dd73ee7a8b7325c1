"""The workload as a table: a column per field, its texts folded beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.deals import Row

COLUMNS: Final[Mapping[str, str]] = {
    "deal_name": "name", "deal_stage": "stage", "deal_amount": "amount", "deal_probability": "probability",
    "deal_owner": "owner", "deal_close_date": "close_date", "custom_fields.seats": "seats",
    "company_industry": "industry",
}  # fmt: skip


def folded(value: Any) -> Any:
    if isinstance(value, list):
        return [folded(each) for each in value]
    return value.strip().casefold() if isinstance(value, str) else value


def table_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {column: [folded(row.get(field)) for row in rows] for field, column in COLUMNS.items()}
