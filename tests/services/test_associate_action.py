"""Without a word about links, a new record hangs on the record that its chat is linked to."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from crmbridge.domain.actions import Target
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services.link_chat import PanelWish, set_panel
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action

TASK: Mapping[str, Any] = {"type": "create_task", "fields": {"subject": "Call Ann"}}
COMPANY: Mapping[str, Any] = {"type": "create_company", "fields": {"name": "Acme"}}
PutRecord = Callable[..., RecordKey]
Links = Callable[..., tuple[Target, ...]]


@pytest.fixture(autouse=True)
def deal(deps: Deps, make_connection: Callable[..., Connection], put_record: PutRecord, member: Caller) -> RecordKey:
    """What the room is about."""
    make_connection()
    deps.connections.save_directories("w1", "c1", Directories(Account("48")))
    key = put_record("deals", "d1", Kind.DEAL, name="Renewal")
    set_panel(deps, member, "room", PanelWish(record=key))
    return key


@pytest.fixture
def links(deps: Deps, member: Caller) -> Links:
    def asked(body: Mapping[str, Any] = TASK, **more: Any) -> tuple[Target, ...]:
        return request_action(deps, member, {"connection": "c1", "chat": "room", **body, **more}, "k1")[0].links

    return asked


def test_it_hangs_on_what_the_chat_is_linked_to(links: Links) -> None:
    assert links() == (Target("deals", "d1"),)


def test_whoever_names_links_means_those_and_no_others(links: Links, put_record: PutRecord) -> None:
    put_record("contacts", "p1", Kind.CONTACT, last_name="Lee")

    assert links(links=[{"object": "contacts", "external_id": "p1"}]) == (Target("contacts", "p1"),)


def test_an_empty_list_says_with_nothing(links: Links) -> None:
    assert links(links=[]) == ()


@pytest.mark.parametrize("chat", ["", "elsewhere"])
def test_a_chat_that_is_linked_to_nothing_adds_nothing(links: Links, chat: str) -> None:
    assert links(chat=chat) == ()


def test_another_deal_does_not_hang_on_the_chats_own(links: Links) -> None:
    assert links({"type": "create_deal", "fields": {"name": "Another"}}) == ()


def test_an_update_has_a_target_and_no_links(links: Links) -> None:
    target = {"object": "deals", "external_id": "d1"}

    assert links({"type": "update_deal", "fields": {"name": "Renewed"}, "target": target}) == ()


def test_what_is_written_to_another_connection_does_not_hang_on_it(
    links: Links, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2")

    assert links(connection="c2") == ()


def test_a_record_that_is_gone_from_the_crm_adds_nothing(links: Links, put_record: PutRecord) -> None:
    put_record("deals", "d1", Kind.DEAL, state=State.DELETED)

    assert links() == ()


def test_it_follows_a_merge(links: Links, put_record: PutRecord) -> None:
    put_record("deals", "d2", Kind.DEAL, name="Renewal")
    put_record("deals", "d1", Kind.DEAL, state=State.MERGED, successor_id="d2")

    assert links() == (Target("deals", "d2"),)


def test_another_workspaces_chat_of_that_name_adds_nothing(
    deps: Deps, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c9", workspace="w2")
    body = {"connection": "c9", "chat": "room", **TASK}

    assert request_action(deps, Caller("w2", "u2", "member"), body, "k1")[0].links == ()
