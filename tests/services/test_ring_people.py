"""People who were mapped to a chat user, or to another one, are told without waiting for the next round."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.groups import Group, Held, Override, Support
from crmbridge.domain.records import Kind, Labelled, RecordKey
from crmbridge.services.evaluate_records import evaluate_message
from crmbridge.services.group_ports import Memberships
from crmbridge.services.manage_people import map_people
from crmbridge.services.ports import Deps
from crmbridge.services.ring_people import ring_people

DEAL = RecordKey("w1", "c1", "deals", "d1")
OTHER = RecordKey("w1", "c1", "deals", "d2")


@pytest.fixture(autouse=True)
def groups(deps: Deps) -> None:
    for id in ("g1", "g2"):
        deps.groups.add(Group(id=id, workspace="w1", name=id, channel=id, rules={}, created_at=deps.now()), 10)
    supports = [Support("g1", person, DEAL, 1, {}) for person in ("ann@example.test", "ben@example.test")]
    deps.memberships.settle(DEAL, Held(), groups_version=2, wanted=supports)


def test_members_among_them_are_told_again(deps: Deps) -> None:
    ring_people(deps, "w1", [" Ann@example.test", "nobody@example.test"])

    (message,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    assert message.body == {"workspace": "w1", "group": "g1", "persons": ["ann@example.test"]}


def test_their_contacts_are_evaluated_again(deps: Deps, put_record: Callable[..., RecordKey]) -> None:
    put_record("contacts", "c9", Kind.CONTACT, email="ann@example.test")

    ring_people(deps, "w1", ["ann@example.test"])

    (message,) = deps.queues.groups.take()  # type: ignore[attr-defined] # the memory twin's
    assert message.body == {"workspace": "w1", "records": [["c1", "contacts", "c9"]]}


def test_a_contact_is_found_by_any_of_its_emails(deps: Deps, put_record: Callable[..., RecordKey]) -> None:
    emails = (Labelled("ann@example.test", primary=True), Labelled("Ann@home.test"))
    put_record("contacts", "c9", Kind.CONTACT, email="ann@example.test", emails=emails)

    ring_people(deps, "w1", ["ann@home.test"])

    (message,) = deps.queues.groups.take()  # type: ignore[attr-defined] # the memory twin's
    assert message.body == {"workspace": "w1", "records": [["c1", "contacts", "c9"]]}


def test_each_group_with_a_row_for_them_is_told_and_no_other(deps: Deps) -> None:
    deps.memberships.set_override("w1", "g2", "cleo@example.test", Override.PINNED, "u1", deps.now())
    deps.memberships.settle(OTHER, Held(), groups_version=2, wanted=[Support("g2", "ann@example.test", OTHER, 1)])

    ring_people(deps, "w1", ["cleo@example.test", "ann@example.test"])

    told = {message.body["group"]: message.body["persons"] for message in deps.queues.chat.take()}  # type: ignore[attr-defined]
    assert told == {"g1": ["ann@example.test"], "g2": ["ann@example.test", "cleo@example.test"]}


def test_who_left_long_ago_is_told_of_too(deps: Deps) -> None:
    """A chat app that refused may still have them in."""
    deps.memberships.settle(DEAL, deps.memberships.held([DEAL])[DEAL], groups_version=2, wanted=[])

    ring_people(deps, "w1", ["ben@example.test"])

    (message,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    assert message.body["persons"] == ["ben@example.test"]


def test_a_deleted_group_is_not_told(deps: Deps) -> None:
    deps.groups.delete(deps.groups.get("w1", "g1"))

    ring_people(deps, "w1", ["ann@example.test"])

    assert deps.queues.chat.take() == []  # type: ignore[attr-defined] # the memory twin's


class Unread:
    """Memberships of which nobody may read all members of a group."""

    def __init__(self, memberships: Memberships) -> None:
        self._memberships = memberships

    def members(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("whole groups were read")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memberships, name)


def test_mapping_people_reads_no_whole_groups(deps: Deps, admin: Caller) -> None:
    watched = replace(deps, memberships=Unread(deps.memberships))

    map_people(watched, admin, {f"p{number}@example.test": f"U{number}" for number in range(250)})
    waiting = deps.queues.groups.take()  # type: ignore[attr-defined] # the memory twin's
    for message in waiting:
        evaluate_message(watched, message.body, deps.now() + timedelta(minutes=2))

    assert [len(message.body["people"]) for message in waiting] == [100, 100, 50]


def test_who_is_mapped_is_told_once_the_queue_was_worked_off(deps: Deps, admin: Caller) -> None:
    map_people(deps, admin, {" Ann@Example.test": "U1"})
    before = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's

    (message,) = deps.queues.groups.take()  # type: ignore[attr-defined] # the memory twin's
    evaluate_message(deps, message.body, deps.now() + timedelta(minutes=2))

    (bell,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    assert (before, bell.body["group"], bell.body["persons"]) == ([], "g1", ["ann@example.test"])


def test_of_another_workspace_nobody_is_rung(deps: Deps) -> None:
    ring_people(deps, "w2", ["ann@example.test"])

    assert deps.queues.chat.take() == []  # type: ignore[attr-defined] # the memory twin's
