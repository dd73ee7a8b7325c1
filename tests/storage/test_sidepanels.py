"""A chat's link is there from both sides or from none, in both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.errors import Invalid, Stale
from crmbridge.domain.records import RecordKey
from crmbridge.domain.sidepanels import PanelLink, View
from crmbridge.storage.items import Items
from crmbridge.storage.sidepanels import SidepanelStore

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
DEAL = RecordKey("w1", "c1", "deals", "30077")
OTHER = DEAL._replace(external_id="30078")


@pytest.fixture
def sidepanels(make_items: Callable[[str], Items]) -> SidepanelStore:
    return SidepanelStore(make_items("control"))


def link(chat: str = "room", record: RecordKey = DEAL, minutes: int = 0) -> PanelLink:
    return PanelLink(chat=chat, record=record, linked_by="u1", linked_at=NOW + timedelta(minutes=minutes))


def chats(sidepanels: SidepanelStore, record: RecordKey) -> list[str]:
    return list(sidepanels.chats(record, limit=10, cursor=None).items)


def test_a_link_is_seen_from_the_chat_and_from_the_record(sidepanels: SidepanelStore) -> None:
    sidepanels.set_link(link(), None)

    assert sidepanels.link("w1", "room") == link()
    assert chats(sidepanels, DEAL) == ["room"]


def test_another_record_takes_the_place_of_the_first_on_both_sides(sidepanels: SidepanelStore) -> None:
    sidepanels.set_link(link(), None)

    sidepanels.set_link(link(record=OTHER, minutes=1), link())

    assert sidepanels.link("w1", "room") == link(record=OTHER, minutes=1)
    assert (chats(sidepanels, DEAL), chats(sidepanels, OTHER)) == ([], ["room"])


@pytest.mark.parametrize("before", [None, link(record=OTHER), link(minutes=5)])
def test_who_decided_on_an_older_link_loses(sidepanels: SidepanelStore, before: PanelLink | None) -> None:
    sidepanels.set_link(link(), None)

    with pytest.raises(Stale):
        sidepanels.set_link(link(record=OTHER, minutes=9), before)

    assert (chats(sidepanels, DEAL), chats(sidepanels, OTHER)) == (["room"], [])


def test_an_unlinked_chat_is_gone_from_both_sides(sidepanels: SidepanelStore) -> None:
    sidepanels.set_link(link(), None)

    sidepanels.remove_link(link())

    assert sidepanels.link("w1", "room") is None
    assert chats(sidepanels, DEAL) == []
    with pytest.raises(Stale):
        sidepanels.remove_link(link())


def test_chats_of_a_record_are_listed_page_by_page(sidepanels: SidepanelStore) -> None:
    for number in range(5):
        sidepanels.set_link(link(f"room {number}#>"), None)
    sidepanels.set_link(link("elsewhere", OTHER), None)

    first = sidepanels.chats(DEAL, limit=3, cursor=None)
    second = sidepanels.chats(DEAL, limit=3, cursor=first.cursor)

    assert [*first.items, *second.items] == [f"room {number}#>" for number in range(5)]
    assert second.cursor is None


@pytest.mark.parametrize("cursor", ["", "junk", "9#", "bnVsbA"])
def test_a_cursor_of_no_listing_is_refused(sidepanels: SidepanelStore, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        sidepanels.chats(DEAL, limit=3, cursor=cursor)


def test_each_person_has_a_view_of_each_chat(sidepanels: SidepanelStore) -> None:
    sidepanels.set_view("w1", "room", "u1", View(open=True, position="left"))

    assert sidepanels.view("w1", "room", "u1") == View(open=True, position="left")
    assert sidepanels.view("w1", "room", "u2") == View()
    assert sidepanels.view("w2", "room", "u1") == View()


def test_names_that_look_like_parts_of_a_key_reach_nobody_elses_panel(sidepanels: SidepanelStore) -> None:
    sidepanels.set_link(link("room#x"), None)

    assert sidepanels.link("w1#sidepanel", "room#x") is None
    assert sidepanels.link("w1", "room") is None
    assert chats(sidepanels, DEAL._replace(workspace="w2")) == []
