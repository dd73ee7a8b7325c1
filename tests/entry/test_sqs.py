"""Which messages of a batch are done, and which SQS should bring back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from crmbridge.domain.errors import Busy, Invalid, Misconfigured, NotFound, Problem, Stale
from crmbridge.entry.sqs import Body, Worker, settle_batch

Queued = Callable[..., dict[str, Any]]


class Bench:
    """Work that fails where it is told to, and remembers what it was given."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.done: list[str] = []

    def __call__(self, body: Body) -> None:
        if body["id"] in self.failures:
            raise self.failures[body["id"]]
        self.done.append(body["id"])


def failed(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_a_batch_that_is_done_brings_nothing_back(queued: Queued) -> None:
    bench = Bench()

    answer = settle_batch(queued({"id": "a"}, {"id": "b"}), bench, orjson.loads)

    assert (failed(answer), bench.done) == ([], ["a", "b"])


@pytest.mark.parametrize("error", [Busy("x"), Stale("x"), Misconfigured("x"), KeyError("x")])
def test_what_may_pass_comes_back_alone(queued: Queued, error: Exception) -> None:
    bench = Bench(a=error)

    answer = settle_batch(queued({"id": "a"}, {"id": "b"}), bench, orjson.loads)

    assert (failed(answer), bench.done) == (["m0"], ["b"])


@pytest.mark.parametrize("error", [NotFound("x"), Invalid(Problem("a", "b"))])
def test_what_is_final_does_not_come_back(queued: Queued, error: Exception) -> None:
    answer = settle_batch(queued({"id": "a"}), Bench(a=error), orjson.loads)

    assert failed(answer) == []


def test_a_body_that_cannot_be_read_comes_back(queued: Queued) -> None:
    assert failed(settle_batch(queued("{"), Bench(), orjson.loads)) == ["m0"]


def test_a_failure_holds_back_its_own_group_of_a_fifo_queue_and_no_other(queued: Queued) -> None:
    bench = Bench(a=Busy("x"))
    event = queued({"id": "a"}, {"id": "b"}, {"id": "c"}, groups=("one", "two", "one"))

    answer = settle_batch(event, bench, orjson.loads)

    assert (failed(answer), bench.done) == (["m0", "m2"], ["b"])


def test_a_parked_body_is_fetched_before_the_work_begins(queued: Queued) -> None:
    bench = Bench()

    settle_batch(queued({"parked": "key"}), bench, lambda text: {"id": f"what {text} stood for"})

    assert bench.done == ['what {"parked":"key"} stood for']


def test_work_is_told_when_lambda_will_stop_it(queued: Queued, context: Any) -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    told: list[datetime] = []
    worker = Worker(lambda deps, body, deadline: told.append(deadline), orjson.loads)

    worker(SimpleNamespace(now=lambda: now), queued({"id": "a"}), context)  # type: ignore[arg-type] # only the clock

    assert told == [now + timedelta(seconds=60)]
