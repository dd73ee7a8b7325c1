"""Rules may cause each other, but not for ever, and not without end: they stop, say so, and name each other."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Caller
from crmbridge.domain.rules import MAX_HOPS, PER_RECORD, Firing, FiringStatus, Rule, Stop
from crmbridge.services.edit_rules import read_rule, update_rule
from crmbridge.services.request_action import request_action

MakeRule = Callable[..., Rule]
Firings = Callable[[Rule], list[Firing]]
WHEN_STAGE = {"on": "change", "kind": "deal", "what": ["updated"]}
LARGE = Decimal(60_000)


def stage_rule(make_rule: MakeRule, of: str, into: str) -> Rule:
    return make_rule(
        name=f"{of} to {into}",
        trigger=WHEN_STAGE,
        condition={"field": "deal_stage", "operator": "eq", "value": of},
        actions=[{"type": "update_deal", "fields": {"stage": into}}],
    )


def carry_out(place: Any, action: Action, *, cause: Cause | None = None) -> None:
    """The CRM does it, and the record is read back; or its webhook was quicker, and says nothing of a cause."""
    own = Cause(Origin.OWN, action.id, action.cause_rule, action.hops)
    place.put(stage=action.fields["stage"], cause=cause or own)


def play(place: Any, *, cause: Cause | None = None) -> int:
    """Until nobody asks for anything any more; how many actions that took."""
    done: list[str] = []
    place.work()
    while waiting := [action for action in place.actions() if action.id not in done]:
        for action in waiting:
            done.append(action.id)
            carry_out(place, action, cause=cause)
        place.work()
    return len(done)


def told(place: Any) -> list[Any]:
    """What the chat app is to hear."""
    rung = [message.body["outbound"] for message in place.deps.queues.chat.sent if "outbound" in message.body]
    events = [place.deps.outbound.get("w1", id) for id in dict.fromkeys(rung)]
    return [event.event for event in events if event.event["type"] == "rule.stopped"]


def test_two_rules_that_chase_each_other_stop_and_are_named(
    place: Any, make_rule: MakeRule, firings: Firings, admin: Caller
) -> None:
    one, other = stage_rule(make_rule, "s1", "s2"), stage_rule(make_rule, "s2", "s1")
    place.put(stage="s2", cause=Cause(Origin.BACKFILL))
    place.put(stage="s1")

    asked = play(place)

    assert asked == MAX_HOPS
    (event,) = told(place)
    assert set(event["data"]["rules"]) == {one.id, other.id}
    stopped = read_rule(place.deps, admin, event["data"]["rule"])
    assert (stopped.state, stopped.rule.trouble and stopped.rule.trouble.stop) == ("stopped", Stop.LOOP)
    last = firings(stopped.rule)[-1]
    assert (last.status, last.hops, last.actions) == (FiringStatus.STOPPED, MAX_HOPS + 1, ())


def test_a_webhook_that_is_quicker_than_our_own_reading_is_known_as_an_echo(place: Any, make_rule: MakeRule) -> None:
    stage_rule(make_rule, "s1", "s2")
    stage_rule(make_rule, "s2", "s1")
    place.put(stage="s2", cause=Cause(Origin.BACKFILL))
    place.put(stage="s1")

    asked = play(place, cause=Cause(Origin.WEBHOOK))

    assert asked == MAX_HOPS


def test_what_is_created_under_our_key_is_our_own(place: Any, make_rule: MakeRule, firings: Firings) -> None:
    known = place.deps.connections.directories("w1", "c1")
    region = known.fields["deals"]["region"]
    ours = {"our_key": replace(region, key="our_key", is_ours=True)}
    place.deps.connections.save_directories("w1", "c1", replace(known, fields={"deals": ours}))
    rule = make_rule()
    body = {"type": "create_task", "connection": "c1", "fields": {"subject": "Mine"}}
    action, _ = request_action(place.deps, Caller("w1", "u1", "admin", rule=rule.id, hops=3), body, "k")
    place.put("9", amount=LARGE, currency="EUR", custom={"our_key": action.id})

    place.work()

    (firing,) = firings(rule)
    assert (firing.hops, firing.by) == (4, {"origin": "own", "action": action.id, "rule": rule.id})


def test_people_who_act_in_the_chat_app_trigger_rules(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    make_rule()
    place.put(amount=Decimal(1), currency="EUR")
    wish = {"type": "update_deal", "connection": "c1", "fields": {"amount": 60000}}
    target = {"object": "deals", "external_id": "1"}
    action, _ = request_action(place.deps, admin, {**wish, "target": target}, "k")
    place.put(amount=LARGE, currency="EUR", cause=Cause(Origin.OWN, action.id))

    place.work()

    (task,) = [each for each in place.actions() if each.type == "create_task"]
    assert (action.hops, task.hops) == (0, 1)


def test_a_record_that_flutters_pauses_the_rule(
    place: Any, make_rule: MakeRule, firings: Firings, admin: Caller
) -> None:
    rule = make_rule()
    for _ in range(PER_RECORD + 3):
        place.put(amount=Decimal(1), currency="EUR")
        place.put(amount=LARGE, currency="EUR")

    place.work()

    assert len(place.actions()) == PER_RECORD
    assert [firing.status for firing in firings(rule)] == [FiringStatus.DONE] * PER_RECORD + [FiringStatus.STOPPED]
    assert [(event["data"]["rule"], event["data"]["reason"]) for event in told(place)] == [(rule.id, "storm")]
    assert read_rule(place.deps, admin, rule.id).state == "stopped"


def test_too_many_records_in_an_hour_pause_the_rule(place: Any, make_rule: MakeRule, firings: Firings) -> None:
    rule = make_rule(per_hour=3)
    for number in range(6):
        place.put(f"{number}", amount=LARGE, currency="EUR")

    place.work()

    assert len(place.actions()) == 3
    assert firings(rule)[-1].note == "it acted 3 times within an hour"


def test_a_stopped_rule_goes_on_when_an_admin_says_so(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule(per_hour=1)
    for number in range(2):
        place.put(f"{number}", amount=LARGE, currency="EUR")
    place.work()

    again = update_rule(place.deps, admin, rule.id, {"paused": False})
    place.clock.advance(1)
    place.put("9", amount=LARGE, currency="EUR")
    place.work()

    assert again.trouble is None
    assert len(place.actions()) == 2


@pytest.mark.parametrize("status", [ActionStatus.CANCELLED, ActionStatus.FAILED])
def test_what_came_to_nothing_has_no_echo(
    place: Any, make_rule: MakeRule, firings: Firings, status: ActionStatus, admin: Caller
) -> None:
    rule = make_rule()
    place.put(amount=Decimal(1), currency="EUR")
    target = {"object": "deals", "external_id": "1"}
    wish = {"type": "update_deal", "connection": "c1", "fields": {"amount": 60000}, "target": target}
    action, _ = request_action(place.deps, admin, wish, "k")
    place.deps.actions.save(action.moved(status, place.clock()))
    place.put(amount=LARGE, currency="EUR")

    place.work()

    assert firings(rule)[0].by == {"origin": "webhook"}
