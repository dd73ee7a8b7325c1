"""Events for the chat app wait, end, and are taken up again, in both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.outbound import KEPT
from crmbridge.storage.items import EXPIRES, Items
from crmbridge.storage.outbound import OutboundStore

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def items(make_items: Callable[[str], Items]) -> Items:
    return make_items("control")


@pytest.fixture
def outbound(items: Items) -> OutboundStore:
    return OutboundStore(items)


def failed_ids(outbound: OutboundStore, workspace: str = "w1") -> list[str]:
    return [each.id for each in outbound.failed(workspace, limit=10, cursor=None).items]


def test_an_event_waits_until_it_is_delivered(outbound: OutboundStore) -> None:
    outbound.add("w1", "e1", {"type": "sync.failed"}, NOW)
    outbound.postpone("w1", "e1", NOW + HOUR, "503")
    waiting = outbound.get("w1", "e1")
    outbound.delivered("w1", "e1")

    assert waiting is not None
    assert (waiting.event, waiting.attempts, waiting.error) == ({"type": "sync.failed"}, 1, "503")
    assert waiting.next_attempt_at == NOW + HOUR
    assert outbound.get("w1", "e1") is None


def test_an_event_has_room_for_long_texts(outbound: OutboundStore) -> None:
    event = {"before": "😀" * 65_536, "after": "😃" * 65_536}

    outbound.add("w1", "e1", event, NOW)

    waiting = outbound.get("w1", "e1")
    assert waiting is not None
    assert waiting.event == event


def test_an_event_is_due_when_its_next_attempt_has_come(outbound: OutboundStore) -> None:
    outbound.add("w1", "now", {}, NOW)
    outbound.add("w1", "later", {}, NOW)
    outbound.postpone("w1", "later", NOW + HOUR, "503")

    assert outbound.due(NOW) == [("w1", "now")]
    assert sorted(outbound.due(NOW + HOUR)) == [("w1", "later"), ("w1", "now")]


def test_adding_an_event_again_changes_nothing(outbound: OutboundStore) -> None:
    outbound.add("w1", "e1", {"n": 1}, NOW)

    outbound.add("w1", "e1", {"n": 2}, NOW + HOUR)

    event = outbound.get("w1", "e1")
    assert event is not None
    assert event.event == {"n": 1}


def test_an_event_that_was_given_up_is_listed_for_a_month_and_no_longer_due(
    outbound: OutboundStore, items: Items
) -> None:
    outbound.add("w1", "e1", {"type": "x"}, NOW)
    outbound.add("w1", "e2", {"type": "x"}, NOW)

    outbound.give_up("w1", "e1", NOW, "410")

    (failed,) = outbound.failed("w1", limit=10, cursor=None).items
    assert (failed.id, failed.error, failed.attempts) == ("e1", "410", 1)
    assert outbound.due(NOW + HOUR) == [("w1", "e2")]
    assert (items.get("w1#outbound", "outbound#e1") or {})[EXPIRES] == (NOW + KEPT).timestamp()
    assert failed_ids(outbound, "w2") == []


def test_failed_events_are_listed_page_by_page_whatever_waits_between_them(outbound: OutboundStore) -> None:
    for number in range(9):
        outbound.add("w1", f"e{number}", {}, NOW)
        if number % 2:
            outbound.give_up("w1", f"e{number}", NOW, "410")

    first = outbound.failed("w1", limit=3, cursor=None)
    second = outbound.failed("w1", limit=3, cursor=first.cursor)

    assert [[each.id for each in page.items] for page in (first, second)] == [["e1", "e3", "e5"], ["e7"]]
    assert second.cursor is None


def test_a_failed_event_is_taken_up_again_once(outbound: OutboundStore, items: Items) -> None:
    outbound.add("w1", "e1", {}, NOW)
    too_early = outbound.reopen("w1", "e1", NOW)
    outbound.give_up("w1", "e1", NOW, "410")

    reopened = [outbound.reopen("w1", "e1", NOW + HOUR) for _ in range(2)]

    event = outbound.get("w1", "e1")
    assert (too_early, reopened) == (False, [True, False])
    assert event is not None
    assert event.since == NOW + HOUR
    assert outbound.due(NOW + HOUR) == [("w1", "e1")]
    assert EXPIRES not in (items.get("w1#outbound", "outbound#e1") or {})


@pytest.mark.parametrize("id", ["e1", ""])
def test_what_is_not_there_cannot_be_taken_up_nor_put_off(outbound: OutboundStore, id: str) -> None:
    outbound.postpone("w1", id, NOW, "503")
    outbound.give_up("w1", id, NOW, "503")

    assert not outbound.reopen("w1", id, NOW)
    assert outbound.get("w1", id) is None
