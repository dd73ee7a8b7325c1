"""What admins set up stays within its workspace and its version, in both stores."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Connection, Health
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Type
from crmbridge.domain.workspaces import ApiKey, Endpoint
from crmbridge.storage.control import ConnectionStore, GroupStore, WorkspaceStore
from crmbridge.storage.items import Items
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.outbound import OutboundStore

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def items(make_items: Callable[[str], Items]) -> Items:
    return make_items("control")


@pytest.fixture
def connections(items: Items) -> ConnectionStore:
    return ConnectionStore(items)


@pytest.fixture
def groups(items: Items) -> GroupStore:
    return GroupStore(items)


@pytest.fixture
def workspaces(items: Items) -> WorkspaceStore:
    return WorkspaceStore(items)


def connection(id: str = "c1", workspace: str = "w1", **fields: Any) -> Connection:
    known = {"platform": "hubspot", "account": "48", "display_name": "Acme", "auth": "oauth", "base_url": ""}
    return Connection(id=id, workspace=workspace, **{**known, "created_at": NOW, "created_by": "u1", **fields})


def group(id: str = "g1", workspace: str = "w1") -> Group:
    rules = {"all": [{"field": "amount", "op": "gt", "value": 1000.5}]}
    return Group(id=id, workspace=workspace, name="Big", channel="big-deals", rules=rules, created_at=NOW)


def directories(noise: int = 0) -> Directories:
    chance = random.Random(7)
    fields = {f"f{number}": Field(f"f{number}", chance.randbytes(40).hex(), Type.TEXT) for number in range(noise)}
    return Directories(Account("48", "EUR", time_zone="Europe/Berlin"), fields={"deals": fields}, version="v1")


def test_a_connection_comes_back_as_it_was_added(connections: ConnectionStore) -> None:
    connections.add(connection(watermarks={"deals": "2026"}, scopes=("oauth",), full_due_at=NOW))

    assert connections.get("w1", "c1") == connection(watermarks={"deals": "2026"}, scopes=("oauth",), full_due_at=NOW)


@pytest.mark.parametrize("key", [("w2", "c1"), ("w1", "c2")])
def test_foreign_and_unknown_connections_look_alike(connections: ConnectionStore, key: tuple[str, str]) -> None:
    connections.add(connection())

    with pytest.raises(NotFound, match="there is no such connection"):
        connections.get(*key)


def test_a_connection_is_added_once(connections: ConnectionStore) -> None:
    connections.add(connection())

    with pytest.raises(Clash):
        connections.add(connection(display_name="Other"))

    assert connections.get("w1", "c1").display_name == "Acme"


def test_of_two_saves_of_one_version_one_wins(connections: ConnectionStore) -> None:
    connections.add(connection())
    read = connections.get("w1", "c1")

    saved = connections.save(replace(read, display_name="First"))
    with pytest.raises(Stale):
        connections.save(replace(read, display_name="Second"))

    assert saved.version == 1
    assert connections.get("w1", "c1") == saved


def test_a_workspace_lists_its_own_connections(connections: ConnectionStore) -> None:
    connections.add(connection("c1"))
    connections.add(connection("c2"))
    connections.add(connection("c3", "w2"))

    assert [each.id for each in connections.list("w1")] == ["c1", "c2"]


def test_an_account_knows_its_connections_in_every_workspace(connections: ConnectionStore) -> None:
    connections.add(connection("c1"))
    connections.add(connection("c2", "w2", health=Health.NEEDS_RECONNECT))
    connections.add(connection("c3", "w3", health=Health.DISCONNECTED))
    connections.add(connection("c4", "w4", account="49"))

    assert {each.workspace for each in connections.of_account("hubspot", "48")} == {"w1", "w2"}


def test_only_connections_that_may_be_asked_and_whose_time_has_come_are_due(connections: ConnectionStore) -> None:
    connections.add(connection("c1", incremental_due_at=NOW, full_due_at=NOW + HOUR))
    connections.add(connection("c2", incremental_due_at=NOW + HOUR))
    connections.add(connection("c3", incremental_due_at=NOW, health=Health.NEEDS_RECONNECT))
    connections.add(connection("c4"))

    assert [each.id for each in connections.due(NOW)] == ["c1"]


def test_a_deleted_connection_leaves_nothing(connections: ConnectionStore) -> None:
    connections.add(connection(incremental_due_at=NOW))
    connections.save_directories("w1", "c1", directories())

    connections.delete(connection())

    assert connections.list("w1") == []
    assert connections.due(NOW) == []
    assert connections.of_account("hubspot", "48") == []
    assert connections.directories("w1", "c1") is None


@pytest.mark.parametrize("noise", [0, 3, 10_000])
def test_directories_of_any_size_come_back(connections: ConnectionStore, noise: int) -> None:
    connections.save_directories("w1", "c1", directories(noise))

    assert connections.directories("w1", "c1") == directories(noise)


def test_smaller_directories_replace_larger_ones(connections: ConnectionStore) -> None:
    connections.save_directories("w1", "c1", directories(10_000))

    connections.save_directories("w1", "c1", directories(2))

    assert connections.directories("w1", "c1") == directories(2)


def test_unknown_directories_are_none(connections: ConnectionStore) -> None:
    connections.save_directories("w1", "c1", directories())

    assert connections.directories("w2", "c1") is None


def test_every_edit_of_a_group_moves_the_list_on(groups: GroupStore) -> None:
    groups.add(group(), cap=10)
    saved = groups.save(replace(groups.get("w1", "g1"), name="Bigger"))
    after_save = groups.snapshot("w1")
    groups.delete(saved)

    assert after_save == (2, [saved])
    assert groups.snapshot("w1") == (3, [])
    assert groups.snapshot("w2") == (0, [])


def test_a_group_comes_back_as_it_was_added(groups: GroupStore) -> None:
    groups.add(group(), cap=10)

    assert groups.get("w1", "g1") == group()
    with pytest.raises(NotFound):
        groups.get("w2", "g1")


def test_a_workspace_has_at_most_its_cap_of_groups_however_many_add_at_once() -> None:
    groups = GroupStore(MemoryItems("control"))  # moto's transactions are not atomic between threads

    def added(number: int) -> bool:
        try:
            groups.add(group(f"g{number}"), cap=3)
        except Clash:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(added, range(6)))

    assert sum(outcomes) == 3
    assert len(groups.snapshot("w1")[1]) == 3


def test_a_deleted_group_makes_room_once(groups: GroupStore) -> None:
    groups.add(group("g1"), cap=1)
    groups.delete(group("g1"))
    groups.delete(group("g1"))
    groups.add(group("g2"), cap=1)

    with pytest.raises(Clash, match="1 smart groups"):
        groups.add(group("g3"), cap=1)


def test_a_group_is_added_once_and_an_old_version_is_not_saved(groups: GroupStore) -> None:
    groups.add(group(), cap=10)
    groups.save(group())

    with pytest.raises(Clash, match="this id"):
        groups.add(group(), cap=10)
    with pytest.raises(Stale):
        groups.save(group())


def test_people_are_found_by_any_spelling_of_their_address(workspaces: WorkspaceStore) -> None:
    workspaces.map_people("w1", {"Mara@Lindqvist.test": "u7", "jo@x.test": "u8"})

    assert workspaces.people("w1", ["MARA@lindqvist.test ", "", "nobody@x.test"]) == {"mara@lindqvist.test": "u7"}
    assert workspaces.people("w2", ["mara@lindqvist.test"]) == {}


def test_a_person_mapped_to_nobody_is_forgotten(workspaces: WorkspaceStore) -> None:
    workspaces.map_people("w1", {"a@x.test": "u1", "b@x.test": "u2"})

    workspaces.map_people("w1", {"A@x.test": None})

    assert workspaces.list_people("w1") == {"b@x.test": "u2"}


def test_api_keys_belong_to_their_workspace(workspaces: WorkspaceStore) -> None:
    key = ApiKey("k1", "w1", "admin", "u1", "ci", "hash", NOW)
    workspaces.add_api_key(key)

    assert workspaces.api_key("w1", "k1") == key
    assert workspaces.api_key("w2", "k1") is None
    assert workspaces.api_keys("w1") == [key]
    with pytest.raises(Clash):
        workspaces.add_api_key(key)


def test_a_deleted_api_key_is_gone(workspaces: WorkspaceStore) -> None:
    workspaces.add_api_key(ApiKey("k1", "w1", "admin", "u1", "ci", "hash", NOW))

    workspaces.delete_api_key("w1", "k1")

    assert workspaces.api_keys("w1") == []


def test_a_workspace_has_one_endpoint(workspaces: WorkspaceStore) -> None:
    workspaces.set_endpoint("w1", Endpoint("https://old.test"))
    workspaces.set_endpoint("w1", Endpoint("https://chat.test/events", enabled=False))

    assert workspaces.endpoint("w1") == Endpoint("https://chat.test/events", enabled=False)
    assert workspaces.endpoint("w2") is None


def test_waiting_events_and_due_connections_are_not_mixed_up(items: Items, connections: ConnectionStore) -> None:
    outbound = OutboundStore(items)
    connections.add(connection(incremental_due_at=NOW))
    outbound.add("w1", "e1", {}, NOW)

    assert [each.id for each in connections.due(NOW)] == ["c1"]
    assert outbound.due(NOW) == [("w1", "e1")]


def test_a_check_is_due_in_a_day_unless_somebody_said_how_often(workspaces: WorkspaceStore) -> None:
    workspaces.keep_check("w1", NOW)
    workspaces.keep_check("w1", NOW + timedelta(hours=12))
    workspaces.set_check_minutes("w2", 30, NOW)
    workspaces.keep_check("w2", NOW)

    due = [set(workspaces.due_checks(NOW + timedelta(minutes=minutes))) for minutes in (29, 30, 24 * 60)]
    assert due == [set(), {"w2"}, {"w1", "w2"}]
    assert (workspaces.check_minutes("w1"), workspaces.check_minutes("w2")) == (None, 30)


def test_a_clock_is_due_from_when_it_was_rung(workspaces: WorkspaceStore) -> None:
    workspaces.ring_clock("w1", NOW)

    assert list(workspaces.due_clocks(NOW - timedelta(seconds=1))) == []
    assert list(workspaces.due_clocks(NOW)) == [("w1", NOW)]


@pytest.mark.parametrize("due", [NOW + timedelta(days=1), None])
def test_a_clock_that_was_rung_meanwhile_stays_due(workspaces: WorkspaceStore, due: datetime | None) -> None:
    workspaces.ring_clock("w1", NOW)
    workspaces.ring_clock("w1", NOW + timedelta(seconds=1))

    workspaces.set_clock("w1", NOW, due)

    assert list(workspaces.due_clocks(NOW + timedelta(hours=1))) == [("w1", NOW + timedelta(seconds=1))]


def test_a_clock_is_due_next_or_never(workspaces: WorkspaceStore) -> None:
    workspaces.ring_clock("w1", NOW)

    workspaces.set_clock("w1", NOW, NOW + timedelta(days=1))
    assert list(workspaces.due_clocks(NOW + timedelta(days=1))) == [("w1", NOW + timedelta(days=1))]

    workspaces.set_clock("w1", NOW + timedelta(days=1), None)
    assert list(workspaces.due_clocks(NOW + timedelta(days=2))) == []


def test_the_version_of_all_groups_rises_with_every_edit(groups: GroupStore) -> None:
    versions = [groups.version("w1")]
    groups.add(group("g1"), 5)
    versions.append(groups.version("w1"))
    groups.save(groups.get("w1", "g1"))
    versions.append(groups.version("w1"))
    groups.delete(groups.get("w1", "g1"))
    versions.append(groups.version("w1"))

    assert versions == sorted(set(versions))
    assert versions[-1] == groups.snapshot("w1")[0]
