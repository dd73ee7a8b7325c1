"""Links, few and many: what a record's own list says and what its targets see are the same, whatever happens."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from crmbridge.domain.merging import UNSEEN
from crmbridge.domain.records import Link, RecordKey
from crmbridge.storage.items import Items, Write
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.record_items import SHARDS, partition
from crmbridge.storage.records import RecordStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NewKey = Callable[..., RecordKey]
Make = Callable[..., Any]


class Interrupted(MemoryItems):
    """A table that lets others in, or lets the writer die, before the n-th transaction."""

    def __init__(self) -> None:
        super().__init__("records")
        self.before: dict[int, Callable[[], object]] = {}
        self.transactions = 0

    def write_all(self, writes: Sequence[Write]) -> tuple[int, ...]:
        self.transactions += 1
        self.before.pop(self.transactions, lambda: None)()
        return super().write_all(writes)


def die() -> None:
    raise ConnectionAbortedError


def own_list(items: Items, key: RecordKey) -> list[str]:
    stored = RecordStore(items).get(key)
    links = stored.record.links.get("companies", ()) if stored else ()
    return sorted(link.external_id for link in links)


def seen_from_targets(items: Items, key: RecordKey) -> list[str]:
    """Every reverse edge in the table that names this record."""
    rows = [
        row
        for shard in range(SHARDS)
        for row in items.query(partition("w1", "c1", shard), "companies#").items
        if row["sk"].endswith(f"<contacts#{key.external_id}")
    ]
    return sorted(row["sk"].partition("<")[0].removeprefix("companies#") for row in rows)


def ids(numbers: Sequence[int]) -> list[str]:
    return sorted(str(number) for number in numbers)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (range(5), range(250)),
        (range(250), range(5)),
        (range(250), range(100, 400)),
        (range(100), range(100, 200)),
        (range(101), range(100)),
        (range(100), range(101)),
        (range(300), range(0)),
    ],
)
def test_links_beyond_a_transaction_move_completely(
    key: NewKey, see: Make, save: Make, before: range, after: range
) -> None:
    items = MemoryItems("records")
    records = RecordStore(items)
    assert save(records, see(links=before))

    assert save(records, see(links=after), read=1)

    assert own_list(items, key()) == seen_from_targets(items, key()) == ids(after)
    assert not save(records, see(links=after), read=2)


def test_labels_of_many_links_are_kept_and_renewed(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    old = tuple(Link("companies", f"{n}", "old") for n in range(120))
    new = tuple(Link("companies", f"{n}", "new", primary=n == 7) for n in range(120))
    save(records, see(links=()), read=0)
    save(records, see(), read=0)

    for read, links in enumerate((old, new), 1):
        seen = see()
        assert save(records, seen._replace(links={"companies": links}), read=read)

    stored = records.get(key())
    assert stored
    assert set(stored.record.links["companies"]) == set(new)


def test_a_writer_that_dies_is_finished_by_the_next_reading(key: NewKey, see: Make, save: Make) -> None:
    items = Interrupted()
    records = RecordStore(items)
    items.before = {4: die}
    with contextlib.suppress(ConnectionAbortedError):
        save(records, see(links=range(250)))
    assert own_list(items, key()) == seen_from_targets(items, key()) != ids(range(250))

    assert save(records, see(links=range(250)), read=1)

    assert own_list(items, key()) == seen_from_targets(items, key()) == ids(range(250))


def test_a_newer_reading_takes_over_from_one_that_is_still_moving(
    key: NewKey, see: Make, save: Make, decide: Make
) -> None:
    items = Interrupted()
    records = RecordStore(items)
    items.before = {3: lambda: save(records, see(links=range(200, 420)), read=5)}

    refused = records.write([decide(see(links=range(250)), UNSEEN)])

    assert refused == [key()]
    assert own_list(items, key()) == seen_from_targets(items, key()) == ids(range(200, 420))


@pytest.mark.parametrize("few", [[], ["1", "2"]])
def test_a_few_links_take_over_from_many(key: NewKey, see: Make, save: Make, few: list[str]) -> None:
    items = Interrupted()
    records = RecordStore(items)
    items.before = {3: die}
    with contextlib.suppress(ConnectionAbortedError):
        save(records, see(links=range(150)))

    assert save(records, see(links=few), read=1)

    assert own_list(items, key()) == seen_from_targets(items, key()) == few


LINKS = st.one_of(
    st.lists(st.integers(0, 9), unique=True, max_size=6),
    st.integers(80, 240).map(range).map(list),
    st.integers(0, 300).map(lambda first: list(range(first, first + 120))),
)
READINGS = st.lists(st.tuples(st.integers(0, 5), LINKS, st.integers(1, 8) | st.none()), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=READINGS)
def test_edges_equal_the_links_after_any_story(
    key: NewKey, see: Make, save: Make, readings: Sequence[tuple[int, list[int], int | None]]
) -> None:
    """Readings arrive in any order; some writers die on the way, some are overtaken by the next reading."""
    items = Interrupted()
    records = RecordStore(items)
    for read, links, dies_at in readings:
        items.transactions = 0
        items.before = {dies_at: die} if dies_at else {}
        with contextlib.suppress(ConnectionAbortedError):
            save(records, see(links=links), read=read)
        assert own_list(items, key()) == seen_from_targets(items, key())

    items.before = {}
    last = max(read for read, _, _ in readings) + 1
    save(records, see(links=readings[-1][1]), read=last)
    assert own_list(items, key()) == seen_from_targets(items, key()) == ids(readings[-1][1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outer=LINKS, inner=LINKS, at=st.integers(1, 6), order=st.sampled_from([(1, 2), (2, 1)]))
def test_of_two_writers_in_each_others_way_the_later_reading_stays(
    key: NewKey, see: Make, save: Make, outer: list[int], inner: list[int], at: int, order: tuple[int, int]
) -> None:
    items = Interrupted()
    records = RecordStore(items)
    save(records, see(links=range(110)))
    items.transactions = 0
    ran: list[bool] = []
    items.before = {at: lambda: ran.append(save(records, see(links=inner), read=order[1]))}

    save(records, see(links=outer), read=order[0])

    expected = inner if ran and order == (1, 2) else outer
    assert own_list(items, key()) == seen_from_targets(items, key())
    if set(inner) != set(range(110)) and set(outer) != set(range(110)):
        assert own_list(items, key()) == ids(expected)
