"""Rules held to what the CRMs have: fields and options are those that exist, under either of their names."""

from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Stage
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates import Schema, compile_predicate, schema_of
from crmbridge.domain.records import Kind, Labelled, Type

FIELDS = (
    Field("tier", "Tier", Type.OPTION, (Option("t1", "Gold"), Option("t2", "Silver")), custom=True),
    Field("seats", "Seats", Type.NUMBER, custom=True),
    Field("deposit", "Deposit", Type.MONEY, custom=True),
    Field("dealname", "Deal name", Type.TEXT, maps_to="name"),
)
STAGES = {"s1": Stage("s1", "Negotiation", "p1", "Sales"), "s2": Stage("s2", "Won", "p1", "Sales")}
DIRECTORIES = Directories(Account("1"), stages=STAGES, fields={"deals": {one.key: one for one in FIELDS}})
SCHEMA = schema_of([(DIRECTORIES, {"deals": Kind.DEAL})])


def refusal(field: str, operator: str, value: Any, schema: Schema = SCHEMA) -> Problem:
    with pytest.raises(Invalid) as caught:
        compile_predicate({"field": field, "operator": operator, "value": value}, schema=schema)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("said", ["Gold", "gold ", "T1"])
def test_an_option_goes_by_value_and_by_label(said: str) -> None:
    asked = compile_predicate({"field": "custom_fields.tier", "operator": "eq", "value": said}, schema=SCHEMA)

    known = [{"custom_fields": {"tier": (Labelled(*option),)}} for option in (("t1", "Gold"), ("t2", "Silver"))]
    assert [asked(each) for each in known] == [True, False]


@pytest.mark.parametrize(
    ("said", "answers"),
    [("Negotiation", [True, True, False]), ("s7", [False, True, False]), ("WON", [False, False, True])],
)
def test_of_stages_that_are_labelled_alike_an_id_means_one(said: str, answers: list[bool]) -> None:
    alike = {**STAGES, "s7": Stage("s7", "Negotiation", "p2", "Partners")}
    schema = schema_of([(replace(DIRECTORIES, stages=alike), {"deals": Kind.DEAL})])
    asked = compile_predicate({"field": "deal_stage", "operator": "eq", "value": said}, schema=schema)

    deals = [
        {"stage": id, "stage_label": label}
        for id, label in (("s1", "Negotiation"), ("s7", "Negotiation"), ("s2", "Won"))
    ]
    assert [asked(deal) for deal in deals] == answers


def test_a_list_takes_options_by_either_name() -> None:
    asked = compile_predicate({"field": "deal_stage", "operator": "not_in", "value": ["Won", "S1"]}, schema=SCHEMA)

    deals = [
        {"stage": stage, "stage_label": label}
        for stage, label in (("s1", "Negotiation"), ("s2", "Won"), ("s3", "Lost"))
    ]
    assert [asked(deal) for deal in deals] == [False, False, True]


def test_a_pipeline_without_a_name_is_not_offered() -> None:
    shared = {**STAGES, "s9": Stage("s9", "Closed", "", "")}
    schema = schema_of([(replace(DIRECTORIES, stages=shared), {"deals": Kind.DEAL})])

    assert refusal("deal_pipeline", "eq", "Nope", schema).fix == "one of Sales"


@pytest.mark.parametrize(
    "schema", [SCHEMA, schema_of([(DIRECTORIES, {"contacts": Kind.CONTACT})])], ids=["unknown", "known"]
)
@pytest.mark.parametrize(
    ("field", "said", "held"),
    [
        ("contact_lifecycle", "Marketing Qualified", "marketing_qualified"),
        ("contact_lifecycle", "marketing_qualified", "marketing_qualified"),
        ("task_status", "Not started", "not_started"),
        ("task_status", "Waiting on input", "Waiting on input"),
    ],
)
def test_words_of_ours_may_be_written_with_spaces(schema: Schema, field: str, said: str, held: str) -> None:
    kind, _, name = field.partition("_")
    asked = compile_predicate({"field": field, "operator": "in", "value": [said]}, kind=Kind(kind), schema=schema)

    assert asked({name: held}) is True


def test_an_option_that_is_not_there_is_told_those_that_are() -> None:
    problem = refusal("deal_stage", "eq", "Negotiating")

    assert (problem.field, problem.fix) == ("value", "one of Negotiation, Won")


def test_a_part_of_an_option_may_be_asked_for() -> None:
    asked = compile_predicate({"field": "deal_stage", "operator": "starts_with", "value": "neg"}, schema=SCHEMA)

    assert asked({"stage": "s1", "stage_label": "Negotiation"}) is True


def test_a_custom_field_that_is_not_there_is_told_those_that_are() -> None:
    assert refusal("custom_fields.teir", "eq", "Gold").fix.startswith("one of custom_fields.tier")


def test_a_custom_field_is_of_the_type_the_crm_says() -> None:
    assert refusal("custom_fields.seats", "contains", "4").field == "operator"
    assert refusal("custom_fields.seats", "eq", "many").field == "value"


def test_of_a_kind_that_was_not_looked_up_nothing_is_refused() -> None:
    rule = {"field": "company_custom_fields.x", "operator": "eq", "value": "y"}

    assert compile_predicate(rule, schema=SCHEMA).needs_links == {Kind.COMPANY}


def test_lifecycle_stages_are_ours() -> None:
    contacts = schema_of([(DIRECTORIES, {"contacts": Kind.CONTACT})])

    assert "customer" in refusal("contact_lifecycle", "eq", "custommer", contacts).fix


def test_two_crms_offer_the_options_of_both() -> None:
    other = Directories(Account("2"), stages={"9": Stage("9", "Qualified", "p9", "Partners")})
    both = schema_of([(DIRECTORIES, {"deals": Kind.DEAL}), (other, {"Deals": Kind.DEAL})])

    assert refusal("deal_stage", "eq", "Nowhere", both).fix == "one of Negotiation, Won, Qualified"


def test_where_two_crms_differ_about_a_field_either_value_is_taken() -> None:
    free = Field("tier", "Tier", Type.TEXT, custom=True)
    other = Directories(Account("2"), fields={"Deals": {"tier": free}})
    both = schema_of([(DIRECTORIES, {"deals": Kind.DEAL}), (other, {"Deals": Kind.DEAL})])

    asked = compile_predicate({"field": "custom_fields.tier", "operator": "eq", "value": "Bronze"}, schema=both)

    assert asked({"custom_fields": {"tier": "bronze"}}) is True


def test_an_amount_is_compared_in_the_workspaces_currency() -> None:
    asked = compile_predicate({"field": "deal_amount", "operator": "gte", "value": 10}, currency="EUR")

    assert [asked({"amount": 20, "currency": code}) for code in ("eur", "JPY")] == [True, None]


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        ({"value": 20, "currency": "EUR"}, True),
        ({"value": 5, "currency": "EUR"}, False),
        ({"value": 20, "currency": "JPY"}, None),
        ({"value": None, "currency": "EUR"}, None),
        ("20", None),
    ],
)
def test_a_custom_amount_compares_in_the_currency_beside_it(held: Any, answer: bool | None) -> None:
    rule = {"field": "custom_fields.deposit", "operator": "gte", "value": 10}
    asked = compile_predicate(rule, schema=SCHEMA, currency="EUR")

    assert asked({"custom_fields": {"deposit": held}}) is answer


@pytest.mark.parametrize(
    ("rule", "is_bare"),
    [
        ({"field": "deal_amount", "operator": "gte", "value": 10}, True),
        ({"field": "custom_fields.deposit", "operator": "gte", "value": 10}, True),
        ({"field": "custom_fields.deposit", "operator": "gte", "value": 10, "currency": "EUR"}, False),
        ({"field": "custom_fields.deposit", "operator": "is_empty"}, False),
        ({"field": "custom_fields.tier", "operator": "eq", "value": "Gold"}, False),
    ],
)
def test_rules_say_whether_an_amount_is_compared_without_a_currency(rule: Any, *, is_bare: bool) -> None:
    assert compile_predicate(rule, schema=SCHEMA).compares_bare_amounts is is_bare
