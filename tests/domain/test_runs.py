"""What a run comes to, and how long a task waits."""

import pytest
from crmbridge.domain.runs import Counts, Status, Task, add_counts, back_off, outcome, removal_limit


def task(status: Status) -> Task:
    return Task(id="t", run="r", workspace="w1", connection="c1", object="deals", status=status)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.SUCCESS, Status.SUCCESS], Status.SUCCESS),
        ([Status.SUCCESS, Status.PARTIAL], Status.PARTIAL),
        ([Status.SUCCESS, Status.FAILED], Status.PARTIAL),
        ([Status.FAILED, Status.FAILED], Status.FAILED),
    ],
)
def test_a_run_is_as_good_as_its_tasks(statuses: list[Status], expected: Status) -> None:
    assert outcome([task(status) for status in statuses]) is expected


def test_counts_add_up_per_kind() -> None:
    counts = add_counts({"deal": Counts(read=2, created=1)}, {"deal": Counts(read=1), "task": Counts(calls=4)})

    assert counts == {"deal": Counts(read=3, created=1), "task": Counts(calls=4)}


def test_waits_grow_to_a_quarter_of_an_hour_and_never_fall_below_what_the_crm_asked_for() -> None:
    waits = [back_off(attempts, 1.0).total_seconds() for attempts in range(12)]

    assert waits == sorted(waits)
    assert waits[-1] == 900
    assert back_off(0, 0.0, at_least=60).total_seconds() > 60


@pytest.mark.parametrize(("stored", "limit"), [(0, 20), (400, 20), (1000, 50)])
def test_a_sweep_may_remove_twenty_records_or_a_twentieth(stored: int, limit: int) -> None:
    assert removal_limit(stored) == limit
