"""Goodbye takes what is the connection's own, and nothing of anybody else's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Health
from crmbridge.domain.errors import (
    NotFound,
    ReauthRequired,
)
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.add_connection import add_connection
from crmbridge.services.disconnect import LAST_WORKER, disconnect
from crmbridge.services.forget_connection import forget_connection
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.read_connections import list_connections, read_connection
from crmbridge.services.schedule_work import schedule_work
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.records import RecordStore

UNINSTALL_PATH = "/appinstalls/2026-03/external-install"
ADA = Caller("w1", "u1", "admin")
ZOE = Caller("w2", "u9", "admin")


def test_two_workspaces_share_an_account_and_part_without_hurting_each_other(
    connect: Any, deps: Deps, remote: Any
) -> None:
    mine, theirs = connect(ADA).connection, connect(ZOE).connection

    disconnect(deps, ADA, mine.id)

    assert list_connections(deps, ADA) == []
    assert open_api(deps, deps.connections.get("w2", theirs.id), "click").get("/crm/v3/owners") == {"results": []}
    assert remote.count(UNINSTALL_PATH) == 0


def test_the_last_connection_of_an_account_takes_the_app_with_it(connect: Any, deps: Deps, remote: Any) -> None:
    mine, theirs = connect(ADA).connection, connect(ZOE).connection

    disconnect(deps, ADA, mine.id)
    disconnect(deps, ZOE, theirs.id)

    assert remote.count(UNINSTALL_PATH) == 1


def test_a_disconnected_connection_is_gone_at_once(connect: Any, deps: Deps) -> None:
    connection = connect().connection

    disconnect(deps, ADA, connection.id)

    with pytest.raises(NotFound):
        read_connection(deps, ADA, connection.id)
    with pytest.raises(ReauthRequired):
        deps.vault.read(connection)


def test_it_leaves_nothing_of_its_own(
    make_connection: Any, hubspot: Any, deps: Deps, put_record: Any, forgotten: Callable[..., int], clock: Any
) -> None:
    """A worker that read before the goodbye stores after it."""
    make_connection(auth="token")
    early = put_record("contacts", "1", Kind.CONTACT)
    disconnect(deps, ADA, "c1")
    forgotten()
    late = put_record("contacts", "2", Kind.CONTACT)

    clock.advance(LAST_WORKER.total_seconds())
    schedule_work(deps, clock())
    forgotten()

    assert deps.records.get_many([early, late]) == {}
    assert deps.connections.disconnected("w1", "c1") is None
    assert schedule_work(deps, clock() + timedelta(days=1))["runs"] == forgotten() == 0


def test_a_goodbye_that_was_interrupted_is_finished_by_the_schedule(
    connect: Any, deps: Deps, remote: Any, clock: Any, forgotten: Callable[..., int]
) -> None:
    connection = connect().connection
    interrupted = replace(deps, vault=None)  # type: ignore[arg-type] # as good as a crash

    with pytest.raises(AttributeError):
        disconnect(interrupted, ADA, connection.id)
    schedule_work(deps, clock())
    forgotten()

    assert remote.count(UNINSTALL_PATH) == 1
    with pytest.raises(ReauthRequired):
        deps.vault.read(connection)


def test_a_large_account_is_forgotten_in_several_messages(
    make_connection: Any, hubspot: Any, deps: Deps, put_record: Any, forgotten: Callable[..., int]
) -> None:
    make_connection(auth="token")
    keys: list[RecordKey] = [put_record("contacts", str(id), Kind.CONTACT) for id in range(1100)]
    disconnect(deps, ADA, "c1")

    assert forgotten(timedelta(seconds=1)) == 3

    assert deps.records.get_many(keys) == {}


def test_two_messages_at_once_are_one_too_many_and_no_harm(
    make_connection: Any, hubspot: Any, deps: Deps, clock: Any
) -> None:
    make_connection(auth="token")
    disconnect(deps, ADA, "c1")

    class Overtaken(RecordStore):
        def forget(self, workspace: str, connection: str, *, limit: int) -> int:
            forget_connection(deps, workspace, connection, deadline=clock() + timedelta(minutes=5))
            return 0

    overtaken = replace(deps, records=Overtaken(MemoryItems("records")))
    forget_connection(overtaken, "w1", "c1", deadline=clock() + timedelta(minutes=5))

    assert [connection.id for connection in deps.connections.due(clock() + LAST_WORKER)] == ["c1"]
    assert list(deps.connections.due(clock())) == []


def test_what_is_connected_is_never_forgotten(make_connection: Any, deps: Deps, put_record: Any, clock: Any) -> None:
    make_connection()
    key = put_record("contacts", "1", Kind.CONTACT)

    forget_connection(deps, "w1", "c1", deadline=clock() + timedelta(minutes=5))

    assert deps.records.get(key) is not None


@pytest.fixture
def forgotten(deps: Deps, clock: Any) -> Callable[..., int]:
    """Work off the messages that ask for it; how many there were."""

    def work(time: timedelta = timedelta(minutes=5)) -> int:
        messages = 0
        while bells := [bell for bell in deps.queues.pages.take() if "forget" in bell.body]:  # type: ignore[attr-defined] # the memory twin's
            for bell in bells:
                forget_connection(deps, "w1", bell.body["forget"], deadline=clock() + time)
                messages += 1
        return messages

    return work


@pytest.mark.parametrize("answer", [(503, {}), (401, {}), (429, {})])
def test_a_crm_in_trouble_does_not_hold_a_disconnect_up(connect: Any, deps: Deps, hubspot: Any, answer: Any) -> None:
    connection = connect().connection
    hubspot.broken[UNINSTALL_PATH] = answer

    disconnect(deps, ADA, connection.id)

    assert list_connections(deps, ADA) == []


def test_a_foreign_connection_is_an_unknown_one(connect: Any, deps: Deps) -> None:
    connection = connect().connection

    with pytest.raises(NotFound):
        disconnect(deps, ZOE, connection.id)

    assert deps.connections.get("w1", connection.id).health is Health.CONNECTED


def test_disconnecting_a_token_leaves_the_app_alone(connect: Any, deps: Deps, remote: Any) -> None:
    connection = add_connection(deps, ADA, "hubspot", {"token": "pat-48"})

    disconnect(deps, ADA, connection.id)

    assert remote.count(UNINSTALL_PATH) == 0
