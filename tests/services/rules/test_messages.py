"""A classified message is heard once by the rules that listen to its labels, about what its chat is linked to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden
from crmbridge.domain.occasions import ChatMessage
from crmbridge.domain.rules import PER_RECORD, Firing, FiringStatus, Rule
from crmbridge.domain.sidepanels import PanelLink
from crmbridge.services.receive_message import receive_message

MakeRule = Callable[..., Rule]
Firings = Callable[[Rule], list[Firing]]
ON_QUOTES = {"on": "message", "labels": ["Quote"]}
NOTE = {"type": "create_note", "fields": {"body": "{message_author}: {message_text}"}}
MESSAGE = ChatMessage(chat="CH", id="m1", text="Send it", author="Grace", labels=("QUOTE", "urgent"))
BIG = {"field": "deal_amount", "operator": "gte", "value": 50000}


def link(place: Any, amount: int) -> None:
    key = place.put(amount=Decimal(amount), currency="EUR")
    place.deps.sidepanels.set_link(PanelLink(chat="CH", record=key, linked_by="u1", linked_at=place.clock()), None)


def hear(place: Any, caller: Caller, message: ChatMessage = MESSAGE) -> str:
    id: str = receive_message(place.deps, caller, message)
    place.work()
    return id


def test_a_message_makes_a_note_on_the_linked_record_once(
    place: Any, make_rule: MakeRule, firings: Firings, member: Caller
) -> None:
    rule = make_rule(trigger=ON_QUOTES, condition=None, actions=[NOTE])
    link(place, 1)

    ids = {hear(place, member) for _ in range(3)}

    (action,) = place.actions()
    assert (action.fields["body"], action.chat, action.message) == ("Grace: Send it", "CH", "m1")
    assert [link.external_id for link in action.links] == ["1"]
    (firing,) = firings(rule)
    assert (firing.what, firing.chat, firing.message, firing.hops) == ("message", "CH", "m1", 1)
    assert len(ids) == 1


def test_a_busy_chat_about_one_record_is_no_storm(
    place: Any, make_rule: MakeRule, firings: Firings, member: Caller
) -> None:
    rule = make_rule(trigger=ON_QUOTES, condition=None, actions=[NOTE])
    link(place, 1)

    for number in range(2 * PER_RECORD):
        hear(place, member, replace(MESSAGE, id=f"m{number}"))

    assert {firing.status for firing in firings(rule)} == {FiringStatus.DONE}
    assert len(place.actions()) == 2 * PER_RECORD


@pytest.mark.parametrize(("amount", "acts"), [(60_000, 1), (40_000, 0)])
def test_the_condition_is_asked_of_the_linked_record(
    place: Any, make_rule: MakeRule, member: Caller, amount: int, acts: int
) -> None:
    make_rule(trigger=ON_QUOTES, condition=BIG, actions=[NOTE])
    link(place, amount)

    hear(place, member)

    assert len(place.actions()) == acts


def test_a_chat_without_a_link_satisfies_no_condition(place: Any, make_rule: MakeRule, member: Caller) -> None:
    make_rule(trigger=ON_QUOTES, condition=BIG, actions=[NOTE])

    hear(place, member)

    assert place.actions() == []


@pytest.mark.parametrize(
    "trigger", [{"on": "message", "labels": ["complaint"]}, {**ON_QUOTES, "chats": ["another"]}], ids=["label", "chat"]
)
def test_other_labels_and_chats_are_not_listened_to(
    place: Any, make_rule: MakeRule, member: Caller, trigger: Any
) -> None:
    make_rule(trigger=trigger, condition=None, actions=[NOTE])

    hear(place, member)

    assert place.actions() == []


def test_where_nobody_listens_nobody_is_rung_now_or_later(place: Any, make_rule: MakeRule, member: Caller) -> None:
    make_rule()

    receive_message(place.deps, member, MESSAGE)

    assert place.bells() == []
    assert place.deps.occasions.due(place.clock() + timedelta(days=1)) == []


def test_who_only_reads_tells_nothing(place: Any) -> None:
    with pytest.raises(Forbidden):
        receive_message(place.deps, Caller("w1", "u3", "guest"), MESSAGE)
