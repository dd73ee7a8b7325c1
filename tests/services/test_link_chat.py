"""A chat is about one record, for everybody; how the panel looks is each person's own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.sidepanels import View
from crmbridge.services.edit_record import Wish, edit_record
from crmbridge.services.fan_out import fan_out
from crmbridge.services.link_chat import PanelWish, chats_of_record, linked_record, set_panel, unlink_chat
from crmbridge.services.move_panels import move_panels
from crmbridge.services.ports import Deps
from crmbridge.services.read_panel import read_panel

PutRecord = Callable[..., RecordKey]


@pytest.fixture
def deal(make_connection: Callable[..., Connection], put_record: PutRecord) -> RecordKey:
    make_connection()
    return put_record("deals", "1", Kind.DEAL, name="Renewal")


@pytest.fixture
def viewer() -> Caller:
    return Caller("w1", "u3", "viewer")


def chats(deps: Deps, caller: Caller, key: RecordKey) -> list[Any]:
    return [item["chat"] for item in chats_of_record(deps, caller, key, limit=10, cursor=None)["items"]]


def test_a_chat_is_linked_to_a_record_and_found_from_it(deps: Deps, member: Caller, deal: RecordKey) -> None:
    set_panel(deps, member, "room", PanelWish(record=deal))

    link, stored = linked_record(deps, "w1", "room")
    assert link is not None
    assert stored is not None
    assert (stored.key, link.linked_by) == (deal, "u2")
    assert chats(deps, member, deal) == ["room"]


def test_linking_again_changes_nothing_and_another_record_takes_over(
    deps: Deps, member: Caller, admin: Caller, deal: RecordKey, put_record: PutRecord
) -> None:
    other = put_record("contacts", "7", Kind.CONTACT, email="ann@client.test")
    for caller, key in ((member, deal), (admin, deal)):
        set_panel(deps, caller, "room", PanelWish(record=key))
    first = deps.sidepanels.link("w1", "room")

    set_panel(deps, admin, "room", PanelWish(record=other))

    assert first is not None
    assert first.linked_by == "u2"
    assert (chats(deps, member, deal), chats(deps, member, other)) == ([], ["room"])


def test_the_view_is_the_callers_own_and_stays_when_the_chat_is_unlinked(
    deps: Deps, member: Caller, deal: RecordKey
) -> None:
    set_panel(deps, member, "room", PanelWish(record=deal, open=True, position="left"))
    set_panel(deps, member, "room", PanelWish(open=False))

    unlink_chat(deps, member, "room")

    assert deps.sidepanels.view("w1", "room", "u2") == View(open=False, position="left")
    assert deps.sidepanels.view("w1", "room", "u1") == View()
    assert linked_record(deps, "w1", "room") == (None, None)


def test_unlinking_what_is_not_linked_changes_nothing(deps: Deps, member: Caller) -> None:
    unlink_chat(deps, member, "room")

    assert linked_record(deps, "w1", "room") == (None, None)


def test_who_may_not_write_has_a_view_and_links_nothing(deps: Deps, viewer: Caller, deal: RecordKey) -> None:
    set_panel(deps, viewer, "room", PanelWish(open=True))

    with pytest.raises(Forbidden):
        set_panel(deps, viewer, "room", PanelWish(record=deal, open=False))
    with pytest.raises(Forbidden):
        unlink_chat(deps, viewer, "room")

    assert deps.sidepanels.view("w1", "room", "u3") == View(open=True)


def test_unknown_and_foreign_records_are_not_linked(deps: Deps, member: Caller, deal: RecordKey) -> None:
    stranger = Caller("w2", "u9", "admin")

    for caller, key in (
        (member, deal._replace(external_id="404")),
        (member, deal._replace(connection="c9")),
        (stranger, deal._replace(workspace="w2")),
    ):
        with pytest.raises(NotFound):
            set_panel(deps, caller, "room", PanelWish(record=key))
        with pytest.raises(NotFound):
            chats_of_record(deps, caller, key, limit=10, cursor=None)

    assert deps.sidepanels.link("w1", "room") is None


def test_what_is_wrong_with_a_link_is_named(deps: Deps, member: Caller, deal: RecordKey, put_record: PutRecord) -> None:
    task = put_record("tasks", "5", Kind.TASK, subject="Call")

    with pytest.raises(Invalid, match="record: is a task"):
        set_panel(deps, member, "room", PanelWish(record=task))
    with pytest.raises(Invalid, match="record: names nothing"):
        set_panel(deps, member, "room", PanelWish())


def test_a_link_follows_a_merge_on_both_sides(
    deps: Deps, member: Caller, deal: RecordKey, put_record: PutRecord
) -> None:
    set_panel(deps, member, "room", PanelWish(record=deal))
    survivor = put_record("deals", "2", Kind.DEAL, name="Renewal")
    put_record("deals", "1", Kind.DEAL, state=State.MERGED, successor_id="2")

    _, stored = linked_record(deps, "w1", "room")

    assert stored is not None
    assert stored.key == survivor
    assert chats(deps, member, deal) == chats(deps, member, survivor) == ["room"]


def test_chats_follow_a_merge_before_anybody_looks(
    deps: Deps, member: Caller, deal: RecordKey, put_record: PutRecord
) -> None:
    rooms = [f"room {number:03}" for number in range(120)]
    for room in rooms:
        set_panel(deps, member, room, PanelWish(record=deal))
    survivor = put_record("deals", "2", Kind.DEAL, name="Renewal")
    put_record("deals", "1", Kind.DEAL, state=State.MERGED, successor_id="2")

    move_panels(deps, "w1", [["c1", "deals", "1"]])
    move_panels(deps, "w1", [["c1", "deals", "1"]])

    found = chats_of_record(deps, member, survivor, limit=200, cursor=None)["items"]
    assert [item["chat"] for item in found] == rooms
    assert deps.sidepanels.chats(deal, limit=9, cursor=None).items == []


def test_what_was_done_about_a_merged_record_is_seen_beside_the_one_it_lives_on_as(
    deps: Deps, member: Caller, deal: RecordKey, put_record: PutRecord
) -> None:
    set_panel(deps, member, "room", PanelWish(record=deal))
    wish = Wish(fields={"name": "Renewed"})
    asked = edit_record(deps, member, deal, wish, "k1")
    put_record("deals", "2", Kind.DEAL, name="Renewal")
    put_record("deals", "1", Kind.DEAL, state=State.MERGED, successor_id="2")

    move_panels(deps, "w1", [["c1", "deals", "1"]])

    panel = read_panel(deps, member, "room")
    assert panel["linked"]["external_id"] == "2"
    assert [action.id for action in panel["recent_actions"]] == [asked.id]
    assert next(each["pending"]["value"] for each in panel["fields"] if each["name"] == "name") == "Renewed"


def test_the_news_of_a_merge_rings_for_panels(deps: Deps, deal: RecordKey) -> None:
    cause = Cause(Origin.WEBHOOK)
    moved = RecordMoved(deal, Kind.DEAL, State.LIVE, State.MERGED, cause, parts=("core",))
    gone = replace(moved, key=deal._replace(external_id="9"), state=State.DELETED)

    fan_out(deps, [moved, gone])

    (message,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    assert message.body == {"workspace": "w1", "moved": [["c1", "deals", "1"]]}
