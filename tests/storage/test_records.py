"""Records, their edges, and the ways to find them."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.errors import Invalid, TooLarge
from crmbridge.domain.merging import Head
from crmbridge.domain.records import Kind, Link, RecordKey, State
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.record_items import SHARDS
from crmbridge.storage.records import RecordStore

NewKey = Callable[..., RecordKey]
Make = Callable[..., Any]


def linked_ids(records: RecordStore, key: RecordKey) -> list[str]:
    stored = records.get(key)
    return [link.external_id for link in stored.record.links["companies"]] if stored else []


def test_a_stored_record_comes_back_with_links_cause_and_ord(
    records: RecordStore, key: NewKey, see: Make, decide: Make
) -> None:
    write = decide(see(links=["7", "8"], says="open"), name="Zoë")

    assert records.write([write]) == []

    stored = records.get(key())
    assert stored
    assert stored.record.fields == {"first_name": "Zoë", "lead_status": "open"}
    assert stored.record.links == {"companies": (Link("companies", "7"), Link("companies", "8"))}
    assert (stored.cause, stored.ord) == (write.cause, write.verdict.parts[0].mark.ord)


def test_an_unknown_record_is_none(records: RecordStore, key: NewKey) -> None:
    assert records.get(key()) is None


def test_links_are_found_from_their_target(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see("1", links=["7"]))
    save(records, see("2", links=["7", "8"]))

    assert sorted(records.linked(key("7", "companies"), "contacts")) == ["1", "2"]
    assert records.linked(key("8", "companies"), "contacts") == ["2"]
    assert records.linked(key("7", "companies"), "deals") == []


def test_of_many_links_to_a_target_a_few_can_be_asked_for(
    records: RecordStore, key: NewKey, see: Make, save: Make
) -> None:
    for number in range(5):
        save(records, see(str(number), links=["7"]))

    assert records.linked(key("7", "companies"), "contacts", limit=3) == ["0", "1", "2"]


def test_a_link_that_goes_takes_its_edge_along(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see(links=["7", "8"]))

    save(records, see(links=["8", "9"]), read=1)

    assert linked_ids(records, key()) == ["8", "9"]
    assert [records.linked(key(id, "companies"), "contacts") for id in "789"] == [[], ["1"], ["1"]]


def test_a_write_judged_by_an_old_head_is_refused_whole(
    records: RecordStore, key: NewKey, see: Make, save: Make, decide: Make
) -> None:
    save(records, see(links=["7"]))
    old = records.heads([key()])[key()]
    save(records, see(updated=5, says="newer", links=["8"]), read=5)

    refused = records.write([decide(see(updated=4, says="late", links=["9"]), old, read=4)])

    assert refused == [key()]
    assert linked_ids(records, key()) == ["8"]
    assert records.linked(key("9", "companies"), "contacts") == []


def test_one_refused_record_does_not_hold_back_the_others(
    records: RecordStore, key: NewKey, see: Make, save: Make, decide: Make
) -> None:
    save(records, see("3"))
    writes = [decide(see(f"{n}", links=["7"]), Head()) for n in range(150)]

    refused = records.write(writes)

    assert refused == [key("3")]
    assert len(records.linked(key("7", "companies"), "contacts")) == 149


def test_heads_know_only_the_targets_asked_for(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see(links=["7"]))

    core_only = records.heads([key(), key("unknown")], [])

    assert {id: list(head.marks) for id, head in core_only.items()} == {key(): ["core"]}
    assert list(records.heads([key()])[key()].marks) == ["core", "links.companies"]


def test_links_written_alone_leave_the_content(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see(says="open"), name="Ann", email="ann@example.com")

    save(records, see(says="open", links=["7"]), read=3)

    stored = records.get(key())
    assert stored
    assert stored.record.fields["first_name"] == "Ann"
    assert records.by_email("w1", "ann@example.com") == [stored]


def test_a_tombstone_keeps_the_last_content_and_leaves_the_indexes(
    records: RecordStore, key: NewKey, see: Make, save: Make
) -> None:
    save(records, see(), name="Ann", email="ann@example.com")

    save(records, see(state=State.MERGED, successor_id="2", remote_updated_at=None), read=3)

    stored = records.get(key())
    assert stored
    assert (stored.record.state, stored.record.successor_id) == (State.MERGED, "2")
    assert stored.record.fields["first_name"] == "Ann"
    assert records.by_email("w1", "ann@example.com") == []


def test_a_tombstone_that_does_not_know_the_kind_keeps_it(
    records: RecordStore, key: NewKey, see: Make, save: Make
) -> None:
    save(records, see(), name="Ann")

    save(records, see(state=State.HIDDEN, remote_updated_at=None)._replace(kind=Kind.TASK), read=3)

    stored = records.get(key())
    assert stored
    assert (stored.record.kind, stored.record.state) == (Kind.CONTACT, State.HIDDEN)


def test_a_tombstone_of_an_unknown_record_is_stored(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see(state=State.DELETED, remote_updated_at=None))

    stored = records.get(key())
    assert stored
    assert (stored.record.state, stored.record.fields) == (State.DELETED, {})


@pytest.mark.parametrize("asked", ["ann@example.com", "ANN@Example.com ", "\uff41nn@example.com"])
def test_an_email_is_found_however_it_is_written(records: RecordStore, see: Make, save: Make, asked: str) -> None:
    save(records, see("1"), email="Ann@example.com")
    save(records, see("2"), email="bob@example.com")

    assert [stored.key.external_id for stored in records.by_email("w1", asked)] == ["1"]


def test_a_further_email_is_found_while_the_record_has_it(records: RecordStore, see: Make, save: Make) -> None:
    save(records, see("1"), email="ann@example.com", also=("Ann@home.example", "ann@home.example", "ann@example.com"))
    before = records.by_email("w1", "ann@home.example")

    save(records, see("1", updated=1, says="one less"), read=1, email="ann@example.com")

    assert [stored.key.external_id for stored in before] == ["1"]
    assert records.by_email("w1", "ann@home.example") == []
    assert len(records.by_email("w1", "ann@example.com")) == 1


def test_a_record_that_is_gone_is_found_by_no_email(records: RecordStore, see: Make, save: Make) -> None:
    save(records, see(), email="ann@example.com", also=("ann@home.example",))

    save(records, see(state=State.DELETED, remote_updated_at=None), read=3)

    assert records.by_email("w1", "ann@home.example") == []


def test_an_email_is_not_found_from_another_workspace(records: RecordStore, see: Make, save: Make) -> None:
    save(records, see(), email="ann@example.com")

    assert records.by_email("w2", "ann@example.com") == []


def test_names_are_found_by_prefix_page_by_page(records: RecordStore, see: Make, save: Make) -> None:
    for n, name in enumerate(["Anna", "ann", "Änne", "Ansel", "Bob"]):
        save(records, see(f"{n}"), name=name)

    first = records.by_name("w1", Kind.CONTACT, "AN", limit=2, cursor=None)
    second = records.by_name("w1", Kind.CONTACT, "AN", limit=2, cursor=first.cursor)

    assert [stored.record.fields["first_name"] for stored in [*first.items, *second.items]] == ["ann", "Anna", "Ansel"]
    assert second.cursor is None


def test_a_name_of_one_letter_is_not_searched(records: RecordStore) -> None:
    with pytest.raises(Invalid, match="too short"):
        records.by_name("w1", Kind.CONTACT, " a ", limit=2, cursor=None)


def test_a_renamed_record_is_not_found_by_its_old_name(records: RecordStore, see: Make, save: Make) -> None:
    save(records, see(), name="Ann", email="ann@example.com")

    save(records, see(updated=1, says="renamed"), read=1, name="Eve", email="eve@example.com")

    assert records.by_name("w1", Kind.CONTACT, "an", limit=5, cursor=None).items == []
    assert records.by_email("w1", "ann@example.com") == []


def test_pages_show_every_record_once_and_no_edge(records: RecordStore, see: Make, save: Make) -> None:
    for n in range(40):
        save(records, see(f"{n}", links=["7"]))

    seen: list[str] = []
    page = records.page("w1", "c1", "contacts", limit=7, cursor=None)
    seen += [stored.key.external_id for stored in page.items]
    while page.cursor:
        page = records.page("w1", "c1", "contacts", limit=7, cursor=page.cursor)
        seen += [stored.key.external_id for stored in page.items]

    assert sorted(seen, key=int) == [f"{n}" for n in range(40)]
    assert records.page("w1", "c1", "companies", limit=7, cursor=None).items == []


@pytest.mark.parametrize("cursor", ["", "x", "bnVsbA", "WzEsImRlYWxzIzEiXQ", "Wzk5LCJjb250YWN0cyMxIl0", "\ud83d"])
def test_a_cursor_of_another_listing_is_refused(records: RecordStore, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        records.page("w1", "c1", "contacts", limit=7, cursor=cursor)


def test_a_cursor_never_leaves_the_workspace(records: RecordStore, see: Make, save: Make) -> None:
    for n in range(3):
        save(records, see(f"{n}"), name="Ann")
    page = records.page("w1", "c1", "contacts", limit=1, cursor=None)
    named = records.by_name("w1", Kind.CONTACT, "ann", limit=1, cursor=None)

    assert records.page("w2", "c1", "contacts", limit=5, cursor=page.cursor).items == []
    assert records.by_name("w2", Kind.CONTACT, "ann", limit=5, cursor=named.cursor).items == []


def test_shards_together_hold_every_id_once_with_its_state(records: RecordStore, see: Make, save: Make) -> None:
    for n in range(40):
        save(records, see(f"{n}", links=[n]))
    save(records, see("5", state=State.HIDDEN, remote_updated_at=None), read=1)

    shards = [list(records.ids("w1", "c1", "contacts", shard)) for shard in range(SHARDS)]

    found = [entry for shard in shards for entry in shard]
    assert len(found) == 40
    assert dict(found) == {f"{n}": State.HIDDEN if n == 5 else State.LIVE for n in range(40)}
    assert sum(1 for shard in shards if shard) > 8


def test_a_shard_goes_on_after_any_id(records: RecordStore, see: Make, save: Make) -> None:
    for id in ("1#2", "7<8", "90", "x y"):
        save(records, see(id, links=["5"]))

    for shard in range(SHARDS):
        ids = [id for id, _ in records.ids("w1", "c1", "contacts", shard)]
        rests = [[id for id, _ in records.ids("w1", "c1", "contacts", shard, after)] for after in ids]
        assert rests == [ids[place + 1 :] for place in range(len(ids))]


def test_a_scan_brings_the_records_themselves(records: RecordStore, see: Make, save: Make) -> None:
    save(records, see(says="open", links=["7"]))

    found = [stored for shard in range(SHARDS) for stored in records.scan("w1", "c1", "contacts", shard)]

    assert [stored.record.fields["lead_status"] for stored in found] == ["open"]


def test_ids_with_separators_reach_no_other_item(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see("1", links=["7"]))

    assert [records.get(key(id)) for id in ("1>companies#7", "1#", "%31")] == [None, None, None]
    assert records.get(key("7<contacts#1", "companies")) is None
    assert records.get(key("1", workspace="w1#c1", connection="")) is None


def test_an_odd_id_is_stored_like_any_other(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see("a#b>c%", links=["x<y"]))

    assert linked_ids(records, key("a#b>c%")) == ["x<y"]
    assert records.linked(key("x<y", "companies"), "contacts") == ["a#b>c%"]


def test_forgetting_a_connection_leaves_nothing_of_it(
    table: MemoryItems, records: RecordStore, see: Make, save: Make
) -> None:
    for n in range(30):
        save(records, see(f"{n}", links=["7"]), email="ann@example.com", name="Ann")

    counts = [records.forget("w1", "c1", limit=25) for _ in range(4)]

    assert counts == [25, 25, 10, 0]
    assert records.by_email("w1", "ann@example.com") == []
    assert all(table.query(f"w1#c1#{shard:02}").items == [] for shard in range(SHARDS))


def test_a_long_content_is_stored_and_read_back(records: RecordStore, key: NewKey, see: Make, save: Make) -> None:
    save(records, see(), name="long " * 200_000)

    stored = records.get(key())
    assert stored
    assert stored.record.fields["first_name"] == "long " * 200_000


def test_a_record_too_large_for_the_store_is_named_and_the_others_written(
    records: RecordStore, key: NewKey, see: Make, decide: Make
) -> None:
    import random

    noise = "".join(random.Random(1).choices("0123456789abcdef", k=1_200_000))

    with pytest.raises(TooLarge, match="c1/contacts/2") as caught:
        records.write([decide(see("1")), decide(see("2"), name=noise), decide(see("3"))])

    assert (caught.value.keys, caught.value.refused) == ((key("2"),), ())
    assert set(records.heads([key("1"), key("2"), key("3")])) == {key("1"), key("3")}


class Contested(MemoryItems):
    """A table where one item is always in somebody else's transaction."""

    def write_all(self, writes: Any) -> tuple[int, ...]:
        from crmbridge.domain.errors import Stale

        if any(write.key[1] == "contacts#3" for write in writes):
            raise Stale("records: TransactionConflict")
        return super().write_all(writes)


def test_a_contested_record_is_refused_and_the_others_written(key: NewKey, see: Make, decide: Make) -> None:
    records = RecordStore(Contested("records"))

    refused = records.write([decide(see(f"{n}")) for n in range(10)])

    assert refused == [key("3")]
    assert len(records.heads([key(f"{n}") for n in range(10)])) == 9
