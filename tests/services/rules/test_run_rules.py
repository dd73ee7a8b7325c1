"""What happened is asked of every rule, and a rule acts once for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Caller
from crmbridge.domain.directories import Stage
from crmbridge.domain.errors import Stale
from crmbridge.domain.records import Kind, State
from crmbridge.domain.rules import Firing, FiringStatus, Rule
from crmbridge.services.edit_rules import update_rule
from crmbridge.services.fan_out import fan_out
from crmbridge.services.run_rules import run_rules

from tests.rules_place import BIG, DIRECTORIES, TASK

MakeRule = Callable[..., Rule]
Firings = Callable[[Rule], list[Firing]]
DAY = timedelta(days=1)
SMALL, LARGE = Decimal(40_000), Decimal(60_000)


def test_a_deal_that_crosses_the_threshold_gets_one_task(place: Any, make_rule: MakeRule, firings: Firings) -> None:
    rule = make_rule()
    place.put(name="Renewal", amount=SMALL, currency="EUR")
    place.put(name="Renewal", amount=LARGE, currency="EUR")

    place.work()

    (action,) = place.actions()
    assert (action.type, action.fields["subject"]) == ("create_task", "Look at Renewal")
    assert (action.requested_by, action.cause_rule, action.hops) == ("u1", rule.id, 1)
    assert [(link.object, link.external_id) for link in action.links] == [("deals", "1")]
    (firing,) = firings(rule)
    assert (firing.what, firing.status, firing.actions) == ("updated", FiringStatus.DONE, (action.id,))


def test_a_firing_says_why(place: Any, make_rule: MakeRule, firings: Firings) -> None:
    rule = make_rule()
    place.put(name="Renewal", amount=LARGE, currency="EUR")

    place.work()

    (firing,) = firings(rule)
    asked = {"field": "deal_amount", "operator": "gte", "value": 50000, "currency": "EUR"}
    assert firing.why == {**asked, "holds": True, "actual": "60000"}
    assert (firing.what, firing.by) == ("created", {"origin": "webhook"})


def test_while_the_condition_goes_on_holding_nothing_more_happens(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    for amount in (LARGE, LARGE + 1, LARGE + 2):
        place.put(amount=amount, currency="EUR")

    place.work()

    assert len(place.actions()) == 1


def test_coming_back_over_the_threshold_is_another_time(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    for amount in (LARGE, SMALL, LARGE):
        place.put(amount=amount, currency="EUR")

    place.work()

    assert len(place.actions()) == 2


def test_a_field_that_becomes_known_makes_the_condition_true(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    place.put(name="Renewal")
    place.put(name="Renewal", amount=LARGE, currency="EUR")

    place.work()

    assert len(place.actions()) == 1


def test_named_fields_count_whenever_they_change_while_the_condition_holds(place: Any, make_rule: MakeRule) -> None:
    make_rule(trigger={"on": "change", "kind": "deal", "what": ["updated"], "fields": ["stage"]})
    for name, stage, amount in (
        ("a", "s1", LARGE),
        ("a", "s2", LARGE),
        ("b", "s2", LARGE),
        ("b", "s1", SMALL),
        ("b", "s1", LARGE),
    ):
        place.put(name=name, stage=stage, amount=amount, currency="EUR")

    place.work()

    assert len(place.actions()) == 1


def test_what_a_full_run_brings_triggers_nothing(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    place.put("1", cause=Cause(Origin.BACKFILL), amount=LARGE, currency="EUR")
    place.put("2", amount=SMALL, currency="EUR")
    place.put("2", cause=Cause(Origin.BACKFILL), amount=LARGE, currency="EUR")

    place.work()

    assert place.actions() == []


def test_a_full_run_does_not_even_ask_who_listens(place: Any) -> None:
    place.put(cause=Cause(Origin.BACKFILL), amount=LARGE)

    fan_out(replace(place.deps, rules=Untouchable()), place.shown)

    assert place.bells() == []


class Untouchable:
    """Has nothing that could be asked."""


def test_a_change_is_one_however_often_it_is_shown_and_rung(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    place.put(amount=SMALL, currency="EUR")
    place.put(amount=LARGE, currency="EUR")
    for _ in range(3):
        place.tell()
    bells = place.bells()

    for bell in bells * 2:
        run_rules(place.deps, bell)

    assert len(place.actions()) == 1


def test_an_old_change_is_judged_as_it_was_when_it_is_looked_at_late(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    place.put(amount=SMALL, currency="EUR")
    place.put(amount=LARGE, currency="EUR")
    place.put(amount=SMALL, currency="EUR")

    place.work()

    assert len(place.actions()) == 1


@pytest.mark.parametrize(
    ("what", "state"), [("deleted", State.ARCHIVED), ("deleted", State.DELETED), ("merged", State.MERGED)]
)
def test_an_end_triggers_while_the_record_was_as_the_condition_asks(
    place: Any, make_rule: MakeRule, what: str, state: State
) -> None:
    note = {"type": "create_task", "fields": {"subject": "Gone"}}
    make_rule(trigger={"on": "change", "kind": "deal", "what": [what]}, actions=[note])
    place.put("1", amount=LARGE, currency="EUR")
    place.put("2", amount=SMALL, currency="EUR")

    for id in ("1", "2"):
        place.put(id, state=state)
    place.work()

    (action,) = place.actions()
    assert action.links == ()


def test_what_was_restored_triggers(place: Any, make_rule: MakeRule, firings: Firings) -> None:
    rule = make_rule(trigger={"on": "change", "kind": "deal", "what": ["restored"]})
    place.put(name="Renewal", amount=LARGE, currency="EUR")
    place.put(state=State.ARCHIVED)
    place.put(name="Renewal", amount=LARGE, currency="EUR")

    place.work()

    assert [firing.what for firing in firings(rule)] == ["restored"]


def test_a_rule_listens_to_its_kind_and_connections_only(place: Any, make_rule: MakeRule) -> None:
    make_rule(trigger={"on": "change", "kind": "contact"}, condition={"field": "email", "operator": "is_not_empty"})
    place.put(amount=LARGE, currency="EUR")

    place.work()

    assert place.actions() == []


def test_where_nothing_is_listened_to_nothing_is_noted(place: Any, make_rule: MakeRule) -> None:
    make_rule(trigger={"on": "change", "kind": "company"}, condition={"field": "name", "operator": "is_not_empty"})
    place.put(amount=LARGE, currency="EUR")

    place.tell()

    assert place.bells() == []


def test_what_happened_before_the_rule_was_made_does_not_concern_it(place: Any, make_rule: MakeRule) -> None:
    make_rule(paused=True)
    place.put(amount=LARGE, currency="EUR")
    place.tell()
    place.clock.advance(1)
    make_rule()

    place.work()

    assert place.actions() == []


def test_linked_records_are_asked_as_they_are(place: Any, make_rule: MakeRule) -> None:
    condition = {"field": "company_industry", "operator": "eq", "value": "Software"}
    make_rule(trigger={"on": "change", "kind": "deal", "what": ["created"]}, condition=condition)
    place.put("o1", kind=Kind.COMPANY, name="Acme", industry="Software")
    place.put("1", name="Renewal", links={"companies": ["o1"]})
    place.put("2", name="Other", links={"companies": []})

    place.work()

    assert [action.fields["subject"] for action in place.actions()] == ["Look at Renewal"]


def test_what_is_linked_is_read_once_however_many_rules_ask(place: Any, make_rule: MakeRule) -> None:
    condition = {"field": "company_industry", "operator": "eq", "value": "Mining"}
    for _ in range(10):
        make_rule(trigger={"on": "change", "kind": "deal", "what": ["created"]}, condition=condition)
    place.put("o1", kind=Kind.COMPANY, name="Acme", industry="Software")
    place.put("1", links={"companies": ["o1"]})
    place.tell()
    (bell,) = place.bells()
    counting = Counting(place.deps.records)

    run_rules(replace(place.deps, records=counting), bell)

    assert counting.reads == 1


class Counting:
    """Records, and how often several were asked for."""

    def __init__(self, records: Any) -> None:
        self.records, self.reads = records, 0

    def get_many(self, keys: Any) -> Any:
        self.reads += 1
        return self.records.get_many(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.records, name)


def test_a_refused_action_is_told_by_the_firing_and_the_rule(
    place: Any, make_rule: MakeRule, firings: Firings, admin: Caller
) -> None:
    rule = make_rule(actions=[{"type": "update_contact", "fields": {"title": "CTO"}}, TASK_TOO])
    place.put(name="Renewal", amount=LARGE, currency="EUR")

    place.work()

    (firing,) = firings(rule)
    assert (firing.status, len(firing.actions)) == (FiringStatus.FAILED, 1)
    assert [problem.field for problem in firing.problems] == ["actions[0].record"]
    known = place.deps.rules.get("w1", rule.id)
    assert (known.paused, known.trouble.stop) == (False, "refused")


def test_what_was_refused_is_no_trouble_once_all_is_well(place: Any, make_rule: MakeRule) -> None:
    rule = make_rule(actions=[{"type": "update_contact", "fields": {"title": "CTO"}}])
    place.put("1", amount=LARGE, currency="EUR")
    place.work()
    refused = place.deps.rules.get("w1", rule.id).trouble
    place.put("p1", kind=Kind.CONTACT, first_name="Ada")
    place.put("2", amount=LARGE, currency="EUR", links={"contacts": ["p1"]})

    place.work()

    assert (refused.stop, place.deps.rules.get("w1", rule.id).trouble) == ("refused", None)


TASK_TOO = {"type": "create_task", "fields": {"subject": "Then this"}}


def test_a_worker_that_dies_leaves_the_rest_to_the_next(place: Any, make_rule: MakeRule) -> None:
    make_rule(actions=[{"type": "create_task", "fields": {"subject": "One"}}, TASK_TOO])
    place.put(name="Renewal", amount=LARGE, currency="EUR")
    place.tell()
    (bell,) = place.bells()
    once = [Stale("the store did not answer")]
    dying = replace(place.deps, actions=Dying(place.deps.actions, once))

    with pytest.raises(Stale, match="the store did not answer"):
        run_rules(dying, bell)
    run_rules(place.deps, bell)

    assert sorted(action.fields["subject"] for action in place.actions()) == ["One", "Then this"]


def test_what_was_begun_is_ended_though_what_is_linked_has_changed(place: Any, make_rule: MakeRule) -> None:
    condition = {"field": "company_industry", "operator": "eq", "value": "Software"}
    trigger = {"on": "change", "kind": "deal", "what": ["created"]}
    make_rule(trigger=trigger, condition=condition, actions=[TASK_TOO, TASK_TOO])
    place.put("o1", kind=Kind.COMPANY, industry="Software")
    place.put("1", links={"companies": ["o1"]})
    place.tell()
    (bell,) = place.bells()
    with pytest.raises(Stale):
        run_rules(replace(place.deps, actions=Dying(place.deps.actions, [Stale("not now")])), bell)
    place.put("o1", kind=Kind.COMPANY, industry="Mining")

    run_rules(place.deps, bell)

    assert len(place.actions()) == 2


def test_what_was_begun_is_ended_though_the_rule_was_edited(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule(actions=[TASK, TASK_TOO])
    place.put(amount=LARGE, currency="EUR")
    place.tell()
    (bell,) = place.bells()
    with pytest.raises(Stale):
        run_rules(replace(place.deps, actions=Dying(place.deps.actions, [Stale("not now")])), bell)
    place.clock.advance(1)
    update_rule(place.deps, admin, rule.id, {"condition": {**BIG, "value": 1}})

    run_rules(place.deps, bell)

    assert [action.fields["subject"] for action in place.actions()] == ["Look at Renewal", "Then this"]


def left_behind(place: Any) -> dict[str, Any]:
    """The bell of an occasion whose worker died between a rule's two actions."""
    place.put(amount=LARGE, currency="EUR", stage="s1")
    place.tell()
    bell: dict[str, Any]
    (bell,) = place.bells()
    with pytest.raises(Stale):
        run_rules(replace(place.deps, actions=Dying(place.deps.actions, [Stale("not now")])), bell)
    place.clock.advance(1)
    return bell


def test_what_was_begun_is_not_begun_again_though_another_admin_saved_the_rule(
    place: Any, make_rule: MakeRule, admin: Caller
) -> None:
    rule = make_rule(actions=[TASK, TASK_TOO])
    bell = left_behind(place)
    update_rule(place.deps, replace(admin, user="u9"), rule.id, {"name": "Mine now"})

    run_rules(place.deps, bell)

    assert [action.fields["subject"] for action in place.actions()] == ["Look at Renewal", "Then this"]


def test_what_was_begun_ends_when_the_rule_is_paused(
    place: Any, make_rule: MakeRule, firings: Firings, admin: Caller
) -> None:
    rule = make_rule(actions=[TASK, TASK_TOO])
    bell = left_behind(place)
    update_rule(place.deps, admin, rule.id, {"paused": True})

    run_rules(place.deps, bell)

    (action,) = place.actions()
    (firing,) = firings(rule)
    assert (firing.status, firing.actions) == (FiringStatus.STOPPED, (action.id,))
    assert firing.note == "the rule was paused meanwhile"


def test_what_was_begun_is_ended_though_the_crm_calls_the_stage_otherwise_since(
    place: Any, make_rule: MakeRule, firings: Firings
) -> None:
    condition = {"field": "deal_stage", "operator": "eq", "value": "Qualified"}
    rule = make_rule(actions=[TASK, TASK_TOO], condition=condition)
    bell = left_behind(place)
    renamed = replace(DIRECTORIES, stages={"s1": Stage("s1", "Fit", "p1", "Sales")})
    place.deps.connections.save_directories("w1", "c1", renamed)

    run_rules(place.deps, bell)

    assert [firing.status for firing in firings(rule)] == [FiringStatus.DONE]


class Dying:
    """Actions whose second claim fails, once."""

    def __init__(self, actions: Any, troubles: list[Stale]) -> None:
        self.actions, self.troubles, self.claimed = actions, troubles, 0

    def claim(self, action: Any) -> Any:
        self.claimed += 1
        if self.claimed == 2 and self.troubles:
            raise self.troubles.pop()
        return self.actions.claim(action)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.actions, name)


def test_a_paused_rule_does_nothing_and_one_that_goes_on_begins_anew(
    place: Any, make_rule: MakeRule, admin: Caller
) -> None:
    rule = make_rule()
    update_rule(place.deps, admin, rule.id, {"paused": True})
    place.put("1", amount=LARGE, currency="EUR")
    place.work()
    update_rule(place.deps, admin, rule.id, {"paused": False})
    place.clock.advance(1)
    place.put("2", name="New", amount=LARGE, currency="EUR")

    place.work()

    assert [action.links[0].external_id for action in place.actions()] == ["2"]


def test_what_nobody_has_settled_is_rung_again(place: Any, make_rule: MakeRule) -> None:
    make_rule()
    place.put(amount=LARGE, currency="EUR")
    place.tell()
    place.bells()
    place.clock.advance(180)

    (lost,) = place.deps.occasions.due(place.clock())
    run_rules(place.deps, {"workspace": lost[0], "occasions": [lost[1]]})

    assert len(place.actions()) == 1
    assert place.deps.occasions.due(place.clock()) == []


def test_a_record_made_before_the_rule_is_not_created_when_we_first_hear_of_it(place: Any, make_rule: MakeRule) -> None:
    make_rule(trigger={"on": "change", "kind": "deal", "what": ["created"]})
    place.put(name="Old", amount=LARGE, currency="EUR", created=place.clock() - DAY)

    place.work()

    assert place.actions() == []
