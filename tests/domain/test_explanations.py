"""Rules as a person is shown them: the whole tree, and what the record said."""

from collections.abc import Mapping
from typing import Any

import pytest
from crmbridge.domain.explanations import abridged, explained, outdated
from crmbridge.domain.predicates import Facts, compile_predicate, facts
from crmbridge.domain.records import Kind

LARGE = {"field": "dealAmount", "operator": "gte", "value": 50000}
STAGED = {"field": "deal_stage", "operator": "eq", "value": "Negotiation"}
NAMELESS = {"field": "deal_name", "operator": "is_empty"}


def told(rules: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    predicate = compile_predicate(rules)
    return explained(predicate.tree, predicate.proof(Facts(facts))["clauses"])


def test_a_clause_that_holds_shows_what_the_record_said() -> None:
    assert told(LARGE, amount=60000) == {
        "field": "deal_amount", "operator": "gte", "value": 50000, "holds": True, "actual": 60000,
    }  # fmt: skip


def test_a_clause_that_was_not_needed_says_so() -> None:
    tree = told({"operator": "OR", "rules": [LARGE, STAGED]}, amount=60000, stage="s1", stage_label="Qualified")

    assert tree["holds"] is True
    assert [part["holds"] for part in tree["rules"]] == [True, None]


def test_what_must_not_be_is_shown_as_not_being() -> None:
    tree = told({"operator": "NOT", "rules": [STAGED]}, stage="s1", stage_label="Qualified")

    assert (tree["operator"], tree["holds"]) == ("NOT", True)
    assert tree["rules"][0]["holds"] is False
    assert tree["rules"][0]["actual"] == "Qualified"


def test_an_amount_is_shown_in_the_currency_it_was_compared_in() -> None:
    tree = told({**LARGE, "currency": "EUR"}, amount=9000000, currency="JPY", amount_home=55000, home_currency="EUR")

    assert (tree["holds"], tree["actual"], tree["currency"]) == (True, "55000", "EUR")


def test_a_proof_of_an_older_version_is_understood() -> None:
    tree = compile_predicate(LARGE, currency="EUR").tree
    leaf = {"field": "deal_amount", "operator": "gte", "value": 50000, "actual": "60000"}

    assert explained(tree, [leaf])["actual"] == "60000"


def test_any_and_all_of_the_linked_are_told_apart() -> None:
    rule = {"field": "contact_lifecycle", "operator": "eq", "value": "customer"}
    predicate = compile_predicate({"operator": "OR", "rules": [{**rule, "match": "all"}, rule]})
    mixed = facts({}, linked={Kind.CONTACT: [{"lifecycle": "customer"}, {"lifecycle": "lead"}]})

    tree = explained(predicate.tree, predicate.proof(mixed)["clauses"])

    assert [(part.get("match"), part["holds"]) for part in tree["rules"]] == [("all", None), (None, True)]


def test_an_operator_without_a_value_shows_none() -> None:
    assert told(NAMELESS, name=None) == {"field": "deal_name", "operator": "is_empty", "holds": True, "actual": None}


@pytest.mark.parametrize(("kind", "expected"), [("AND", None), ("OR", None), ("NOT", None)])
def test_without_a_proof_nothing_is_claimed(kind: str, expected: None) -> None:
    tree = compile_predicate({"operator": kind, "rules": [LARGE]}).tree

    assert explained(tree, [])["holds"] is expected


def test_of_earlier_rules_only_what_held_is_left() -> None:
    leaves = [{"field": "deal_amount", "actual": 5}, {"field": "deal_stage", "actual": "s", "not": True}]

    assert outdated(leaves) == {
        "operator": "AND",
        "holds": True,
        "rules": [
            {"field": "deal_amount", "actual": 5, "holds": True},
            {"field": "deal_stage", "actual": "s", "holds": False},
        ],
    }


def test_what_a_person_would_not_read_is_left_out() -> None:
    long = {"field": "task_body", "operator": "contains", "value": "x", "holds": True, "actual": "x" * 300}
    many = {"field": "contact_email", "operator": "contains", "value": "@", "holds": True, "actual": ["a"] * 50}

    told = abridged({"operator": "AND", "holds": True, "rules": [long, many, {"operator": "NOT", "rules": [long]}]})

    assert [part.get("actual") for part in told["rules"]] == ["x" * 100 + "…", ["a"] * 10 + ["…"], None]
    assert told["rules"][2]["rules"][0]["actual"] == "x" * 100 + "…"
