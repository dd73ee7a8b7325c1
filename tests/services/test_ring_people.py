"""People who were mapped to a chat user, or to another one, are told without waiting for the next round."""

from collections.abc import Callable

import pytest
from crmbridge.domain.groups import Group, Held, Support
from crmbridge.domain.records import Kind, Labelled, RecordKey
from crmbridge.services.ports import Deps
from crmbridge.services.ring_people import ring_people

DEAL = RecordKey("w1", "c1", "deals", "d1")


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


def test_of_another_workspace_nobody_is_rung(deps: Deps) -> None:
    ring_people(deps, "w2", ["ann@example.test"])

    assert deps.queues.chat.take() == []  # type: ignore[attr-defined] # the memory twin's
