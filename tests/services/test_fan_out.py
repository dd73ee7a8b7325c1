"""Stream images packed into messages."""

from dataclasses import replace

import pytest
from crmbridge.domain.changes import Cause, MemberMoved, Origin, RecordMoved, Unlinked
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps, Queue

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_deps

MOVED = RecordMoved(
    RecordKey("w1", "c1", "deals", "1"), Kind.DEAL, State.LIVE, State.LIVE, Cause(Origin.WEBHOOK), parts=("core",)
)


@pytest.fixture
def deps() -> Deps:
    return make_deps(LittleCrm(Clock()))


def sent(queue: Queue) -> list[Message]:
    messages: list[Message] = queue.take()  # type: ignore[attr-defined] # the memory twin's
    return messages


def deal(id: str, workspace: str = "w1") -> RecordMoved:
    return replace(MOVED, key=RecordKey(workspace, "c1", "deals", id))


def test_many_changes_travel_in_few_messages(deps: Deps) -> None:
    assert fan_out(deps, [deal(str(number)) for number in range(250)]) == 250

    assert [len(message.body["records"]) for message in sent(deps.queues.groups)] == [100, 100, 50]


def test_workspaces_never_share_a_message(deps: Deps) -> None:
    fan_out(deps, [deal("1"), deal("2", "w2"), deal("3")])

    found = {message.body["workspace"]: message.body["records"] for message in sent(deps.queues.groups)}
    assert found == {"w1": [["c1", "deals", "1"], ["c1", "deals", "3"]], "w2": [["c1", "deals", "2"]]}


def test_a_record_that_moved_twice_is_looked_at_once(deps: Deps) -> None:
    assert fan_out(deps, [MOVED, MOVED]) == 1


@pytest.mark.parametrize(
    "quiet", [replace(MOVED, parts=()), replace(MOVED, kind=Kind.ACTIVITY)], ids=["nothing changed", "a call"]
)
def test_what_no_group_could_see_rings_nobody(deps: Deps, quiet: RecordMoved) -> None:
    assert fan_out(deps, [quiet]) == 0

    assert sent(deps.queues.groups) == []


def test_a_record_that_went_is_looked_at(deps: Deps) -> None:
    assert fan_out(deps, [replace(MOVED, state=None, parts=())]) == 1


def test_a_task_that_became_a_call_is_looked_at(deps: Deps) -> None:
    assert fan_out(deps, [replace(MOVED, kind=Kind.ACTIVITY, kind_before=Kind.TASK)]) == 1


def test_what_is_linked_to_no_more_is_looked_at(deps: Deps) -> None:
    assert fan_out(deps, [Unlinked(RecordKey("w1", "c1", "deals", "1"))]) == 1


def test_a_chat_app_that_asked_hears_of_what_no_group_looks_at(deps: Deps) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events", record_changes=(Kind.ACTIVITY,)))

    fan_out(deps, [replace(MOVED, kind=Kind.ACTIVITY)])

    assert len(sent(deps.queues.chat)) == 1


def test_touched_memberships_are_rung_per_group(deps: Deps) -> None:
    moved = [MemberMoved("w1", "g1", "ada"), MemberMoved("w1", "g1", "ben"), MemberMoved("w1", "g2", "ada")]

    assert fan_out(deps, [*moved, moved[0]]) == 3

    found = [(message.body["group"], message.body["persons"]) for message in sent(deps.queues.chat)]
    assert found == [("g1", ["ada", "ben"]), ("g2", ["ada"])]


def test_what_a_full_run_sees_for_the_first_time_waits_for_the_evaluation_at_its_end(deps: Deps) -> None:
    first_seen = replace(MOVED, state_before=None, cause=Cause(Origin.BACKFILL))

    assert fan_out(deps, [first_seen]) == 0


def test_what_a_full_run_finds_changed_is_looked_at_at_once(deps: Deps) -> None:
    assert fan_out(deps, [replace(MOVED, cause=Cause(Origin.BACKFILL))]) == 1
