"""Admins make rules; a wrong one is refused by the path of every mistake, and one that has become wrong says so."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound
from crmbridge.domain.rules import Rule
from crmbridge.services.edit_connection import edit_connection
from crmbridge.services.edit_rules import create_rule, delete_rule, list_rules, read_rule, update_rule
from crmbridge.services.manage_templates import create_template, delete_template

MakeRule = Callable[..., Rule]
BIG = {"field": "deal_amount", "operator": "gte", "value": 50000}
TASK = {"type": "create_task", "fields": {"subject": "Look at {deal_name}"}}
DEAL = {"object": "deals", "external_id": "1"}
BODY: Mapping[str, Any] = {
    "name": "Big deals",
    "trigger": {"on": "change", "kind": "deal"},
    "condition": BIG,
    "actions": [TASK],
}


def refused(place: Any, admin: Caller, **parts: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        create_rule(place.deps, admin, {**BODY, **parts})
    return [problem.field for problem in caught.value.problems]


def test_a_rule_thinks_in_the_currency_and_zone_of_its_crm(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)

    assert read_rule(place.deps, admin, rule.id).rule == rule
    assert (rule.currency, rule.time_zone, rule.acts_as) == ("EUR", "Europe/Berlin", "u1")


def test_members_look_and_admins_make(place: Any, admin: Caller, member: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)

    assert list_rules(place.deps, member).items == [read_rule(place.deps, member, rule.id)]
    for forbidden in (
        lambda: create_rule(place.deps, member, BODY),
        lambda: update_rule(place.deps, member, rule.id, {"name": "Mine"}),
        lambda: delete_rule(place.deps, member, rule.id),
    ):
        with pytest.raises(Forbidden):
            forbidden()


@pytest.mark.parametrize(
    ("parts", "paths"),
    [
        ({"name": " "}, ["name"]),
        ({"colour": "red"}, ["colour"]),
        ({"trigger": {"on": "moon"}}, ["trigger.on"]),
        ({"trigger": {"on": "change"}}, ["trigger.kind"]),
        ({"trigger": {"on": "change", "kind": "activity"}}, ["trigger.kind"]),
        ({"trigger": {"on": "change", "kind": "deal", "what": ["seen"]}}, ["trigger.what"]),
        ({"trigger": {"on": "change", "kind": "deal", "labels": ["x"]}}, ["trigger.labels"]),
        ({"trigger": {"on": "change", "kind": "deal", "fields": ["amuont"]}}, ["trigger.fields[0]"]),
        ({"trigger": {"on": "change", "kind": "deal", "fields": ["company_name"]}}, ["trigger.fields[0]"]),
        ({"trigger": {"on": "change", "kind": "deal", "connections": ["x"]}}, ["trigger.connections[0]"]),
        ({"trigger": {"on": "message", "labels": []}}, ["trigger.labels"]),
        ({"condition": {"field": "deal_amuont", "operator": "gte", "value": 1}}, ["condition.field"]),
        ({"condition": {"field": "deal_stage", "operator": "eq", "value": "Lost in space"}}, ["condition.value"]),
        ({"condition": None}, ["condition"]),
        ({"actions": []}, ["actions"]),
        ({"actions": ["x"]}, ["actions[0]"]),
        ({"actions": [{"type": "drop_table"}]}, ["actions[0].type"]),
        ({"actions": [{"type": "create_task", "fields": {}}]}, ["actions[0].fields.subject"]),
        ({"actions": [{"type": "create_task", "fields": {"subject": "{deal_nmae}"}}]}, ["actions[0].fields.subject"]),
        (
            {"actions": [{"type": "create_task", "fields": {"subject": "s", "due_at": "soon"}}]},
            ["actions[0].fields.due_at"],
        ),
        ({"actions": [TASK, {"template": "nobody's"}]}, ["actions[1].template"]),
        ({"actions": [{**TASK, "connection": "c1"}]}, ["actions[0].connection"]),
        ({"actions": [{**TASK, "surprise": 1}]}, ["actions[0].surprise"]),
        ({"actions": [{**TASK, "custom_fields": {"colour": "red"}}]}, ["actions[0].custom_fields.colour"]),
        ({"actions": [{**TASK, "custom_fields": {"team": {"name": "Blue"}}}]}, ["actions[0].custom_fields.team"]),
        ({"actions": [{**TASK, "target": DEAL}]}, ["actions[0].target"]),
        ({"actions": [{"type": "update_deal", "fields": {"name": "n"}, "links": [DEAL]}]}, ["actions[0].links"]),
        ({"actions": [{**TASK, "links": [{**DEAL, "external_id": "é" * 500}] * 50}] * 2}, ["actions"]),
        ({"per_hour": 0}, ["per_hour"]),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    place: Any, admin: Caller, parts: Mapping[str, Any], paths: list[str]
) -> None:
    assert refused(place, admin, **parts) == paths


def test_a_rule_on_new_records_needs_no_condition(place: Any, admin: Caller) -> None:
    trigger = {"on": "change", "kind": "deal", "what": ["created"]}

    assert create_rule(place.deps, admin, {**BODY, "trigger": trigger, "condition": None}).condition is None


def test_there_are_only_so_many_rules(place: Any, admin: Caller) -> None:
    create_rule(place.deps, admin, BODY)

    with pytest.raises(Clash, match="as many as it may have"):
        create_rule(replace(place.deps, max_rules=1), admin, BODY)


def test_a_change_begins_another_epoch_under_who_saved_it(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)
    place.clock.advance(60)

    changed = update_rule(place.deps, replace(admin, user="u9"), rule.id, {"currency": "USD"})

    assert (changed.currency, changed.acts_as, changed.created_by) == ("USD", "u9", "u1")
    assert (changed.epoch, changed.since, changed.condition) == (rule.epoch + 1, place.clock(), rule.condition)


def test_another_name_begins_nothing_anew(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)
    place.clock.advance(60)

    changed = update_rule(place.deps, admin, rule.id, {"name": "Bigger", "paused": False})

    assert (changed.name, changed.epoch, changed.since) == ("Bigger", rule.epoch, rule.since)


def test_what_a_rule_listens_to_stays(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)

    with pytest.raises(Invalid) as caught:
        update_rule(place.deps, admin, rule.id, {"trigger": {"on": "change", "kind": "contact"}})

    assert "trigger" in [problem.field for problem in caught.value.problems]


def test_a_deleted_rule_is_gone(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)

    delete_rule(place.deps, admin, rule.id)

    with pytest.raises(NotFound):
        read_rule(place.deps, admin, rule.id)


def test_a_rule_whose_template_is_gone_says_so_and_can_be_paused(place: Any, admin: Caller) -> None:
    template = create_template(place.deps, admin, {"name": "T", "type": "create_task", "fields": {"subject": "s"}})
    rule = create_rule(place.deps, admin, {**BODY, "actions": [{"template": template.id}]})
    delete_template(place.deps, admin, template.id)

    seen = read_rule(place.deps, admin, rule.id)

    assert (seen.state, [problem.field for problem in seen.problems]) == ("broken", ["actions[0].template"])
    assert update_rule(place.deps, admin, rule.id, {"paused": True}).paused
    with pytest.raises(Invalid):
        update_rule(place.deps, admin, rule.id, {"paused": False})


def test_a_rule_whose_field_is_gone_says_so(place: Any, admin: Caller) -> None:
    condition = {"field": "custom_fields.region", "operator": "eq", "value": "north"}
    rule = create_rule(place.deps, admin, {**BODY, "condition": condition})
    known = place.deps.connections.directories("w1", "c1")
    place.deps.connections.save_directories("w1", "c1", replace(known, fields={"deals": {}}))

    seen = read_rule(place.deps, admin, rule.id)

    assert (seen.state, [problem.field for problem in seen.problems]) == ("broken", ["condition.field"])


def test_a_rule_whose_connection_only_reads_says_so(place: Any, admin: Caller) -> None:
    rule = create_rule(place.deps, admin, BODY)
    edit_connection(place.deps, admin, "c1", {"direction": "from_crm"})

    seen = read_rule(place.deps, admin, rule.id)

    assert (seen.state, [problem.field for problem in seen.problems]) == ("broken", ["actions[0].connection"])
