"""What a smart group's rules mean, what they refuse, and that nothing anybody sends can crash them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Predicate, compile_predicate
from crmbridge.domain.records import Kind, Labelled, Record, Value
from hypothesis import given
from hypothesis import strategies as st

NEGOTIATION = {"field": "deal_stage", "operator": "eq", "value": "Negotiation"}
LARGE = {"field": "deal_amount", "operator": "gte", "value": 50000}
CLOSING = {"field": "deal_close_date", "operator": "within_last_days"}
CANONICAL = {"operator": "AND", "rules": [NEGOTIATION, LARGE]}


def deal(**fields: Value) -> Record:
    return Record(platform="hubspot", object="deals", external_id="1", kind=Kind.DEAL, fields=fields)


def one(field: str, operator: str, value: Any = None, **more: Any) -> Predicate:
    return compile_predicate(
        {"operator": "AND", "rules": [{"field": field, "operator": operator, "value": value, **more}]}
    )


def problems(rules: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        compile_predicate(rules)
    return {problem.field: problem.fix for problem in caught.value.problems}


class TestTheCanonicalForm:
    def test_a_record_that_meets_every_rule_matches(self) -> None:
        record = deal(stage="s3", stage_label="Negotiation", amount=Decimal("50000.00"))

        assert compile_predicate(CANONICAL)(record) is True

    def test_one_rule_not_met_is_enough_to_be_out(self) -> None:
        assert compile_predicate(CANONICAL)(deal(stage="Negotiation", amount=Decimal("49999.99"))) is False

    def test_rules_may_come_as_json_text(self) -> None:
        predicate = compile_predicate('{"operator":"OR","rules":[{"field":"amount","operator":"gt","value":1}]}')

        assert predicate(deal(amount=Decimal(2))) is True

    def test_groups_of_rules_nest(self) -> None:
        rules = {"operator": "OR", "rules": [NEGOTIATION, {"operator": "and", "rules": [LARGE, NEGOTIATION]}]}

        assert compile_predicate(rules)(deal(stage="Proposal", amount=Decimal(1))) is False

    @pytest.mark.parametrize("operator", ["is_empty", "isEmpty", "IS_EMPTY", " is_empty "])
    def test_an_operator_may_be_snake_or_camel(self, operator: str) -> None:
        assert one("deal_amount", operator, None)(deal(amount=None)) is True

    @pytest.mark.parametrize("name", ["deal_amount", "dealAmount", "amount", " deal_amount "])
    def test_a_name_may_be_flat_snake_or_camel(self, name: str) -> None:
        assert one(name, "gte", 10)(deal(amount=Decimal(10))) is True

    @pytest.mark.parametrize("name", ["deal_amount", "dealAmount", "amount"])
    def test_a_plain_mapping_may_use_any_of_the_names(self, name: str) -> None:
        assert one("deal_amount", "gte", 10)({name: 10}) is True


class TestTheUnknown:
    @pytest.mark.parametrize("operator", ["eq", "ne", "contains", "not_contains"])
    @pytest.mark.parametrize("record", [{}, {"deal_stage": None}, {"deal_stage": "  "}])
    def test_missing_null_and_blank_are_unknown_also_for_ne(self, operator: str, record: Mapping[str, Any]) -> None:
        assert one("deal_stage", operator, "Negotiation")(record) is None

    @pytest.mark.parametrize("amount", ["lots", float("nan"), True, [], "1" * 100])
    def test_a_value_that_cannot_be_read_is_unknown(self, amount: Any) -> None:
        assert one("deal_amount", "gte", 1)({"deal_amount": amount}) is None

    @pytest.mark.parametrize(
        ("stage", "amount", "conjunction", "disjunction"),
        [
            ("Negotiation", None, None, True),
            ("Proposal", None, False, None),
            (None, None, None, None),
            ("Negotiation", 60000, True, True),
            ("Proposal", 1, False, False),
        ],
    )
    def test_and_and_or_are_kleenes(
        self, stage: str | None, amount: int | None, conjunction: bool | None, disjunction: bool | None
    ) -> None:
        record = {"deal_stage": stage, "deal_amount": amount}

        answers = [compile_predicate({**CANONICAL, "operator": join})(record) for join in ("AND", "OR")]

        assert answers == [conjunction, disjunction]

    @pytest.mark.parametrize(("stage", "answer"), [("Negotiation", False), ("Proposal", True), (None, None)])
    def test_not_leaves_the_unknown_unknown(self, stage: str | None, answer: bool | None) -> None:
        predicate = compile_predicate({"operator": "NOT", "rules": [NEGOTIATION]})

        assert predicate({"deal_stage": stage}) is answer

    def test_a_member_may_stay_when_a_field_was_not_read(self) -> None:
        assert compile_predicate(CANONICAL).may_stay(deal(stage="Negotiation")) is True

    def test_a_member_may_not_stay_when_a_field_was_read_and_is_empty(self) -> None:
        assert compile_predicate(CANONICAL).may_stay(deal(stage="Negotiation", amount=None)) is False

    def test_what_was_not_read_keeps_nobody_in_whom_another_rule_puts_out(self) -> None:
        assert compile_predicate(CANONICAL).may_stay(deal(stage="Lost")) is False

    def test_under_not_what_was_not_read_keeps_a_member_too(self) -> None:
        predicate = compile_predicate({"operator": "NOT", "rules": [NEGOTIATION]})

        assert predicate.may_stay(deal()) is True

    @pytest.mark.parametrize(("record", "answer"), [(deal(name=None), True), (deal(name="x"), False), (deal(), None)])
    def test_is_empty_asks_for_what_was_read_and_is_empty(self, record: Record, answer: bool | None) -> None:
        assert one("deal_name", "is_empty")(record) is answer

    def test_a_custom_field_that_is_not_there_is_empty(self) -> None:
        assert one("custom_fields.region", "is_empty")(deal()) is True


class TestText:
    @pytest.mark.parametrize("stage", ["negotiation", " NEGOTIATION ", "Negotiation"])
    def test_text_compares_trimmed_and_case_folded(self, stage: str) -> None:
        assert one("deal_stage", "eq", "  nEGOTIATION")(deal(stage="77", stage_label=stage)) is True

    def test_a_stage_may_be_named_by_id(self) -> None:
        assert one("deal_stage", "eq", "77")(deal(stage="77", stage_label="Negotiation")) is True

    def test_ne_holds_for_neither_label_nor_id(self) -> None:
        assert one("deal_stage", "ne", "77")(deal(stage="77", stage_label="Negotiation")) is False

    def test_an_owner_may_be_named_by_id_name_or_email(self) -> None:
        facts = {"owner_id": "9", "owner_name": "Ann Lee", "owner_email": "ann@example.com"}

        assert [one("deal_owner", "eq", who)(facts) for who in facts.values()] == [True, True, True]

    @pytest.mark.parametrize(("values", "answer"), [(["Won", "negotiation"], True), (["Won"], False)])
    def test_in_is_any_of_a_list(self, values: list[str], answer: bool) -> None:
        assert one("deal_stage", "in", values)(deal(stage="Negotiation")) is answer

    def test_not_in_is_none_of_a_list(self) -> None:
        assert one("deal_stage", "not_in", ["Won", "Lost"])(deal(stage="Negotiation")) is True

    @pytest.mark.parametrize(("needle", "answer"), [("renew", True), ("RENEWAL ", True), ("new deal", False)])
    def test_contains_is_a_part_of_the_text(self, needle: str, answer: bool) -> None:
        assert one("deal_name", "contains", needle)(deal(name="Acme Renewal")) is answer

    @pytest.mark.parametrize(
        ("operator", "needle", "answer"),
        [
            ("starts_with", " ACME", True),
            ("starts_with", "renewal", False),
            ("ends_with", "al", True),
            ("ends_with", "acme", False),
        ],
    )
    def test_a_text_may_be_asked_for_how_it_begins_and_ends(self, operator: str, needle: str, answer: bool) -> None:
        assert one("deal_name", operator, needle)(deal(name="Acme Renewal")) is answer

    def test_a_list_of_values_is_searched(self) -> None:
        roles = (Labelled("5", "Decision maker"), Labelled("6", "Champion"))

        assert one("deal_contact_roles", "eq", "champion")(deal(contact_roles=roles)) is True

    @pytest.mark.parametrize(("pipeline", "answer"), [("Sales", True), ("Partners", False)])
    def test_a_stage_may_be_asked_for_in_one_pipeline(self, pipeline: str, answer: bool) -> None:
        predicate = one("deal_stage", "eq", "Negotiation", pipeline="sales")

        assert predicate(deal(stage="Negotiation", pipeline_label=pipeline)) is answer

    def test_ne_in_one_pipeline_holds_in_every_other(self) -> None:
        predicate = one("deal_stage", "ne", "Negotiation", pipeline="Sales")

        assert predicate(deal(stage="Negotiation", pipeline="Partners")) is True


class TestNumbersAndMoney:
    @pytest.mark.parametrize(
        ("operator", "answers"),
        [
            ("eq", [False, True, False]),
            ("ne", [True, False, True]),
            ("gt", [False, False, True]),
            ("gte", [False, True, True]),
            ("lt", [True, False, False]),
            ("lte", [True, True, False]),
        ],
    )
    def test_the_six_comparisons(self, operator: str, answers: list[bool]) -> None:
        predicate = one("deal_amount", operator, "50000")

        assert [predicate(deal(amount=Decimal(amount))) for amount in ("49999.99", "5e4", "50000.01")] == answers

    def test_a_number_may_come_as_text_on_either_side(self) -> None:
        assert one("deal_amount", "eq", "1250.50")({"amount": " 1250.5 "}) is True

    def test_cents_are_exact(self) -> None:
        assert one("deal_amount", "eq", 0.1)(deal(amount=Decimal("0.1"))) is True

    def test_between_has_both_ends_inside(self) -> None:
        predicate = one("deal_probability", "between", [10, 20])

        assert [predicate(deal(probability=Decimal(p))) for p in (9, 10, 20, 21)] == [False, True, True, False]

    def test_an_amount_in_the_named_currency_compares_as_it_is(self) -> None:
        assert one("deal_amount", "gte", 100, currency="EUR")(deal(amount=Decimal(100), currency="eur")) is True

    @pytest.mark.parametrize(
        ("known", "may_stay"), [({}, True), ({"currency": "JPY"}, False)], ids=["not read", "another currency"]
    )
    def test_whose_currency_was_not_read_stays(self, known: Mapping[str, Any], *, may_stay: bool) -> None:
        asked, seen = one("deal_amount", "gte", 100, currency="EUR"), deal(amount=Decimal(999), **known)

        assert (asked(seen), asked.may_stay(seen)) == (None, may_stay)

    def test_an_amount_in_another_currency_compares_by_its_home_amount(self) -> None:
        record = deal(amount=Decimal(999), currency="JPY", amount_home=Decimal(6), home_currency="EUR")

        assert one("deal_amount", "gte", 100, currency="EUR")(record) is False

    def test_an_amount_that_cannot_be_converted_is_unknown(self) -> None:
        assert one("deal_amount", "gte", 100, currency="EUR")(deal(amount=Decimal(999), currency="JPY")) is None


class TestDaysAndFlags:
    @pytest.mark.parametrize("close", [date(2026, 12, 31), "2026-12-31", "2026-12-31T22:00:00Z"])
    def test_days_compare_as_days(self, close: Any) -> None:
        assert one("deal_close_date", "lte", "2026-12-31")({"close_date": close}) is True

    def test_instants_compare_across_offsets(self) -> None:
        record = Record(
            platform="zoho", object="Deals", external_id="1", kind=Kind.DEAL,
            remote_updated_at=datetime(2026, 1, 1, 11, tzinfo=UTC),
        )  # fmt: skip

        assert one("remote_updated_at", "eq", "2026-01-01T12:00:00+01:00")(record) is True

    @pytest.mark.parametrize("value", [True, "true", " TRUE"])
    def test_a_flag_may_come_as_text(self, value: Any) -> None:
        assert one("deal_is_won", "eq", value)(deal(is_won=True)) is True


class TestCustomFields:
    @pytest.mark.parametrize(
        ("operator", "value", "answer"),
        [("eq", "emea", True), ("in", ["APAC"], False), ("contains", "me", True)],
    )
    def test_a_custom_field_compares_as_text(self, operator: str, value: Any, answer: bool) -> None:
        assert one("custom_fields.Region__c", operator, value)({"custom_fields": {"Region__c": "EMEA"}}) is answer

    @pytest.mark.parametrize("seats", [40, "41", "40.0"])
    def test_a_custom_field_beside_a_number_is_a_number(self, seats: Any) -> None:
        assert one("custom_fields.seats", "gte", "30")({"custom_fields": {"seats": seats}}) is True

    @pytest.mark.parametrize("held", [{"id": "77", "name": "Acme"}, [{"id": "77", "name": "Acme"}], {"value": "acme"}])
    def test_a_custom_field_that_is_an_object_goes_by_what_names_it(self, held: Any) -> None:
        assert one("custom_fields.partner", "eq", "Acme")({"custom_fields": {"partner": held}}) is True

    def test_a_custom_field_beside_a_date_is_a_date(self) -> None:
        assert one("customFields.renewal", "lt", "2027-01-01")({"custom_fields": {"renewal": "2026-06-30"}}) is True


class TestProof:
    def test_a_match_says_which_rules_hold_and_what_the_record_says(self) -> None:
        record = deal(stage="77", stage_label="Negotiation", amount=Decimal("60000.5"))

        assert compile_predicate(CANONICAL).proof(record) == {
            "clauses": [
                {"field": "deal_stage", "operator": "eq", "value": "Negotiation", "actual": "Negotiation"},
                {"field": "deal_amount", "operator": "gte", "value": 50000, "actual": "60000.5"},
            ]
        }

    def test_of_alternatives_only_those_that_hold_are_named(self) -> None:
        proof = compile_predicate({**CANONICAL, "operator": "OR"}).proof(deal(stage="Negotiation", amount=Decimal(1)))

        assert [clause["field"] for clause in proof["clauses"]] == ["deal_stage"]

    def test_a_linked_record_in_a_custom_field_is_said_by_its_name(self) -> None:
        record = {"custom_fields": {"partner": {"id": "77", "name": "Acme", "email": "a@acme.test"}}}

        (clause,) = one("custom_fields.partner", "eq", "77").proof(record)["clauses"]

        assert clause["actual"] == "Acme"

    def test_under_not_the_failing_rule_is_the_reason(self) -> None:
        proof = compile_predicate({"operator": "NOT", "rules": [NEGOTIATION]}).proof(deal(stage="Lost"))

        assert proof["clauses"] == [{**NEGOTIATION, "actual": "Lost", "not": True}]


class TestWrongRules:
    def test_a_wrong_operator_is_named_by_its_path_with_those_there_are(self) -> None:
        found = problems({"operator": "AND", "rules": [NEGOTIATION, {**LARGE, "operator": "bigger"}]})

        assert list(found) == ["rules[1].operator"]
        assert "eq, ne, gt, gte, lt, lte" in found["rules[1].operator"]

    def test_a_wrong_rule_deep_inside_is_named_by_its_path(self) -> None:
        inner = {"operator": "OR", "rules": [NEGOTIATION, {**LARGE, "value": "much"}]}

        assert list(problems({"operator": "AND", "rules": [LARGE, inner]})) == ["rules[1].rules[1].value"]

    def test_a_misspelt_field_is_told_what_it_may_have_meant(self) -> None:
        assert "did you mean deal_amount?" in problems({**LARGE, "field": "deal_amout"})["field"]

    def test_an_operator_that_says_nothing_about_a_field_is_told_which_do(self) -> None:
        assert "contains" in problems({**NEGOTIATION, "operator": "gt"})["operator"]

    def test_null_is_told_of_is_empty(self) -> None:
        assert "is_empty" in problems({**NEGOTIATION, "value": None})["value"]

    @pytest.mark.parametrize(
        ("rules", "path", "fix"),
        [
            ({**LARGE, "curency": "EUR"}, "curency", "did you mean currency? one of field, operator"),
            ({"operator": "AND", "rules": [{**NEGOTIATION, "mach": "all"}]}, "rules[0].mach", "did you mean match?"),
            ({**CANONICAL, "match": "any"}, "match", "one of operator, rules"),
            ({"feild": "deal_stage", "operator": "eq", "value": "Won"}, "feild", "did you mean field?"),
        ],
    )
    def test_a_key_that_means_nothing_is_no_part_of_a_rule(self, rules: Any, path: str, fix: str) -> None:
        assert problems(rules)[path].startswith(fix)

    def test_what_was_accepted_once_is_read_as_it_was(self) -> None:
        assert compile_predicate({**LARGE, "note": "big"}, saved=True)(deal(amount=Decimal(60000))) is True
        assert compile_predicate({**LARGE, "operator": "is_empty"}, saved=True)(deal(amount=Decimal(60000))) is False

    def test_everything_wrong_is_said_at_once(self) -> None:
        rules = {"operator": "XOR", "rules": [{**LARGE, "field": 7}, {**LARGE, "value": {}}]}

        assert list(problems(rules)) == ["operator", "rules[0].field", "rules[1].value"]

    @pytest.mark.parametrize(
        ("rules", "path"),
        [
            ([], "rules"),
            ({}, "operator"),
            ({"operator": "AND", "rules": []}, "rules"),
            ({"operator": "AND", "rules": "no"}, "rules"),
            ({"operator": "NOT", "rules": [LARGE, LARGE]}, "rules"),
            ({**NEGOTIATION, "operator": "in", "value": []}, "value"),
            ({**NEGOTIATION, "operator": "in", "value": ["a", None]}, "value[1]"),
            ({**LARGE, "operator": "between", "value": [2, 1]}, "value"),
            ({**LARGE, "operator": "is_empty", "value": False}, "value"),
            ({"field": "deal_close_date", "operator": "before_today", "value": 3}, "value"),
            ({**LARGE, "operator": "between", "value": [2]}, "value"),
            ({**LARGE, "currency": "Euro"}, "currency"),
            ({**NEGOTIATION, "currency": "EUR"}, "currency"),
            ({**LARGE, "pipeline": "Sales"}, "pipeline"),
            ({**NEGOTIATION, "pipeline": {"name": "Sales"}}, "pipeline"),
            ({**CLOSING, "value": "1e999999999"}, "value"),
            ({**CLOSING, "value": 10**400}, "value"),
            ({**CLOSING, "value": "0.5"}, "value"),
            ({**NEGOTIATION, "operator": "in", "value": ["x" * 900] * 200}, "rules"),
            ({**NEGOTIATION, "operator": "in", "value": ["x" * 1000] * 200}, "rules"),
            ({"field": "contact_shoe_size", "operator": "eq", "value": "9"}, "field"),
            ({"field": "deal_name", "operator": "contains", "value": "x" * 2000}, "value"),
            ("{", "rules"),
            ("[" * 50_000, "rules"),
            ("x" * 200_000, "rules"),
        ],
    )
    def test_each_is_refused_where_it_is_wrong(self, rules: Any, path: str) -> None:
        assert path in problems(rules)

    def test_depth_is_bounded(self) -> None:
        rules: dict[str, Any] = LARGE
        for _ in range(20):
            rules = {"operator": "AND", "rules": [rules]}

        assert "flatten the rules" in problems(rules).values()

    def test_rules_that_hold_themselves_are_refused(self) -> None:
        rules: dict[str, Any] = {"operator": "AND", "rules": [NEGOTIATION]}
        rules["rules"].append(rules)

        assert "flatten the rules" in problems(rules).values()

    def test_of_very_many_wrong_rules_the_first_are_told(self) -> None:
        wrong = {"operator": "OR", "rules": [{"operator": "AND", "rules": [{}] * 200}] * 200}

        assert len(problems(wrong)) == 20

    def test_the_number_of_rules_is_bounded_altogether(self) -> None:
        inner = {"operator": "OR", "rules": [LARGE] * 150}

        assert "at most 200 altogether" in problems({"operator": "AND", "rules": [inner, inner]}).values()


@given(stage=st.sampled_from(["Negotiation", "Won", None]), amount=st.none() | st.integers(0, 100_000))
def test_a_rule_and_its_opposite_never_agree(stage: str | None, amount: int | None) -> None:
    record = {"deal_stage": stage, "deal_amount": amount}
    answer, opposite = (
        compile_predicate(rules)(record) for rules in (CANONICAL, {"operator": "NOT", "rules": [CANONICAL]})
    )

    assert (answer is None) == (opposite is None)
    assert answer is None or answer is not opposite
