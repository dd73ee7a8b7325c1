"""A workload of smart groups: nested rules about deals, and deals of which a fifth of all values is unknown."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.predicates import Facts, When, facts
from crmbridge.domain.records import Kind

Row = Mapping[str, Any]
Rule = Mapping[str, Any]

WHEN: Final = When(datetime(2026, 6, 15, 12, tzinfo=UTC))

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
