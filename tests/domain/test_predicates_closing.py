"""Rules that ask for closed deals, and those that only mention them."""

from typing import Any

import pytest
from crmbridge.domain.predicates import asks_for_closed, compile_predicate

CLOSED = frozenset({"s9", "closed won"})


def rule(field: str, value: Any, operator: str = "eq", **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value, **more}


def opposite(inner: Any) -> dict[str, Any]:
    return {"operator": "NOT", "rules": [inner]}


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        (rule("deal_is_won", True), True),
        (rule("dealIsClosed", "true"), True),
        (rule("deal_stage", "Closed won"), True),
        (rule("deal_stage", ["Negotiation", "S9"], "in"), True),
        (rule("deal_stage", "Closed won", pipeline="Sales"), True),
        (opposite(rule("deal_is_closed", True, "ne")), True),
        (rule("deal_is_won", False), False),
        (rule("deal_stage", "Closed won", "ne"), False),
        (rule("deal_stage", "Closed won", "ne", pipeline="Sales"), False),
        (opposite(rule("deal_stage", ["s9"], "in")), False),
        (rule("deal_stage", "Negotiation"), False),
        (rule("deal_name", "closed won"), False),
        (rule("deal_is_won", None, "is_not_empty"), False),
    ],
)
def test_naming_closed_or_won_asks_for_them_and_leaving_them_out_does_not(rules: Any, answer: bool) -> None:
    assert asks_for_closed(compile_predicate({"operator": "AND", "rules": [rules]}).tree, CLOSED) is answer
