"""The item is the claim, and sequences never go back, in both stores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus, Receipt, Target
from crmbridge.domain.errors import Invalid, NotFound, Stale
from crmbridge.domain.records import RecordKey
from crmbridge.storage.actions import RING_AGAIN, ActionStore
from crmbridge.storage.items import EXPIRES, Items
from crmbridge.storage.memory import MemoryItems

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEAL = RecordKey("w1", "c1", "deals", "30077")


@pytest.fixture
def counting() -> Callable[[Items], Any]:
    """A table that counts the updates that are asked of it."""

    class Counting:
        def __init__(self, real: Items) -> None:
            self.real, self.writes = real, 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def update(self, *args: Any, **named: Any) -> Any:
            self.writes += 1
            return self.real.update(*args, **named)

    return Counting


@pytest.fixture
def items(make_items: Callable[[str], Items]) -> Items:
    return make_items("actions")


@pytest.fixture
def actions(items: Items) -> ActionStore:
    return ActionStore(items)


def action(id: str = "a1", **fields: object) -> Action:
    asked = Action(
        id=id, workspace="w1", connection="c1", type="update_deal", fields={"amount": "12.50"},
        target=Target("deals", "30077"), links=(Target("contacts", "1"),), requested_by="u1", chat="room",
        body_hash="h", key="k", created_at=NOW, history=(("pending", NOW.isoformat(), ""),),
    )  # fmt: skip
    return replace(asked, **fields)  # type: ignore[arg-type]  # spelled out by each test


def test_an_action_is_claimed_once(actions: ActionStore) -> None:
    first = actions.claim(action(message="first"))
    second = actions.claim(action(message="second"))

    assert first == (action(message="first"), True)
    assert second == (action(message="first"), False)


def test_a_receipt_has_room_for_long_texts_on_both_sides(actions: ActionStore) -> None:
    body = {"body": "ж" * 65_536}
    claimed, _ = actions.claim(action(type="update_activity", fields=body, before=body))
    receipt = Receipt(object="notes", external_id="1", before=body, after=body, completed_at=NOW, attempts=1)

    done = actions.save(claimed.moved(ActionStatus.COMPLETED, NOW, receipt=receipt))

    assert actions.get("w1", "a1") == done


def test_of_many_who_claim_at_once_one_does() -> None:
    actions = ActionStore(MemoryItems("actions"))  # moto's conditions are not atomic between threads

    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda number: actions.claim(action(message=str(number))), range(8)))

    assert sum(new for _, new in claims) == 1
    assert len({claimed.message for claimed, _ in claims}) == 1


def test_an_action_comes_back_as_it_was_claimed(actions: ActionStore) -> None:
    actions.claim(action())

    assert actions.get("w1", "a1") == action()
    with pytest.raises(NotFound):
        actions.get("w2", "a1")


def test_of_two_saves_of_one_version_one_wins(actions: ActionStore) -> None:
    actions.claim(action())

    saved = actions.save(action(status=ActionStatus.SENDING))
    with pytest.raises(Stale):
        actions.save(action(status=ActionStatus.FAILED))

    assert actions.get("w1", "a1") == saved
    assert saved.version == 1


def test_actions_of_a_chat_are_listed_newest_first_page_by_page(actions: ActionStore) -> None:
    for number in range(5):
        actions.claim(action(f"a{number}", created_at=NOW + number * MINUTE))
    actions.claim(action("other", chat="elsewhere"))
    actions.claim(action("foreign", workspace="w2"))

    first = actions.of_chat("w1", "room", limit=3, cursor=None)
    second = actions.of_chat("w1", "room", limit=3, cursor=first.cursor)

    assert [each.id for each in first.items] == ["a4", "a3", "a2"]
    assert [each.id for each in second.items] == ["a1", "a0"]
    assert second.cursor is None


@pytest.mark.parametrize("cursor", ["", "junk", "9#", "bnVsbA"])
def test_a_cursor_of_no_listing_is_refused(actions: ActionStore, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        actions.of_chat("w1", "room", limit=3, cursor=cursor)


def test_a_record_counts_its_updates(actions: ActionStore) -> None:
    assert [actions.next_sequence(DEAL), actions.next_sequence(DEAL)] == [1, 2]
    assert actions.next_sequence(DEAL._replace(workspace="w2")) == 1


def test_a_completed_sequence_never_goes_back(actions: ActionStore) -> None:
    before = actions.last_sequence(DEAL, ["amount"])
    actions.complete_sequence(DEAL, 3, ["amount", "custom#amount"])
    actions.complete_sequence(DEAL, 2, ["amount", "stage"])

    assert (before, actions.last_sequence(DEAL, ["amount"])) == (0, 3)


def test_many_fields_are_completed_in_one_write(
    make_items: Callable[[str], Items], counting: Callable[[Items], Any]
) -> None:
    items = counting(make_items("actions"))
    fields = [f"custom#a_field_with_a_long_name_{number}" for number in range(100)]

    ActionStore(items).complete_sequence(DEAL, 3, fields)

    assert items.writes == 1
    assert {ActionStore(items).last_sequence(DEAL, [field]) for field in fields} == {3}


def test_no_write_completes_more_fields_than_an_expression_may_name(
    make_items: Callable[[str], Items], counting: Callable[[Items], Any]
) -> None:
    items = counting(make_items("actions"))
    fields = [f"custom#{number}" for number in range(250)]

    ActionStore(items).complete_sequence(DEAL, 3, fields)

    assert items.writes == 3
    assert {ActionStore(items).last_sequence(DEAL, [field]) for field in fields} == {3}


def test_whoever_completes_at_the_same_moment_the_last_one_stays(actions: ActionStore) -> None:
    def complete(sequence: int) -> None:
        actions.complete_sequence(DEAL, sequence, ["amount", "stage" if sequence % 2 else "name"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(complete, range(1, 9)))

    assert [actions.last_sequence(DEAL, [field]) for field in ("amount", "stage", "name")] == [8, 7, 8]


def test_every_field_has_an_order_of_its_own(actions: ActionStore) -> None:
    actions.complete_sequence(DEAL, 3, ["amount", "custom#region"])

    assert actions.last_sequence(DEAL, ["stage", "region"]) == 0
    assert actions.last_sequence(DEAL, ["stage", "amount"]) == 3
    assert actions.last_sequence(DEAL, []) == 0


@pytest.mark.parametrize(
    ("waits", "due_at"),
    [
        ({}, NOW + RING_AGAIN),
        ({"status": ActionStatus.WAITING, "next_attempt_at": NOW + 5 * MINUTE}, NOW + 5 * MINUTE),
        ({"status": ActionStatus.SENDING, "lease_until": NOW + 2 * MINUTE}, NOW + 2 * MINUTE),
    ],
)
def test_an_unfinished_action_is_due_when_somebody_should_look(
    actions: ActionStore, waits: dict[str, Any], due_at: datetime
) -> None:
    actions.claim(action())
    actions.save(action(**waits))

    assert actions.due(due_at - timedelta(seconds=1)) == []
    assert [each.id for each in actions.due(due_at)] == ["a1"]


def test_a_finished_action_that_is_watched_is_due_when_it_is_looked_at(actions: ActionStore) -> None:
    actions.claim(action())
    actions.save(action(status=ActionStatus.UNCERTAIN, next_attempt_at=NOW + 15 * MINUTE))

    assert actions.due(NOW + 14 * MINUTE) == []
    assert [each.id for each in actions.due(NOW + 15 * MINUTE)] == ["a1"]


def test_a_finished_action_is_never_due(actions: ActionStore) -> None:
    actions.claim(action())

    actions.save(action(status=ActionStatus.UNCERTAIN))

    assert actions.due(NOW + 600 * MINUTE) == []


def test_a_receipt_can_be_read_for_ninety_days_and_an_open_action_for_ever(actions: ActionStore, items: Items) -> None:
    receipt = Receipt(object="deals", external_id="30077", completed_at=NOW + MINUTE, attempts=1)
    actions.claim(action("open"))
    actions.claim(action())

    actions.save(action(status=ActionStatus.COMPLETED, receipt=receipt))

    stored = items.get("w1#action#a1", "action") or {}
    assert stored[EXPIRES] == (NOW + MINUTE + timedelta(days=90)).timestamp()
    assert EXPIRES not in (items.get("w1#action#open", "action") or {})


def test_actions_are_found_by_the_records_they_change_or_name(actions: ActionStore) -> None:
    actions.claim(action("a1"))
    actions.claim(action("a2", created_at=NOW + MINUTE))
    actions.claim(action("note", target=None, created_at=NOW + 2 * MINUTE))

    of_deal = actions.of_record(DEAL, limit=10)
    of_contact = actions.of_record(DEAL._replace(object="contacts", external_id="1"), limit=2)

    assert [each.id for each in of_deal] == ["a2", "a1"]
    assert [each.id for each in of_contact] == ["note", "a2"]
    assert actions.of_record(DEAL._replace(workspace="w2"), limit=10) == []


def test_the_newest_actions_of_a_merged_record_are_its_heirs_too(actions: ActionStore) -> None:
    heir = DEAL._replace(external_id="heir")
    for number in range(3):
        actions.claim(action(f"a{number}", created_at=NOW + number * MINUTE))

    for _ in range(2):
        actions.hand_on(DEAL, heir, limit=2)
    actions.hand_on(DEAL._replace(external_id="unknown"), heir, limit=2)

    assert [each.id for each in actions.of_record(heir, limit=10)] == ["a2", "a1"]
    assert [each.id for each in actions.of_record(DEAL, limit=10)] == ["a2", "a1", "a0"]


def test_an_action_is_found_by_its_record_as_it_is_now(actions: ActionStore) -> None:
    actions.claim(action())
    saved = actions.save(action(status=ActionStatus.SENDING))

    assert actions.of_record(DEAL, limit=10) == [saved]
