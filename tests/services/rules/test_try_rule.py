"""A rule tried out says whether it would act, why, and what it would ask for; nothing is written."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.domain.occasions import ChatMessage
from crmbridge.domain.records import Kind, State
from crmbridge.domain.rules import Rule
from crmbridge.services.try_rule import try_rule

MakeRule = Callable[..., Rule]
MESSAGE = ChatMessage(chat="CH", id="m1", text="Send it", labels=("quote",))


def test_a_record_that_satisfies_the_condition_would_be_acted_on(
    place: Any, make_rule: MakeRule, admin: Caller
) -> None:
    rule = make_rule()
    key = place.put(amount=Decimal(60_000), currency="EUR")

    tried = try_rule(place.deps, admin, rule.id, record=key, message=None)

    assert (tried.would_act, tried.because) == (True, "")
    assert tried.why
    assert (tried.why["holds"], tried.why["actual"]) == (True, "60000")
    (drafted,) = tried.actions
    assert (drafted.body["fields"]["subject"], drafted.problems) == ("Look at Renewal", ())
    assert drafted.body["links"] == [{"object": "deals", "external_id": "1"}]


def test_trying_writes_nothing(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule()
    key = place.put(amount=Decimal(60_000), currency="EUR")

    try_rule(place.deps, admin, rule.id, record=key, message=None)

    assert place.actions() == []
    assert place.deps.firings.of_rule("w1", rule.id, limit=1, cursor=None).items == []
    assert place.bells() == []


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"amount": Decimal(1), "currency": "EUR"}, "the condition does not hold"),
        ({}, "nobody knows whether the condition holds"),
        ({"kind": Kind.CONTACT, "last_name": "Hopper"}, "the rule is about a deal, and this is a contact"),
    ],
)
def test_what_stands_in_the_way_is_said(
    place: Any, make_rule: MakeRule, admin: Caller, fields: Any, because: str
) -> None:
    rule = make_rule()

    tried = try_rule(place.deps, admin, rule.id, record=place.put(**fields), message=None)

    assert (tried.would_act, tried.because) == (False, because)


def test_a_record_that_is_gone_is_not_acted_on(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule()
    place.put(amount=Decimal(60_000), currency="EUR")

    tried = try_rule(place.deps, admin, rule.id, record=place.put(state=State.ARCHIVED), message=None)

    assert tried.because == "the record is archived in the CRM"


def test_what_would_be_refused_is_said_of_each_action(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule(actions=[{"type": "update_contact", "fields": {"title": "CTO"}}])
    key = place.put(amount=Decimal(60_000), currency="EUR")

    tried = try_rule(place.deps, admin, rule.id, record=key, message=None)

    assert [[problem.field for problem in each.problems] for each in tried.actions] == [["actions[0].record"]]


def test_a_message_is_tried_the_same_way(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    note = {"type": "create_note", "fields": {"body": "{message_text}"}}
    rule = make_rule(trigger={"on": "message", "labels": ["quote"]}, condition=None, actions=[note])

    tried = try_rule(place.deps, admin, rule.id, record=None, message=MESSAGE)

    assert (tried.would_act, tried.actions[0].body["fields"]["body"]) == (True, "Send it")


def test_what_the_trigger_asks_for_must_be_given(place: Any, make_rule: MakeRule, admin: Caller) -> None:
    rule = make_rule()

    with pytest.raises(Invalid):
        try_rule(place.deps, admin, rule.id, record=None, message=MESSAGE)


def test_nobody_tries_another_workspaces_rule_and_members_try_none(
    place: Any, make_rule: MakeRule, member: Caller
) -> None:
    rule = make_rule()

    with pytest.raises(NotFound):
        try_rule(place.deps, Caller("w2", "eve", "admin"), rule.id, record=None, message=None)
    with pytest.raises(Forbidden):
        try_rule(place.deps, member, rule.id, record=None, message=None)
