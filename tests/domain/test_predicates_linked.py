"""Rules about every kind, and across links: a deal's company and its contacts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Facts, compile_predicate, facts
from crmbridge.domain.records import Kind, Record

LEAD = {"field": "contact_lifecycle", "operator": "eq", "value": "lead"}
SOFTWARE = {"field": "companyIndustry", "operator": "eq", "value": "Software"}


def linked(**kinds: Sequence[Mapping[str, Any]]) -> Facts:
    """A deal whose links of these kinds were read."""
    return facts({"deal_amount": 5}, linked={Kind(kind): records for kind, records in kinds.items()})


@pytest.mark.parametrize(
    ("kind", "field", "record"),
    [
        (Kind.CONTACT, "contact_lifecycle", {"lifecycle_stage": "x"}),
        (Kind.CONTACT, "contactTitle", {"title": "X"}),
        (Kind.COMPANY, "company_industry", {"companyIndustry": "x"}),
        (Kind.COMPANY, "name", {"company_name": "x"}),
        (Kind.ACTIVITY, "activity_outcome", {"outcome": "x"}),
        (Kind.TASK, "task_status", {"status": "x"}),
        (Kind.TASK, "taskCustomFields.team", {"custom_fields": {"team": "x"}}),
        (Kind.DEAL, "deal_custom_fields.team", {"dealCustomFields.team": "x"}),
    ],
)
def test_every_kind_has_its_own_names(kind: Kind, field: str, record: Mapping[str, Any]) -> None:
    asked = compile_predicate({"field": field, "operator": "eq", "value": "x"}, kind=kind)

    assert asked(record) is True
    assert asked.needs_links == frozenset()


def test_a_record_of_another_kind_is_asked_as_it_is() -> None:
    company = Record(
        platform="zoho", object="Accounts", external_id="1", kind=Kind.COMPANY, fields={"employee_count": Decimal(80)}
    )

    assert compile_predicate({"field": "employees", "operator": "gt", "value": 50}, kind=Kind.COMPANY)(company) is True


@pytest.mark.parametrize(
    ("industries", "answer"), [(["Software"], True), (["Steel"], False), (["Steel", "software"], True)]
)
def test_a_deal_is_asked_for_its_companys_industry(industries: list[str], answer: bool) -> None:
    assert compile_predicate(SOFTWARE)(linked(company=[{"industry": one} for one in industries])) is answer


def test_rules_say_which_links_they_need() -> None:
    asked = compile_predicate({"operator": "OR", "rules": [LEAD, {"operator": "NOT", "rules": [SOFTWARE]}]})

    assert asked.needs_links == {Kind.CONTACT, Kind.COMPANY}


@pytest.mark.parametrize(
    ("stages", "any_one", "all_of_them"),
    [
        (["lead", "lead"], True, True),
        (["lead", "customer"], True, False),
        (["customer"], False, False),
        (["lead", None], True, None),
        (["customer", None], None, False),
        ([], None, None),
    ],
)
def test_any_and_all_are_kleenes(stages: list[str | None], any_one: bool | None, all_of_them: bool | None) -> None:
    deal = linked(contact=[{"lifecycle_stage": stage} for stage in stages])

    answers = [compile_predicate({**LEAD, "match": match})(deal) for match in ("any", "all")]

    assert answers == [any_one, all_of_them]


@pytest.mark.parametrize(("match", "answer"), [("any", True), ("all", False)])
def test_ne_is_asked_of_each_linked_record(match: str, answer: bool) -> None:
    deal = linked(contact=[{"lifecycle": "lead"}, {"lifecycle": "customer"}])

    assert compile_predicate({**LEAD, "operator": "ne", "match": match})(deal) is answer


def test_links_that_were_not_read_are_unknown_and_members_stay() -> None:
    asked = compile_predicate(LEAD)

    assert asked({"deal_amount": 5}) is None
    assert asked.may_stay({"deal_amount": 5}) is True


def test_links_that_lead_nowhere_hold_nothing() -> None:
    asked = compile_predicate({"field": "company_custom_fields.tier", "operator": "is_empty"})

    assert asked(linked(company=[])) is True
    assert asked(linked(contact=[])) is None
    assert compile_predicate(LEAD).may_stay(linked(contact=[])) is False


def test_the_proof_shows_what_each_linked_record_says() -> None:
    proof = compile_predicate(LEAD).proof(linked(contact=[{"lifecycle": "lead"}, {"lifecycle": None}]))

    assert proof["clauses"] == [{**LEAD, "field": "contact_lifecycle_stage", "actual": ["lead", None]}]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({**LEAD, "match": "most"}, "match"),
        ({"field": "deal_name", "operator": "eq", "value": "x", "match": "all"}, "match"),
        ({**LEAD, "field": "contact_lifecicle"}, "field"),
        ({"field": "pipeline_type", "operator": "eq", "value": "call"}, "field"),
    ],
)
def test_what_makes_no_sense_across_links_is_refused(rule: Mapping[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_predicate(rule)

    assert [problem.field for problem in caught.value.problems] == [path]


def test_a_misspelt_linked_field_is_told_those_of_its_kind() -> None:
    with pytest.raises(Invalid) as caught:
        compile_predicate({**LEAD, "field": "contact_lifecicle_stage"})

    assert "did you mean contact_lifecycle_stage?" in caught.value.problems[0].fix
    assert "contact_lead_status" in caught.value.problems[0].fix


def test_only_a_deals_own_stage_names_a_pipeline() -> None:
    rule = {"field": "deal_stage", "operator": "eq", "value": "Won", "pipeline": "Sales"}

    with pytest.raises(Invalid, match="own stage"):
        compile_predicate(rule, kind=Kind.CONTACT)
