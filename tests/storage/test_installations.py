"""Slack of a workspace, over both stores: one team each, whom we brought, and cards."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.errors import Clash
from crmbridge.domain.installations import Card, Installation, SlackPerson, Writers
from crmbridge.storage.installations import InstallationStore
from crmbridge.storage.items import Items

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACME = Installation(
    workspace="w1", team="T1", team_name="Acme", bot="UBOT", installer="U1", installed_by="ada", installed_at=NOW
)
CARD = Card(action="a1", channel="C1", user="U1")


@pytest.fixture
def store(make_items: Callable[[str], Items]) -> InstallationStore:
    return InstallationStore(make_items("control"))


def test_an_installation_is_found_by_workspace_and_by_team(store: InstallationStore) -> None:
    store.save(ACME)

    assert store.of_workspace("w1") == store.of_team("T1") == ACME
    assert (store.of_workspace("w2"), store.of_team("T2")) == (None, None)


def test_a_team_belongs_to_one_workspace_and_a_workspace_has_one(store: InstallationStore) -> None:
    store.save(ACME)

    with pytest.raises(Clash, match="another workspace"):
        store.save(replace(ACME, workspace="w2"))
    with pytest.raises(Clash, match="another Slack team"):
        store.save(replace(ACME, team="T2"))

    assert (store.of_team("T1"), store.of_team("T2"), store.of_workspace("w2")) == (ACME, None, None)


def test_installing_again_replaces_what_was_there(store: InstallationStore) -> None:
    store.save(ACME)

    store.save(replace(ACME, scopes=("commands",)))

    assert store.of_team("T1") == replace(ACME, scopes=("commands",))


def test_what_admins_set_up_at_once_is_all_kept_and_outlives_a_new_installation(store: InstallationStore) -> None:
    store.save(ACME)

    store.set_up("w1", shows_amounts=True)
    store.set_up("w1", writers="people")
    store.save(ACME)

    assert store.of_team("T1") == replace(ACME, shows_amounts=True, writers=Writers.PEOPLE)


def test_what_is_removed_leaves_nothing_of_people_behind(store: InstallationStore) -> None:
    store.save(ACME)
    store.keep_person("w1", "U1", SlackPerson("ada@example.test"), NOW)
    store.note_brought("w1", "C1", ["U1"])

    store.remove(ACME)

    assert (store.of_team("T1"), store.of_workspace("w1"), store.person("w1", "U1", NOW)) == (None, None, None)
    assert store.brought("w1", "C1", ["U1"]) == set()
    store.save(replace(ACME, workspace="w2"))


def test_removing_late_leaves_a_newer_installation_alone(store: InstallationStore) -> None:
    store.save(ACME)
    store.remove(ACME)
    store.save(replace(ACME, workspace="w2"))

    store.remove(ACME)

    assert store.of_team("T1") == replace(ACME, workspace="w2")


def test_a_person_is_known_for_a_day(store: InstallationStore) -> None:
    ada = SlackPerson("ada@example.test", "Europe/Berlin")
    store.keep_person("w1", "U1", ada, NOW)

    assert store.person("w1", "U1", NOW + timedelta(hours=23)) == ada
    assert store.person("w1", "U1", NOW + timedelta(hours=25)) is None
    assert store.person("w2", "U1", NOW) is None


def test_whom_we_brought_is_remembered_per_channel(store: InstallationStore) -> None:
    store.note_brought("w1", "C1", ["U1", "U2"])
    store.forget_brought("w1", "C1", ["U2"])

    assert store.brought("w1", "C1", ["U1", "U2", "U3"]) == {"U1"}
    assert store.brought("w1", "C2", ["U1"]) == set()


def test_a_card_is_wanted_once_and_then_posted(store: InstallationStore) -> None:
    store.want_card("w1", CARD, NOW)
    store.posted("w1", CARD, "D1", "7.1")

    store.want_card("w1", CARD, NOW)

    assert store.card("w1", "a1") == replace(CARD, channel="D1", ts="7.1")
    assert store.card("w2", "a1") is None


def test_a_persons_actions_come_the_newest_first(store: InstallationStore) -> None:
    for minute, action in enumerate(("a1", "a2", "a3")):
        store.want_card("w1", replace(CARD, action=action), NOW + timedelta(minutes=minute))

    assert store.asked_by("w1", "U1", 2) == ["a3", "a2"]
    assert store.asked_by("w1", "U2", 2) == []
