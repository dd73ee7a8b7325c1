"""What may be asked to be written, what is refused before it is promised, and that one key means one action."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus, Target
from crmbridge.domain.connections import Account, Caller, Connection, Health
from crmbridge.domain.directories import Directories, Field, Stage
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound, Unsupported
from crmbridge.domain.records import Kind, RecordKey, State, Type
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import actions_of_chat, cancel_action, read_action, retry_action
from crmbridge.services.request_action import request_action

DIRECTORIES = Directories(
    account=Account("48"),
    stages={
        "s3": Stage("s3", "Negotiation", "p1", "Sales"),
        "s4": Stage("s4", "Won", "p1", "Sales", is_closed=True),
        "t4": Stage("t4", "Won", "p2", "Partners", is_closed=True),
    },
    fields={
        "deals": {
            "region": Field("region", "Region", Type.TEXT, custom=True),
            "score": Field("score", "Score", Type.NUMBER, read_only=True),
        }
    },
)
TASK: Mapping[str, Any] = {"type": "create_task", "connection": "c1", "fields": {"subject": "Call Ann"}}
UPDATE: Mapping[str, Any] = {
    "type": "update_deal",
    "connection": "c1",
    "target": {"object": "deals", "external_id": "d1"},
    "fields": {"amount": 75000},
}

Ask = Callable[..., Action]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    return make_connection()


@pytest.fixture(autouse=True)
def deal(put_record: Callable[..., RecordKey]) -> RecordKey:
    fields = {"amount": Decimal("50000.00"), "stage": "s3", "pipeline": "p1", "name": "Acme"}
    return put_record("deals", "d1", Kind.DEAL, **fields)


@pytest.fixture
def ask(deps: Deps, member: Caller) -> Ask:
    def asked(body: Mapping[str, Any], key: str = "k1", caller: Caller = member) -> Action:
        return request_action(deps, caller, body, key)[0]

    return asked


@pytest.fixture
def wrong(deps: Deps, member: Caller) -> Callable[[Mapping[str, Any]], list[str]]:
    """The fields that the refusal names."""

    def refused(body: Mapping[str, Any]) -> list[str]:
        with pytest.raises(Invalid) as caught:
            request_action(deps, member, body, "k1")
        return [problem.field for problem in caught.value.problems]

    return refused


def test_an_action_is_claimed_and_rung(deps: Deps, member: Caller) -> None:
    action, is_new = request_action(deps, member, {**TASK, "chat": "ch1", "message": "m1"}, "k1")

    (message,) = deps.queues.actions.take()  # type: ignore[attr-defined] # the memory twin's
    assert is_new
    assert read_action(deps, member, action.id) == action
    assert (action.status, action.requested_by, action.chat) == (ActionStatus.PENDING, "u2", "ch1")
    assert message.body == {"workspace": "w1", "action": action.id}


def test_the_same_key_again_is_the_same_action_and_rings_again(deps: Deps, member: Caller) -> None:
    first, _ = request_action(deps, member, TASK, "k1")

    again, is_new = request_action(deps, member, dict(TASK), "k1")

    assert (again, is_new) == (first, False)
    assert len(deps.queues.actions.take()) == 2  # type: ignore[attr-defined] # the memory twin's


def test_the_same_key_with_another_body_is_refused(ask: Ask) -> None:
    ask(TASK)

    with pytest.raises(Clash, match="Idempotency-Key"):
        ask({**TASK, "fields": {"subject": "Call Ben"}})


def test_a_key_belongs_to_its_caller(ask: Ask, admin: Caller) -> None:
    assert ask(TASK).id != ask(TASK, caller=admin).id


def test_a_replay_after_the_connection_is_gone_still_answers(deps: Deps, ask: Ask, connection: Connection) -> None:
    first = ask(TASK)
    deps.connections.delete(connection)

    assert ask(TASK) == first


def test_values_are_kept_in_one_form(ask: Ask) -> None:
    fields = {"amount": "75000.50", "close_date": "2026-12-31", "stage": "s4", "name": "Acme, renewed"}

    assert ask({**UPDATE, "fields": fields}).fields == fields


def test_an_update_remembers_what_it_was_decided_on(ask: Ask) -> None:
    assert ask(UPDATE).before == {"amount": "50000.00"}


def test_updates_of_one_record_are_numbered_as_they_are_asked_for(ask: Ask) -> None:
    assert [ask(UPDATE, key).sequence for key in ("k1", "k2", "k1")] == [1, 2, 1]


def test_updates_of_one_record_stay_in_one_group(deps: Deps, ask: Ask) -> None:
    ask(UPDATE, "k1")
    ask({**UPDATE, "fields": {"name": "x"}}, "k2")
    ask(TASK, "k3")

    groups = [message.group for message in deps.queues.actions.take()]  # type: ignore[attr-defined]
    assert groups[0] == groups[1] != groups[2]


def test_a_call_is_a_call_that_happened_now_unless_said_otherwise(ask: Ask) -> None:
    fields = ask({"type": "log_call", "connection": "c1", "fields": {"subject": "Hello"}}).fields

    assert fields["type"] == "call"
    assert str(fields["occurred_at"]).startswith("2026-05-04T08:00")


@pytest.mark.parametrize(("stage", "id"), [(" negotiation", "s3"), ("Won", "s4"), ("t4", "t4")])
def test_a_stage_may_be_named_by_label_in_the_deals_own_pipeline(ask: Ask, stage: str, id: str) -> None:
    assert ask({**UPDATE, "fields": {"stage": stage}}).fields["stage"] == id


def test_null_empties_a_field_of_an_update(ask: Ask) -> None:
    assert ask({**UPDATE, "fields": {"close_date": None}}).fields == {"close_date": None}


def test_records_to_associate_with_are_kept(ask: Ask) -> None:
    link = {"object": "deals", "external_id": "d1"}

    assert ask({**TASK, "links": [link, link]}).links == (Target("deals", "d1"),)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({**TASK, "type": "make_coffee"}, ["type"]),
        ({**TASK, "type": None}, ["type"]),
        ({**TASK, "connection": 7}, ["connection"]),
        ({**TASK, "priority": "high"}, ["priority"]),
        ({**TASK, "fields": []}, ["fields.subject"]),
        ({**TASK, "fields": "x"}, ["fields"]),
        ({**TASK, "fields": {}}, ["fields.subject"]),
        ({**TASK, "fields": {"subject": "x", "subjct": "y"}}, ["fields.subjct"]),
        ({**TASK, "fields": {"subject": 5, "due_at": "tomorrow"}}, ["fields.subject", "fields.due_at"]),
        ({**TASK, "fields": {"subject": "x", "due_at": "2026-05-04T10:00:00"}}, ["fields.due_at"]),
        ({**TASK, "fields": {"subject": None}}, ["fields.subject"]),
        ({**TASK, "target": {"object": "deals", "external_id": "d1"}}, ["target"]),
        ({**TASK, "links": [{"object": "deals"}]}, ["links[0]"]),
        ({**TASK, "links": "d1"}, ["links"]),
        ({"type": "create_contact", "connection": "c1", "fields": {"title": "CEO"}}, ["fields.email"]),
        ({"type": "log_call", "connection": "c1", "fields": {}}, ["fields.subject"]),
        ({**UPDATE, "target": None}, ["target"]),
        ({**UPDATE, "fields": {}}, ["fields"]),
        ({**UPDATE, "fields": {"amount": "much"}}, ["fields.amount"]),
        ({**UPDATE, "fields": {"amount": "1e400"}}, ["fields.amount"]),
        ({**UPDATE, "fields": {"is_won": True}}, ["fields.is_won"]),
        ({**UPDATE, "fields": {"stage": "Nowhere"}}, ["fields.stage"]),
        ({**UPDATE, "custom_fields": {"regin": "EMEA"}}, ["custom_fields.regin"]),
        ({**UPDATE, "custom_fields": {"score": 5}}, ["custom_fields.score"]),
    ],
)
def test_what_is_wrong_is_named(
    wrong: Callable[[Mapping[str, Any]], list[str]], body: Mapping[str, Any], fields: list[str]
) -> None:
    assert wrong(body) == fields


def test_what_is_refused_leaves_nothing_behind(deps: Deps, member: Caller, deal: RecordKey) -> None:
    with pytest.raises(Invalid):
        request_action(deps, member, {**UPDATE, "fields": {"amount": "much"}}, "k1")

    assert deps.queues.actions.take() == []  # type: ignore[attr-defined] # the memory twin's
    assert deps.actions.next_sequence(deal) == 1


@pytest.mark.parametrize("key", ["", "  ", "x" * 256])
def test_an_action_needs_a_key(ask: Ask, key: str) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        ask(TASK, key)


@pytest.mark.parametrize(
    "body",
    [
        {**TASK, "connection": "unknown"},
        {**TASK, "connection": "theirs"},
        {**UPDATE, "target": {"object": "deals", "external_id": "404"}},
        {**TASK, "links": [{"object": "contacts", "external_id": "404"}]},
    ],
    ids=["unknown connection", "foreign connection", "unknown target", "unknown link"],
)
def test_unknown_and_foreign_look_alike(
    ask: Ask, make_connection: Callable[..., Connection], body: Mapping[str, Any]
) -> None:
    make_connection(id="theirs", workspace="w2")

    with pytest.raises(NotFound):
        ask(body)


def test_a_target_of_another_kind_is_refused(
    wrong: Callable[[Mapping[str, Any]], list[str]], put_record: Callable[..., RecordKey]
) -> None:
    put_record("contacts", "c9", Kind.CONTACT, email="ann@example.test")

    assert wrong({**UPDATE, "target": {"object": "contacts", "external_id": "c9"}}) == ["target"]


def test_a_target_that_was_deleted_is_refused(
    wrong: Callable[[Mapping[str, Any]], list[str]], put_record: Callable[..., RecordKey]
) -> None:
    put_record("deals", "d1", Kind.DEAL, state=State.DELETED)

    assert wrong(UPDATE) == ["target"]


def test_a_target_that_was_merged_is_the_one_that_lives_on(ask: Ask, put_record: Callable[..., RecordKey]) -> None:
    put_record("deals", "d2", Kind.DEAL, amount=Decimal(9))
    put_record("deals", "d1", Kind.DEAL, state=State.MERGED, successor_id="d2")

    action = ask(UPDATE)

    assert (action.target, action.before) == (Target("deals", "d2"), {"amount": "9"})


def test_a_disconnected_account_is_an_unknown_one(deps: Deps, ask: Ask, connection: Connection) -> None:
    deps.connections.save(replace(connection, health=Health.DISCONNECTED))

    with pytest.raises(NotFound):
        ask(TASK)


def test_a_connection_that_only_reads_takes_no_actions(deps: Deps, ask: Ask, connection: Connection) -> None:
    deps.connections.save(replace(connection, settings=replace(connection.settings, direction="from_crm")))

    with pytest.raises(Clash, match="only reads"):
        ask(TASK)


def test_what_a_crm_cannot_do_is_said_at_once(make_deps: Callable[..., Deps], deps: Deps, member: Caller) -> None:
    platform = deps.platform("hubspot")
    poor = replace(deps, platform=lambda _: replace(platform, actions={}))

    with pytest.raises(Unsupported, match="HubSpot cannot do create_task"):
        request_action(poor, member, TASK, "k1")


def test_who_may_only_read_asks_for_nothing(ask: Ask) -> None:
    with pytest.raises(Forbidden):
        ask(TASK, caller=Caller("w1", "u9", "viewer"))


def test_another_workspaces_action_looks_like_none(deps: Deps, ask: Ask) -> None:
    action = ask(TASK)

    with pytest.raises(NotFound):
        read_action(deps, Caller("w2", "u2", "admin"), action.id)


def test_a_chats_actions_are_listed_the_newest_first(deps: Deps, ask: Ask, clock: Any, member: Caller) -> None:
    first = ask({**TASK, "chat": "ch1"}, "k1")
    clock.advance(1)
    second = ask({**TASK, "chat": "ch1"}, "k2")
    ask({**TASK, "chat": "ch2"}, "k3")

    assert [each.id for each in actions_of_chat(deps, member, "ch1").items] == [second.id, first.id]


def test_what_was_not_sent_can_be_cancelled(deps: Deps, ask: Ask, member: Caller) -> None:
    assert cancel_action(deps, member, ask(TASK).id).status is ActionStatus.CANCELLED


def test_what_is_being_sent_cannot_be_cancelled(deps: Deps, ask: Ask, member: Caller) -> None:
    action = deps.actions.save(ask(TASK).moved(ActionStatus.SENDING, deps.now()))

    with pytest.raises(Clash, match="not sent"):
        cancel_action(deps, member, action.id)


def test_a_pending_action_is_not_tried_again(deps: Deps, ask: Ask, member: Caller) -> None:
    with pytest.raises(Clash, match="pending"):
        retry_action(deps, member, ask(TASK).id)


@pytest.mark.parametrize("decide", [retry_action, cancel_action])
def test_only_who_asked_or_an_admin_decides(
    deps: Deps, ask: Ask, decide: Callable[[Deps, Caller, str], Action]
) -> None:
    with pytest.raises(Forbidden):
        decide(deps, Caller("w1", "u8", "member"), ask(TASK).id)
