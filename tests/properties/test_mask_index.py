"""Asking all rules at once gives what asking each of them gives, and hardly depends on how many there are."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Facts, MaskIndex, When, compile_predicate, facts
from crmbridge.domain.predicates.operators import OPERATORS
from crmbridge.domain.predicates.schema import Known
from crmbridge.domain.records import Kind, Labelled, Type
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.deals import deal_of, random_row, random_rules

WHEN: Final = When(datetime(2026, 6, 15, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
TODAY: Final = WHEN.today

TEXTS: Final = st.sampled_from(["a", "ab", "abc", "Abcd", "bc", "xbcd", "d", " a ", "abcdef", "bcdef", "xAbcdef"])
NUMBERS: Final = st.integers(-3, 3) | st.sampled_from([Decimal("0.5"), "1.5"])
DAYS: Final = st.integers(-4, 4).map(lambda away: TODAY + timedelta(away))
INSTANTS: Final = st.integers(-50, 50).map(lambda hours: WHEN.now + timedelta(hours=hours))

VALUES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "deal_name": TEXTS, "deal_stage": TEXTS, "deal_contact_roles": TEXTS, "deal_amount": NUMBERS,
    "deal_probability": NUMBERS, "deal_close_date": DAYS, "deal_is_won": st.booleans(),
    "remote_updated_at": INSTANTS, "custom_fields.x": TEXTS | NUMBERS | DAYS | st.booleans(),
    "contact_lifecycle": TEXTS, "contact_emails": TEXTS, "company_employees": NUMBERS, "company_revenue": NUMBERS,
    "company_custom_fields.y": TEXTS | NUMBERS, "task_due": INSTANTS, "contact_custom_fields.fee": NUMBERS,
}  # fmt: skip
"""What stands beside each field in rules, and mostly in records."""

SCHEMA: Final = {Kind.CONTACT: {"custom_fields.fee": Known(Type.MONEY)}}
RELATED: Final = {"contact": Kind.CONTACT, "company": Kind.COMPANY, "task": Kind.TASK}


def _valid(rule: Mapping[str, Any]) -> bool:
    try:
        compile_predicate(rule, schema=SCHEMA)
    except Invalid:
        return False
    return True


@st.composite
def clause(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(list(VALUES)))
    operator = OPERATORS[draw(st.sampled_from(list(OPERATORS)))]
    values = VALUES[field].map(lambda value: value.isoformat() if isinstance(value, date) else value)
    value = draw(
        {
            "one": values,
            "many": st.lists(values, min_size=1, max_size=3),
            "two": st.lists(values, min_size=2, max_size=2).map(lambda two: sorted(two, key=_order)),
            "days": st.integers(0, 4),
            "nothing": st.none(),
        }[operator.takes]
    )
    rule = {"field": field, "operator": operator.name, "value": value}
    if field.split("_")[0] in RELATED:
        rule["match"] = draw(st.sampled_from(["any", "all"]))
    if field in ("deal_amount", "contact_custom_fields.fee"):
        rule["currency"] = draw(st.sampled_from([None, "EUR"]))
    return rule


def _order(value: Any) -> tuple[str, Any]:
    return ("", Decimal(value)) if not isinstance(value, str) or value == "1.5" else ("text", value)


RULES: Final = st.recursive(
    clause().filter(_valid),
    lambda inner: st.builds(
        lambda operator, rules: {"operator": operator, "rules": rules[:1] if operator == "NOT" else rules},
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=10,
)
ODD: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [
        None,
        "",
        "?",
        float("nan"),
        [],
        (Labelled("a", "abc"), Labelled("d")),
        ["a", "bc"],
        {"id": "7", "name": "abc"},
        {"value": 1, "currency": "EUR"},
        {"value": 1, "currency": "JPY"},
    ]
)


def known_of(prefixes: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: VALUES[name] | ODD for name in VALUES if name.startswith(tuple(prefixes))}
    return st.fixed_dictionaries({}, optional=fields)


DEALS: Final = st.builds(
    lambda known, currency, linked: facts(
        {**known, **currency}, linked={RELATED[name]: linked[name] for name in linked}
    ),
    known_of(["deal_", "remote_", "custom_"]),
    st.sampled_from([{}, {"currency": "EUR"}, {"currency": "JPY", "amount_home": 1, "home_currency": "eur"}]),
    st.fixed_dictionaries({}, optional={name: st.lists(known_of([name]), max_size=3) for name in RELATED}),
)


@given(rules=st.lists(RULES, max_size=8), deals=st.lists(DEALS, min_size=1, max_size=4), timed=st.booleans())
@settings(max_examples=250, deadline=None)
def test_the_index_answers_as_every_predicate_does(rules: list[Any], deals: list[Facts], timed: bool) -> None:
    predicates, when = [compile_predicate(rule, schema=SCHEMA) for rule in rules], WHEN if timed else None
    index = MaskIndex(predicates)

    for deal in deals:
        true, unknown = (set(index.numbers(mask)) for mask in index.matches(deal, when))

        answers = [predicate(deal, when) for predicate in predicates]
        assert true == {at for at, answer in enumerate(answers) if answer is True}
        assert unknown == {at for at, answer in enumerate(answers) if answer is None}


@given(rules=st.lists(RULES, min_size=1, max_size=8), deal=DEALS)
@settings(max_examples=100, deadline=None)
def test_the_index_flips_when_the_first_of_its_predicates_may(rules: list[Any], deal: Facts) -> None:
    predicates = [compile_predicate(rule, schema=SCHEMA) for rule in rules]
    flips = [flip for predicate in predicates if (flip := predicate.next_flip(deal, WHEN))]

    assert MaskIndex(predicates).next_flip(deal, WHEN) == min(flips, default=None)


@pytest.mark.parametrize("match", ["any", "all"])
@pytest.mark.parametrize(("operator", "value"), [("is_empty", None), ("is_not_empty", None), ("eq", 1), ("ne", 1)])
@pytest.mark.parametrize("linked", [{}, {Kind.COMPANY: []}, {Kind.COMPANY: [{}]}], ids=["unread", "nowhere", "unknown"])
def test_the_index_follows_links_that_lead_nowhere(operator: str, value: Any, match: str, linked: Any) -> None:
    asked = compile_predicate({"field": "company_employees", "operator": operator, "value": value, "match": match})
    index, deal = MaskIndex([asked]), facts({}, linked=linked)

    true, unknown = (bool(index.numbers(mask)) for mask in index.matches(deal))

    assert (None if unknown else true) is asked(deal)


def test_an_index_of_nothing_matches_nothing() -> None:
    assert MaskIndex([]).matches({"deal_name": "a"}) == (0, 0)


def test_a_predicate_that_could_not_be_read_keeps_its_number_and_is_never_true() -> None:
    index = MaskIndex([None, compile_predicate({"field": "deal_name", "operator": "eq", "value": "a"})])

    assert [index.numbers(mask) for mask in index.matches({"deal_name": "a"})] == [[1], []]


def test_predicates_about_different_kinds_have_an_index_each() -> None:
    rule = {"field": "owner", "operator": "is_empty"}

    with pytest.raises(ValueError, match="several kinds"):
        MaskIndex([compile_predicate(rule), compile_predicate(rule, kind=Kind.TASK)])


def test_a_thousand_rules_at_once_are_answered_as_each_of_them_is() -> None:
    predicates = [compile_predicate(rules) for rules in random_rules(1000)]
    index, deals = MaskIndex(predicates), [deal_of(random_row(seed)) for seed in range(10)]

    answered = [[sorted(index.numbers(mask)) for mask in index.matches(deal, WHEN)] for deal in deals]

    asked = [[predicate(deal, WHEN) for predicate in predicates] for deal in deals]
    assert answered == [[[at for at, said in enumerate(one) if said is like] for like in (True, None)] for one in asked]
