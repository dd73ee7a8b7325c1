"""Runs end once, tasks have one worker, and nothing that waits is forgotten, in both stores."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.errors import Invalid, NotFound, Stale
from crmbridge.domain.runs import Counts, Run, RunType, Status, Task
from crmbridge.storage.items import Items, query_all
from crmbridge.storage.journal import RING_AGAIN, JournalStore

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def items(make_items: Callable[[str], Items]) -> Items:
    return make_items("journal")


@pytest.fixture
def journal(items: Items) -> JournalStore:
    return JournalStore(items, lambda: NOW)


def run(id: str = "r1", **fields: object) -> Run:
    begun = Run(id=id, workspace="w1", connection="c1", type=RunType.FULL, tasks=(f"{id}-t1",), started_at=NOW)
    return replace(begun, **fields)  # type: ignore[arg-type]  # spelled out by each test


def task(run: str = "r1", **fields: object) -> Task:
    planned = Task(
        id=f"{run}-t1", run=run, workspace="w1", connection="c1", object="deals", cursor={"after": "5"},
        window=("a", "b"), counts={"deal": Counts(read=3)},
    )  # fmt: skip
    return replace(planned, **fields)  # type: ignore[arg-type]  # spelled out by each test


def claimed(journal: JournalStore, until: datetime = NOW + MINUTE, now: datetime = NOW) -> Task:
    found = journal.claim("w1", "r1-t1", until, now)
    assert found is not None
    return found


def test_a_run_comes_back_with_its_tasks(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])

    assert journal.run("w1", "r1") == run()
    assert journal.tasks("w1", "r1") == [task()]


def test_a_foreign_run_is_an_unknown_run(journal: JournalStore) -> None:
    journal.add_run(run(), [])

    with pytest.raises(NotFound):
        journal.run("w2", "r1")


def test_runs_of_a_connection_are_listed_newest_first_page_by_page(journal: JournalStore) -> None:
    for number in range(5):
        journal.add_run(run(f"r{number}"), [])

    first = journal.runs("w1", "c1", limit=3, cursor=None)
    second = journal.runs("w1", "c1", limit=3, cursor=first.cursor)

    assert [each.id for each in first.items] == ["r4", "r3", "r2"]
    assert [each.id for each in second.items] == ["r1", "r0"]
    assert second.cursor is None
    assert journal.runs("w1", "c2", limit=3, cursor=None).items == []


@pytest.mark.parametrize("cursor", ["", "junk", "r1", "bnVsbA"])
def test_a_cursor_of_no_listing_is_refused(journal: JournalStore, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        journal.runs("w1", "c1", limit=3, cursor=cursor)


def test_a_run_is_finished_once(journal: JournalStore) -> None:
    journal.add_run(run(), [])
    ended = run(status=Status.SUCCESS, completed_at=NOW + MINUTE, counts={"deal": Counts(created=2)})

    assert journal.finish_run(ended)
    assert not journal.finish_run(replace(ended, status=Status.FAILED))
    assert journal.run("w1", "r1") == ended


def test_totals_add_up_while_the_run_is_under_way_and_survive_its_end(journal: JournalStore) -> None:
    journal.add_run(run(), [])
    journal.set_totals("w1", "r1", {"deal": 70})
    journal.set_totals("w1", "r1", {"contact": 900})

    journal.finish_run(run(status=Status.SUCCESS))

    assert journal.run("w1", "r1").totals == {"deal": 70, "contact": 900}


def test_totals_of_an_unknown_run_make_no_run(journal: JournalStore) -> None:
    journal.set_totals("w1", "r9", {"deal": 70})

    with pytest.raises(NotFound):
        journal.run("w1", "r9")


def test_a_task_has_one_worker_at_a_time(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])

    first = journal.claim("w1", "r1-t1", NOW + MINUTE, NOW)

    assert first == task(fence=1, lease_until=NOW + MINUTE)
    assert journal.claim("w1", "r1-t1", NOW + MINUTE, NOW) is None


def test_a_task_whose_worker_died_is_taken_over_from_its_last_checkpoint(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    first = claimed(journal)
    journal.checkpoint(replace(first, cursor={"after": "6"}))

    second = claimed(journal, NOW + 3 * MINUTE, NOW + 2 * MINUTE)

    assert (second.cursor, second.fence) == ({"after": "6"}, 2)
    with pytest.raises(Stale):
        journal.checkpoint(replace(first, cursor={"after": "7"}))


def test_a_checkpoint_keeps_the_lease_unless_it_is_released(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    journal.checkpoint(claimed(journal))
    kept = journal.claim("w1", "r1-t1", NOW + MINUTE, NOW)
    journal.checkpoint(journal.tasks("w1", "r1")[0], release=True)

    assert kept is None
    assert claimed(journal).fence == 2


def test_a_task_that_is_over_is_never_claimed_again(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    journal.checkpoint(replace(claimed(journal), status=Status.SUCCESS), release=True)

    assert journal.claim("w1", "r1-t1", NOW + MINUTE, NOW) is None
    assert journal.due_tasks(NOW + 60 * MINUTE) == []


def test_an_unknown_task_is_not_claimed(journal: JournalStore) -> None:
    assert journal.claim("w1", "r1-t1", NOW + MINUTE, NOW) is None
    assert journal.claim("w2", "r1-t1", NOW + MINUTE, NOW) is None


def test_a_task_is_rung_again_when_its_lease_ran_out(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    claimed(journal)

    assert journal.due_tasks(NOW) == []
    assert [each.id for each in journal.due_tasks(NOW + MINUTE)] == ["r1-t1"]


def test_a_postponed_task_is_rung_when_its_time_has_come(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    journal.checkpoint(replace(claimed(journal), next_attempt_at=NOW + 5 * MINUTE), release=True)

    assert journal.due_tasks(NOW + 4 * MINUTE) == []
    assert len(journal.due_tasks(NOW + 5 * MINUTE)) == 1
    assert claimed(journal).next_attempt_at is None


def test_a_task_whose_message_was_lost_is_rung_all_the_same(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])

    assert [each.id for each in journal.due_tasks(NOW + RING_AGAIN)] == ["r1-t1"]


def test_ids_of_all_pages_are_remembered_and_a_page_noted_twice_is_noted_once(journal: JournalStore) -> None:
    journal.add_run(run(), [task()])
    journal.checkpoint(task(pages=1), listed=["1", "2"])
    journal.checkpoint(task(pages=2), listed=["3"])
    journal.checkpoint(task(pages=2), listed=["3"])

    assert journal.noted_ids("w1", "r1-t1") == {"1", "2", "3"}
    assert journal.noted_ids("w2", "r1-t1") == set()


def test_a_redelivered_delivery_is_logged_once(journal: JournalStore) -> None:
    body = {"changes": [{"objectId": 1}], "text": "x" * 500_000}

    first = journal.log_delivery("w1", "c1", "d1", body)
    again = journal.log_delivery("w1", "c1", "d1", {})
    journal.log_delivery("w1", "c1", "d2", {})

    assert (first, again) == (True, False)
    assert journal.deliveries("w1", "c1", limit=9) == [{"id": "d2"}, {"id": "d1", **body}]
    assert len(journal.deliveries("w1", "c1", limit=1)) == 1


def test_the_audit_trail_keeps_everything_said_at_one_moment(journal: JournalStore, items: Items) -> None:
    journal.audit("w1", "connection.added", "u1", {"connection": "c1"})
    journal.audit("w1", "connection.added", "u1", {"connection": "c2"})

    rows = list(query_all(items, "w1#audit"))

    assert [(row["what"], row["who"]) for row in rows] == [("connection.added", "u1")] * 2
