"""Rules are held to what the group's CRMs have when they are saved, and mean the same when they are asked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import Forbidden, Invalid, Problem
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey, Type
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.evaluate_records import evaluate_records
from crmbridge.services.manage_workspace import read_usual, set_usual
from crmbridge.services.ports import Deps
from crmbridge.services.preview_group import preview_group
from crmbridge.services.read_members import explain_member
from crmbridge.services.survey_crms import not_loaded

OLGA = "olga@example.test"
FIELDS = (
    Field("tier", "Tier", Type.OPTION, (Option("t1", "Gold"), Option("t2", "Silver")), custom=True),
    Field("seats", "Seats", Type.NUMBER, custom=True),
)
INDUSTRY = Field("industry", "Industry", Type.OPTION, (Option("12", "Software"),), maps_to="industry")
DIRECTORIES = Directories(
    Account("48", currency="EUR", time_zone="Europe/Berlin"),
    owners={"7": Owner("7", "Olga", OLGA)},
    stages={
        "s1": Stage("s1", "Negotiation", "p1", "Sales"),
        "s9": Stage("s9", "Closed won", "p1", "Sales", is_closed=True, is_won=True),
    },
    fields={"deals": {one.key: one for one in FIELDS}, "companies": {"industry": INDUSTRY}},
)


def rule(field: str, value: Any, operator: str = "eq", **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value, **more}


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    return make_connection()


@pytest.fixture
def make_group(deps: Deps, admin: Caller) -> Callable[..., Group]:
    def make(rules: Any, **more: Any) -> Group:
        return create_group(deps, admin, {"name": "g", "channel": "C", "rules": rules, "members": "owner", **more})

    return make


@pytest.fixture
def put_deal(deps: Deps, put_record: Callable[..., RecordKey]) -> Callable[..., None]:
    def put(custom: Mapping[str, Any] | None = None, **fields: Any) -> None:
        known = {"amount": Decimal(60), "currency": "EUR", "is_closed": False, "owner_id": "7"}
        key = put_record(
            "deals", "1", Kind.DEAL, custom=custom or {}, links={"companies": ("k1",)}, **{**known, **fields}
        )
        evaluate_records(deps, [key])

    return put


@pytest.fixture
def who_is_in(deps: Deps) -> Callable[[Group], list[str]]:
    return lambda group: [support.person for support in deps.memberships.group_supports("w1", group.id)]


def refusal(make_group: Any, *rules: Any, **more: Any) -> Problem:
    with pytest.raises(Invalid) as caught:
        make_group(*rules, **more)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("rules", "path", "fix"),
    [
        (rule("custom_fields.teir", "Gold"), "rules.field", "custom_fields.tier"),
        (rule("custom_fields.tier", "Glod"), "rules.value", "one of Gold, Silver"),
        (rule("deal_stage", "Negotiating"), "rules.value", "one of Negotiation"),
        (rule("deal_owner", "Olag"), "rules.value", "one of Olga, olga@example.test"),
        (rule("company_industry", "Hardware"), "rules.value", "one of Software"),
        ({"operator": "AND", "rules": [rule("deal_pipeline", "Sails")]}, "rules.rules[0].value", "one of Sales"),
    ],
)
def test_what_the_crm_does_not_have_is_told_what_it_has(make_group: Any, rules: Any, path: str, fix: str) -> None:
    problem = refusal(make_group, rules)

    assert problem.field == path
    assert fix in problem.fix


def test_wrong_rules_and_wrong_settings_are_named_together(make_group: Any) -> None:
    with pytest.raises(Invalid) as caught:
        make_group(rule("deal_stage", "Negotiating"), time_zone="Mars/Olympus")

    assert {problem.field for problem in caught.value.problems} == {"time_zone", "rules.value"}


def test_a_preview_is_held_to_the_crms_too(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid):
        preview_group(deps, admin, {"rules": rule("deal_stage", "Negotiating")})


def test_while_one_of_the_crms_is_not_known_nothing_is_refused(
    deps: Deps, make_group: Any, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2", account="49", display_name="Fresh")

    group = make_group(rule("custom_fields.teir", "Gold"))

    assert not_loaded(deps, "w1", group.connections) == ["Fresh"]


def test_only_the_crms_that_a_group_draws_from_count(
    deps: Deps, admin: Caller, make_group: Any, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2", account="49")
    deps.connections.save_directories("w1", "c2", Directories(Account("49", currency="EUR")))
    group = make_group(rule("custom_fields.tier", "Gold"), connections=["c1"])

    with pytest.raises(Invalid) as caught:
        update_group(deps, admin, group.id, {"connections": ["c2"]})

    assert [problem.field for problem in caught.value.problems] == ["rules.field"]


@pytest.mark.parametrize("said", ["Gold", "t1", " gold"])
def test_a_custom_option_goes_by_value_and_by_label(make_group: Any, put_deal: Any, who_is_in: Any, said: str) -> None:
    group = make_group(rule("custom_fields.tier", said))

    put_deal({"tier": "t1"})

    assert who_is_in(group) == [OLGA]


def test_who_came_by_a_custom_field_leaves_when_it_is_emptied(make_group: Any, put_deal: Any, who_is_in: Any) -> None:
    group = make_group(rule("custom_fields.tier", "Gold"))
    put_deal({"tier": "t1"})

    put_deal({})

    assert who_is_in(group) == []


def test_who_came_by_a_custom_field_stays_when_it_is_shown_no_more(
    deps: Deps, make_group: Any, put_deal: Any, who_is_in: Any
) -> None:
    group = make_group(rule("custom_fields.tier", "Gold"))
    put_deal({"tier": "t1"})

    deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields={"deals": {"seats": FIELDS[1]}}))
    put_deal({})

    assert who_is_in(group) == [OLGA]


def test_why_says_an_option_as_people_do(deps: Deps, admin: Caller, make_group: Any, put_deal: Any) -> None:
    group = make_group(rule("custom_fields.tier", "t1"))

    put_deal({"tier": "t1"})

    (reason,) = explain_member(deps, admin, group.id, OLGA).reasons
    assert (reason.rules["holds"], reason.rules["actual"]) == (True, "Gold")


def test_an_industry_that_the_crm_keeps_by_id_goes_by_its_name(
    deps: Deps, make_group: Any, put_record: Any, put_deal: Any, who_is_in: Any
) -> None:
    group = make_group(rule("company_industry", "software"))
    put_record("companies", "k1", Kind.COMPANY, industry="12")

    put_deal()

    assert who_is_in(group) == [OLGA]


def test_a_custom_number_is_compared_as_one_wherever_its_value_is_a_text(
    deps: Deps, make_group: Any, put_deal: Any, who_is_in: Any
) -> None:
    group = make_group(rule("custom_fields.seats", "5"))
    deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields={}))

    put_deal({"seats": "5.0"})

    assert who_is_in(group) == [OLGA]


@pytest.mark.parametrize(
    ("deal", "people"),
    [
        ({"currency": "EUR"}, [OLGA]),
        ({"currency": "USD"}, []),
        ({"currency": "USD", "amount_home": Decimal(70), "home_currency": "EUR"}, [OLGA]),
        ({"currency": "USD", "amount_home": Decimal(40), "home_currency": "EUR"}, []),
    ],
)
def test_an_amount_is_compared_in_the_accounts_currency_or_at_home(
    deps: Deps,
    admin: Caller,
    make_group: Any,
    put_deal: Any,
    who_is_in: Any,
    deal: Mapping[str, Any],
    people: list[str],
) -> None:
    group = make_group(rule("deal_amount", 50, "gte"))

    put_deal(**deal)

    seen = preview_group(deps, admin, {"rules": rule("deal_amount", 50, "gte"), "members": "owner"})
    assert (group.currency, who_is_in(group)) == ("EUR", people)
    assert [one.person for one in seen.join.people] == people


def test_the_workspaces_currency_and_zone_come_first(deps: Deps, admin: Caller, make_group: Any) -> None:
    set_usual(deps, admin, currency="usd", time_zone="Asia/Tokyo")

    group = make_group(rule("deal_amount", 50, "gte"))

    assert (group.currency, group.time_zone) == ("USD", "Asia/Tokyo")


def test_what_the_group_names_comes_before_the_workspaces(deps: Deps, admin: Caller, make_group: Any) -> None:
    set_usual(deps, admin, currency="USD", time_zone="Asia/Tokyo")

    group = make_group(rule("deal_amount", 50, "gte"), currency="CHF", time_zone="Europe/Zurich")

    assert (group.currency, group.time_zone) == ("CHF", "Europe/Zurich")


def test_where_accounts_differ_a_threshold_needs_a_currency(
    deps: Deps, make_group: Any, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2", account="49")
    deps.connections.save_directories("w1", "c2", Directories(Account("49", currency="USD")))

    problem = refusal(make_group, rule("deal_amount", 50, "gte"))

    assert (problem.field, "EUR, USD" in problem.message) == ("currency", True)
    assert make_group(rule("deal_amount", 50, "gte", currency="USD")).currency is None


def test_everybody_may_read_what_is_usual_and_admins_set_it(deps: Deps, admin: Caller, member: Caller) -> None:
    set_usual(deps, admin, currency="EUR", time_zone=None)

    assert read_usual(deps, member).currency == "EUR"
    with pytest.raises(Forbidden):
        set_usual(deps, member, currency="USD", time_zone=None)


def test_what_is_usual_must_exist(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        set_usual(deps, admin, currency="Euro", time_zone="Mars/Olympus")

    assert [problem.field for problem in caught.value.problems] == ["currency", "time_zone"]


WON = rule("deal_stage", "closed won")


def test_rules_that_ask_for_closed_deals_take_them(make_group: Any, put_deal: Any, who_is_in: Any) -> None:
    group = make_group(WON)

    put_deal(stage="s9", is_closed=True, is_won=True)

    assert (group.include_closed, who_is_in(group)) == (True, [OLGA])


def test_what_is_said_of_closed_deals_comes_before_the_rules(make_group: Any) -> None:
    assert make_group(WON, include_closed=False).include_closed is False


def test_other_rules_may_ask_for_closed_deals(deps: Deps, admin: Caller, make_group: Any) -> None:
    group = make_group(rule("deal_stage", "Negotiation"))

    assert update_group(deps, admin, group.id, {"rules": WON}).include_closed is True


def test_the_same_rules_again_say_nothing_of_closed_deals(deps: Deps, admin: Caller, make_group: Any) -> None:
    group = make_group(WON, include_closed=False)

    assert update_group(deps, admin, group.id, {"rules": WON, "connections": ["c1"]}).include_closed is False
