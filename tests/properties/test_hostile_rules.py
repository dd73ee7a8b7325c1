"""Whatever anybody sends as rules either compiles and answers whatever a record holds, or is refused; nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import MaskIndex, Predicate, When, compile_predicate
from crmbridge.domain.predicates.operators import OPERATORS
from hypothesis import given, settings
from hypothesis import strategies as st

WHEN = When(datetime(2026, 6, 15, 12, tzinfo=UTC))

LONG = st.sampled_from([("9", 5000), ("x", 5000), ("ß", 1000), ("\0", 1), ("\ud800", 1)]).map(
    lambda one: one[0] * one[1]
)
NASTY = LONG | st.sampled_from([
    "1e999999999999", "-1e-999999999999", "NaN", "-Infinity", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "9999-12-31", "2026-02-30", -0.0, 1e308, 2**70,
])  # fmt: skip
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.dates()
    | st.binary(max_size=5)
    | NASTY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([
    "deal_stage", "deal_amount", "closeDate", "is_won", "custom_fields.x", "owner", "contact_title", "company_revenue",
    "remote_updated_at", "nonsense",
])  # fmt: skip
ASKED = st.sampled_from([*OPERATORS, "AND", "OR", "NOT", "?"])
CLAUSES = st.fixed_dictionaries(
    {"field": NAMES, "operator": ASKED, "value": JUNK | st.lists(NASTY, min_size=2, max_size=2)},
    optional={"currency": JUNK, "match": JUNK, "pipeline": JUNK},
)
ALMOST = st.recursive(
    CLAUSES
    | st.fixed_dictionaries({"field": NAMES | JUNK, "operator": ASKED | JUNK, "value": JUNK})
    | st.fixed_dictionaries({"field": NAMES, "operator": ASKED, "value": st.text() | st.integers()}),
    lambda inner: st.fixed_dictionaries({"operator": ASKED | JUNK, "rules": st.lists(inner, max_size=4) | JUNK}),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES | st.text(max_size=5), JUNK, max_size=5)


def compiled(rules: Any) -> Predicate | Invalid:
    try:
        return compile_predicate(rules)
    except Invalid as refused:
        return refused


@given(rules=JUNK | ALMOST, record=RECORDS)
@settings(max_examples=400, deadline=None)
def test_rules_either_compile_and_answer_or_are_refused(rules: Any, record: Mapping[str, Any]) -> None:
    outcome = compiled(rules)

    if isinstance(outcome, Invalid):
        assert all(problem.message for problem in outcome.problems)
    else:
        index = MaskIndex([outcome])
        said = [bool(index.numbers(mask)) for mask in index.matches(record, WHEN)]
        assert outcome(record, WHEN) is (None if said[1] else said[0])
        assert outcome.may_stay(record, WHEN) in (True, False)
        assert isinstance(outcome.proof(record, WHEN)["clauses"], list)
