"""Supports, the wanted state they add up to, and what happens when workers cross each other's way."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.errors import Invalid, Stale
from crmbridge.domain.groups import Held, Member, Override, Support
from crmbridge.domain.records import RecordKey
from crmbridge.storage.items import DUE, Items, query_all
from crmbridge.storage.keys import cursor_of
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEAL = RecordKey("w1", "c1", "deals", "1")
OTHER = RecordKey("w1", "c1", "deals", "2")


def support(
    person: str = "ann@x.com", group: str = "g1", record: RecordKey = DEAL, epoch: int = 1, **proof: Any
) -> Support:
    return Support(group, person, record, epoch, proof)


@pytest.fixture
def items(make_items: Callable[[str], Items]) -> Items:
    return make_items("memberships")


@pytest.fixture
def store(items: Items) -> MembershipStore:
    return MembershipStore(items)


Settle = Callable[..., None]


@pytest.fixture
def settle(store: MembershipStore) -> Settle:
    """As a worker does: read what is held, then settle."""

    def now(*wanted: Support, record: RecordKey = DEAL, groups_version: int = 1) -> None:
        held = store.held([record]).get(record, Held())
        store.settle(record, held, groups_version=groups_version, wanted=wanted)

    return now


def decide(store: MembershipStore, person: str = "ann@x.com", user: str | None = "u1", at: datetime = NOW) -> Member:
    """As the deliverer does: look at the member, then at the supports, then decide."""
    member = store.member("w1", "g1", person)
    left = len(store.supports("w1", "g1", person))
    return store.decide("w1", member, wanted="in" if left else "out", user=user, supports=left, now=at)


def test_a_settled_record_supports_whom_it_should_and_says_why(store: MembershipStore, settle: Settle) -> None:
    settle(support(rule="amount > 1000"), support("bob@x.com", "g2"))

    assert store.supports("w1", "g1", "ann@x.com") == [support(rule="amount > 1000")]
    assert store.held([DEAL])[DEAL].supports == (support(rule="amount > 1000"), support("bob@x.com", "g2"))


def test_settling_anew_lets_go_of_the_rest(store: MembershipStore, settle: Settle) -> None:
    settle(support(), support("bob@x.com"))

    settle(support("bob@x.com"), support("eve@x.com"))

    counts = [len(store.supports("w1", "g1", person)) for person in ("ann@x.com", "bob@x.com", "eve@x.com")]
    assert counts == [0, 1, 1]


def test_who_comes_or_goes_is_dirty_and_due_at_once(store: MembershipStore, settle: Settle) -> None:
    settle(support(), support("bob@x.com"))

    settle(support("bob@x.com"))

    assert [store.member("w1", "g1", person).dirty for person in ("ann@x.com", "bob@x.com")] == [2, 1]
    assert set(store.due(NOW)) == {("w1", "g1", "ann@x.com"), ("w1", "g1", "bob@x.com")}


def test_a_new_proof_rings_nobody(store: MembershipStore, settle: Settle) -> None:
    settle(support(rule="old"))

    settle(support(rule="new", epoch=2), groups_version=2)

    assert store.member("w1", "g1", "ann@x.com").dirty == 1
    assert store.supports("w1", "g1", "ann@x.com") == [support(rule="new", epoch=2)]


def test_a_decision_on_older_facts_is_refused(store: MembershipStore, settle: Settle) -> None:
    before = Held()
    settle(support())

    with pytest.raises(Stale):
        store.settle(DEAL, before, groups_version=1, wanted=[])


def test_a_record_that_supports_nobody_any_more_still_guards(store: MembershipStore, settle: Settle) -> None:
    before = Held()
    settle(support())
    settle()

    with pytest.raises(Stale):
        store.settle(DEAL, before, groups_version=1, wanted=[support()])


def test_a_decision_with_older_groups_is_refused(store: MembershipStore, settle: Settle) -> None:
    settle(support(), groups_version=5)

    with pytest.raises(Stale, match="newer groups"):
        settle(groups_version=4)


def test_many_supports_are_settled_in_steps(store: MembershipStore, settle: Settle) -> None:
    wanted = [support(f"p{n}@x.com") for n in range(60)]

    settle(*wanted)

    assert store.held([DEAL])[DEAL].version == 2
    assert all(store.supports("w1", "g1", one.person) == [one] for one in wanted)


def test_a_person_stays_while_any_support_is_left(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    settle(support(record=OTHER), record=OTHER)
    decide(store)

    settle()

    assert decide(store).wanted == "in"


def test_two_workers_dropping_one_support_each_end_with_out(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    settle(support(record=OTHER), record=OTHER)
    decide(store)

    settle()
    early = store.member("w1", "g1", "ann@x.com")
    settle(record=OTHER)

    with pytest.raises(Stale):
        store.decide("w1", early, wanted="in", user="u1", supports=1, now=NOW)
    assert decide(store).wanted == "out"


def test_every_change_of_the_wanted_state_counts_and_is_remembered(
    items: Items, store: MembershipStore, settle: Settle
) -> None:
    settle(support())
    decide(store)
    settle(support(rule="other"))
    settle()
    decide(store)

    history = [(row["wanted"], row["at"]) for row in query_all(items, "w1#g#g1", "history#")]
    assert store.member("w1", "g1", "ann@x.com").sequence == 2
    assert history == [("in", "2026-11-20T12:00:00.000000Z"), ("out", "2026-11-20T12:00:00.000000Z")]


def test_deciding_the_same_again_counts_nothing(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    first = decide(store)
    settle(support(record=OTHER), record=OTHER)

    second = decide(store)

    assert (second.sequence, second.supports, second.settled) == (first.sequence, 2, 2)
    assert second == store.member("w1", "g1", "ann@x.com")


def test_nobody_is_written_for_whom_nothing_was_ever_decided(items: Items, store: MembershipStore) -> None:
    assert decide(store, user=None) == Member(group="g1", person="ann@x.com")
    assert items.query("w1#g#g1").items == []


def test_a_decided_member_waits_until_it_is_delivered(store: MembershipStore, settle: Settle) -> None:
    settle(support())

    decided = decide(store)

    assert store.due(NOW) == []
    assert store.due(NOW + timedelta(minutes=2)) == [("w1", "g1", "ann@x.com")]
    store.delivered("w1", [decided])
    assert store.due(NOW + timedelta(days=1)) == []
    assert store.member("w1", "g1", "ann@x.com").delivered == 1


def test_a_member_touched_during_delivery_stays_due(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    decided = decide(store)
    settle()

    store.delivered("w1", [decided])

    member = store.member("w1", "g1", "ann@x.com")
    assert (member.delivered, member.dirty, member.settled) == (1, 2, 1)
    assert store.due(NOW) == [("w1", "g1", "ann@x.com")]


def test_an_old_acknowledgement_does_not_undo_a_newer_one(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    first = decide(store)
    settle()
    second = decide(store)

    store.delivered("w1", [second])
    store.delivered("w1", [first])

    assert store.member("w1", "g1", "ann@x.com").delivered == 2


def test_a_postponed_member_waits_until_then(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    decided = decide(store)

    store.postpone("w1", decided, NOW + timedelta(hours=1))

    assert store.due(NOW + timedelta(minutes=59)) == []
    assert store.due(NOW + timedelta(hours=1)) == [("w1", "g1", "ann@x.com")]


def test_who_is_touched_again_is_not_postponed(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    decided = decide(store)
    settle()

    store.postpone("w1", decided, NOW + timedelta(hours=1))

    assert store.due(NOW) == [("w1", "g1", "ann@x.com")]


def test_nobody_unknown_is_postponed_or_delivered(items: Items, store: MembershipStore) -> None:
    nobody = Member(group="g1", person="x")

    store.postpone("w1", nobody, NOW)
    store.delivered("w1", [nobody])

    assert items.query("w1#g#g1").items == []


def test_members_are_listed_page_by_page(store: MembershipStore, settle: Settle) -> None:
    settle(*(support(f"p{n}@x.com") for n in range(5)), support("elsewhere@x.com", "g2"))

    first = store.members("w1", "g1", limit=3, cursor=None)
    second = store.members("w1", "g1", limit=3, cursor=first.cursor)

    assert [member.person for member in (*first.items, *second.items)] == [f"p{n}@x.com" for n in range(5)]
    assert second.cursor is None


def test_a_broken_cursor_is_refused(store: MembershipStore) -> None:
    with pytest.raises(Invalid, match="cursor"):
        store.members("w1", "g1", limit=3, cursor="nonsense")


def test_a_person_with_separators_in_the_name_stays_apart(store: MembershipStore, settle: Settle) -> None:
    settle(support("a#b@x.com"))

    assert store.supports("w1", "g1", "a") == []
    assert store.due(NOW) == [("w1", "g1", "a#b@x.com")]
    assert store.member("w1", "g1", "a#b@x.com").dirty == 1


def test_forgetting_a_group_names_the_records_that_support_it(store: MembershipStore, settle: Settle) -> None:
    settle(support(), support("bob@x.com"))
    settle(support(group="g2", record=OTHER), record=OTHER)

    assert store.forget_group("w1", "g1") == [DEAL]


class Mortal(MemoryItems):
    """A table whose writer dies after so many transactions."""

    left = 10**9

    def write_all(self, writes: Any) -> tuple[int, ...]:
        if self.left == 0:
            raise ConnectionAbortedError
        self.left -= 1
        return super().write_all(writes)


def listed_and_stored(items: Items) -> tuple[set[Any], set[Any]]:
    """Supports as the record's list names them, and as the groups have them."""
    store = MembershipStore(items)
    held = store.held([DEAL]).get(DEAL, Held()).supports
    rows = [row for n in range(3) for row in query_all(items, f"w1#g#g{n}", "support#")]
    return {(one.group, one.person) for one in held}, {(row["pk"][-2:], row["sk"].split("#")[1]) for row in rows}


Places = set[tuple[str, int]]
PLACES = st.sets(st.tuples(st.sampled_from(["g0", "g1", "g2"]), st.integers(0, 60)), max_size=150)


def supports_at(places: Places) -> list[Support]:
    return [support(f"p{n}", group) for group, n in places]


@settings(max_examples=25, deadline=None)
@given(PLACES, PLACES, st.integers(0, 5))
def test_a_worker_that_dies_leaves_no_support_that_the_list_does_not_name(
    before: Places, after: Places, steps: int
) -> None:
    items = Mortal("memberships")
    store = MembershipStore(items)
    store.settle(DEAL, Held(), groups_version=1, wanted=supports_at(before))
    items.left = steps
    with contextlib.suppress(ConnectionAbortedError):
        store.settle(DEAL, store.held([DEAL])[DEAL], groups_version=1, wanted=supports_at(after))
    items.left = 10**9

    listed, stored = listed_and_stored(items)
    assert listed == stored
    store.settle(DEAL, store.held([DEAL])[DEAL], groups_version=1, wanted=supports_at(after))
    assert listed_and_stored(items)[1] == {(group, f"p{n}") for group, n in after}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), PLACES), min_size=1, max_size=12))
def test_workers_that_cross_each_other_end_with_the_last_decision(
    turns: Sequence[tuple[int, set[tuple[str, int]]]],
) -> None:
    items = MemoryItems("memberships")
    store = MembershipStore(items)
    looked = [Held()] * 3
    standing: Places = set()

    for worker, wanted in turns:
        try:
            store.settle(DEAL, looked[worker], groups_version=1, wanted=supports_at(wanted))
            standing = wanted
        except Stale:
            pass
        looked[worker] = store.held([DEAL]).get(DEAL, Held())

    listed, stored = listed_and_stored(items)
    assert listed == stored == {(group, f"p{n}") for group, n in standing}
    dirty = {row["sk"] for shard in range(8) for row in query_all(items, f"due#{shard}", index=DUE.name)}
    assert {f"member#{person}" for _, person in stored} <= dirty


def test_history_keeps_every_change_of_a_member(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    decide(store)
    settle()
    decide(store)

    lines = store.history("w1", "g1", "ann@x.com", limit=10, cursor=None).items

    assert [(line.sequence, line.wanted, line.at) for line in lines] == [(2, "out", NOW), (1, "in", NOW)]


def test_history_of_a_group_comes_in_pages_the_newest_first(store: MembershipStore, settle: Settle) -> None:
    settle(support(), support("bob@x.com"))
    decide(store, "bob@x.com")
    decide(store, at=NOW + timedelta(minutes=1))

    first = store.history("w1", "g1", None, limit=1, cursor=None)
    second = store.history("w1", "g1", None, limit=1, cursor=first.cursor)

    assert [line.person for page in (first, second) for line in page.items] == ["ann@x.com", "bob@x.com"]


def test_a_cursor_of_another_listing_is_refused(store: MembershipStore) -> None:
    members = cursor_of("ann@x.com")

    with pytest.raises(Invalid):
        store.history("w1", "g1", None, limit=1, cursor=members)


MIDNIGHT = NOW + timedelta(hours=12)


def test_a_record_waits_until_its_moment_has_come(store: MembershipStore) -> None:
    store.wake(DEAL, MIDNIGHT, NOW)

    early, late = (store.due_wakings("w1", moment, 10) for moment in (MIDNIGHT - timedelta(seconds=1), MIDNIGHT))
    assert (early, late, store.due_wakings("w2", MIDNIGHT, 10)) == ([], [DEAL], [])


def test_a_moment_to_come_gives_way_only_to_an_earlier_one(store: MembershipStore) -> None:
    store.wake(DEAL, MIDNIGHT, NOW)
    for at in (MIDNIGHT + timedelta(days=1), None, MIDNIGHT - timedelta(hours=1), MIDNIGHT):
        store.wake(DEAL, at, NOW)

    assert store.held([DEAL])[DEAL].wakes_at == MIDNIGHT - timedelta(hours=1)


@pytest.mark.parametrize("next", [MIDNIGHT + timedelta(days=1), None])
def test_a_moment_that_has_come_gives_way_to_any(store: MembershipStore, next: datetime | None) -> None:
    store.wake(DEAL, MIDNIGHT, NOW)
    store.wake(DEAL, next, MIDNIGHT)

    assert store.held([DEAL])[DEAL].wakes_at == next


def test_what_a_record_supports_and_when_it_wakes_do_not_touch_each_other(
    store: MembershipStore, settle: Settle
) -> None:
    store.wake(DEAL, MIDNIGHT, NOW)
    settle(support())
    store.wake(DEAL, MIDNIGHT - timedelta(hours=1), NOW)

    held = store.held([DEAL])[DEAL]
    assert (held.supports, held.wakes_at, held.version) == ((support(),), MIDNIGHT - timedelta(hours=1), 1)


def test_no_more_wakings_are_shown_than_asked_for(store: MembershipStore) -> None:
    for key in (DEAL, OTHER):
        store.wake(key, NOW, NOW - timedelta(hours=1))

    assert len(store.due_wakings("w1", NOW, 1)) == 1
    assert store.due(NOW) == []


def test_a_person_finds_every_group_with_a_row_for_them(store: MembershipStore, settle: Settle) -> None:
    settle(support(), support(group="g#2"), support("bob@x.com"))
    settle(support("bob@x.com"))
    store.set_override("w1", "g3", "ann@x.com", Override.PINNED, "u1", NOW)

    found = [set(store.groups_of(*of)) for of in (("w1", "ann@x.com"), ("w1", "eve@x.com"), ("w2", "ann@x.com"))]
    assert found == [{"g1", "g#2", "g3"}, set(), set()]


QUEUE = Support("g1", "owner 7", DEAL, 1, left_out="a queue, not a person")


def test_who_is_left_out_is_listed_and_is_no_member(store: MembershipStore, settle: Settle) -> None:
    settle(support(), QUEUE)

    assert list(store.left_out("w1", "g1", limit=10, cursor=None).items) == [QUEUE]
    assert [one.person for one in store.members("w1", "g1", limit=10, cursor=None).items] == ["ann@x.com"]
    assert (list(store.group_supports("w1", "g1")), store.supports("w1", "g1", "owner 7")) == ([support()], [])
    assert [row for row in store.due(NOW) if row[2] == "owner 7"] == []


def test_who_is_left_out_no_more_is_listed_no_more(store: MembershipStore, settle: Settle) -> None:
    settle(support(), QUEUE)
    held = store.held([DEAL])[DEAL].supports

    settle(support())

    assert (QUEUE in held, store.left_out("w1", "g1", limit=10, cursor=None).items) == (True, [])


def test_those_left_out_come_page_by_page(store: MembershipStore, settle: Settle) -> None:
    settle(*(replace(QUEUE, person=f"contacts/{number}") for number in range(5)))

    first = store.left_out("w1", "g1", limit=3, cursor=None)
    rest = store.left_out("w1", "g1", limit=3, cursor=first.cursor)

    assert [one.person for one in (*first.items, *rest.items)] == [f"contacts/{number}" for number in range(5)]
    assert rest.cursor is None


def test_a_cursor_of_members_leads_to_nobody_left_out(store: MembershipStore) -> None:
    with pytest.raises(Invalid, match="cursor"):
        store.left_out("w1", "g1", limit=3, cursor=cursor_of("ann@x.com"))


def test_a_forgotten_group_names_the_records_of_those_left_out(store: MembershipStore, settle: Settle) -> None:
    settle(support())
    settle(replace(QUEUE, record=OTHER), record=OTHER)

    assert set(store.forget_group("w1", "g1")) == {DEAL, OTHER}
