"""Both stores keep the same promises: every test here runs on the memory twin and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.errors import TooLarge
from crmbridge.storage.items import (
    DUE,
    NEW,
    Item,
    Items,
    When,
    Write,
    above,
    absent,
    below,
    differs,
    equals,
    present,
    query_all,
)
from crmbridge.storage.items import (
    Test as Comparison,
)


def row(sk: str, **attributes: Any) -> Item:
    return {"pk": "w1#c1", "sk": sk, **attributes}


def sort_keys(items: list[Item]) -> list[str]:
    return [item["sk"] for item in items]


@pytest.mark.parametrize(
    "value",
    [
        "text",
        "",
        "Zoë 🐙",
        0,
        -7,
        10**37,
        Decimal("12.50"),
        True,
        None,
        b"\x00\xff",
        ["a", 1, {"b": None}],
        {"a": {"b": []}},
    ],
)
def test_a_value_comes_back_as_it_went_in(items: Items, value: Any) -> None:
    items.put(row("a", value=value))

    assert items.get("w1#c1", "a") == row("a", value=value)


def test_a_whole_number_comes_back_as_int(items: Items) -> None:
    items.put(row("a", count=Decimal("3.0")))

    count = (items.get("w1#c1", "a") or {})["count"]
    assert (count, type(count)) == (3, int)


def test_a_flag_does_not_come_back_as_a_number(items: Items) -> None:
    items.put(row("a", flag=True))

    assert (items.get("w1#c1", "a") or {})["flag"] is True


@pytest.mark.parametrize("value", [1.5, {"a", "b"}, object()])
def test_what_dynamodb_cannot_hold_is_refused(items: Items, value: Any) -> None:
    with pytest.raises(TypeError):
        items.put(row("a", value=value))


def test_nothing_is_shared_with_the_caller(items: Items) -> None:
    item = row("a", tags=["x"])
    items.put(item)
    item["tags"].append("y")

    (items.get("w1#c1", "a") or {})["tags"].append("z")

    assert items.get("w1#c1", "a") == row("a", tags=["x"])


def test_an_empty_key_is_refused(items: Items) -> None:
    with pytest.raises(ValueError, match=r"(?i)key"):
        items.put(row(""))


def test_an_empty_index_key_is_refused(items: Items) -> None:
    with pytest.raises(ValueError, match="due_sk"):
        items.put(row("a", due_pk="due#1", due_sk=""))


def test_an_item_over_400_kb_is_refused_and_named_so(items: Items) -> None:
    with pytest.raises(TooLarge):
        items.put(row("a", body="x" * 410_000))


def test_a_missing_item_is_none(items: Items) -> None:
    assert items.get("w1#c1", "a") is None


def test_many_are_read_at_once_and_missing_ones_left_out(items: Items) -> None:
    items.put_many(row(f"{n:03}", n=n) for n in range(130))

    found = items.get_many([("w1#c1", f"{n:03}") for n in [*range(125, 135), 125]])

    assert found == {("w1#c1", f"{n:03}"): row(f"{n:03}", n=n) for n in range(125, 130)}


def test_a_projection_brings_the_keys_along(items: Items) -> None:
    items.put(row("a", **{"core:ord": "1", "links.contacts": "[]", "other": 1}))

    found = items.get_many([("w1#c1", "a")], ["core:ord", "links.contacts", "missing"])

    assert found == {("w1#c1", "a"): row("a", **{"core:ord": "1", "links.contacts": "[]"})}


def test_a_put_can_insist_on_being_first(items: Items) -> None:
    first = items.put(row("a", n=1), NEW)
    second = items.put(row("a", n=2), NEW)

    assert (first, second, items.get("w1#c1", "a")) == (True, False, row("a", n=1))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (absent("missing"), True),
        (absent("n"), False),
        (present("n"), True),
        (present("missing"), False),
        (equals("n", 5), True),
        (equals("n", "5"), False),
        (equals("missing", 5), False),
        (differs("n", 5), False),
        (differs("n", 6), True),
        (differs("missing", 5), True),
        (below("n", 6), True),
        (below("n", 5), False),
        (below("missing", 6), False),
        (above("ord", "2026-01-01"), True),
        (above("ord", "2027-01-01"), False),
        (When(((Comparison("n", "<=", 5),),)), True),
        (When(((Comparison("n", ">=", Decimal("5.5")),),)), False),
        (equals("flag", True), True),
        (equals("n", 5) & equals("flag", False), False),
        (equals("n", 4) | equals("flag", True), True),
        ((absent("n") | equals("n", 5)) & present("ord"), True),
    ],
)
def test_conditions_decide_alike(items: Items, when: When, expected: bool) -> None:
    items.put(row("a", n=5, ord="2026-11-20", flag=True))

    assert (items.update(("w1#c1", "a"), set={"seen": 1}, when=when) is not None) is expected


def test_a_condition_on_a_missing_item_sees_no_attributes(items: Items) -> None:
    assert items.put(row("a"), equals("n", 1)) is False


def test_an_update_sets_removes_and_adds(items: Items) -> None:
    items.put(row("a", n=1, old="x", **{"core:ord": "1"}))

    now = items.update(("w1#c1", "a"), set={"core:ord": "2"}, remove=["old"], add={"n": 2, "fresh": Decimal("0.5")})

    assert now == row("a", n=3, fresh=Decimal("0.5"), **{"core:ord": "2"}) == items.get("w1#c1", "a")


def test_an_update_makes_the_item_when_it_is_missing(items: Items) -> None:
    assert items.update(("w1#c1", "a"), add={"n": 1}) == row("a", n=1)


def test_a_refused_update_changes_nothing(items: Items) -> None:
    items.put(row("a", n=1))

    refused = items.update(("w1#c1", "a"), set={"n": 2}, when=equals("n", 5))

    assert (refused, items.get("w1#c1", "a")) == (None, row("a", n=1))


def test_a_delete_gives_what_was_there_once(items: Items) -> None:
    items.put(row("a", n=1))

    assert [items.delete("w1#c1", "a"), items.delete("w1#c1", "a")] == [row("a", n=1), None]


def test_a_refused_delete_leaves_the_item(items: Items) -> None:
    items.put(row("a", n=1))

    assert items.delete("w1#c1", "a", equals("n", 2)) is None
    assert items.get("w1#c1", "a") == row("a", n=1)


def test_a_query_is_sorted_and_stays_in_its_partition(items: Items) -> None:
    items.put_many([row("b"), row("a"), row("Z"), {"pk": "w1#c10", "sk": "a"}])

    assert sort_keys(items.query("w1#c1").items) == ["Z", "a", "b"]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"prefix": "a"}, ["a#1", "a#2", "a#3"]),
        ({"prefix": "a", "reverse": True}, ["a#3", "a#2", "a#1"]),
        ({"start": "a#2"}, ["a#2", "a#3", "b#1"]),
        ({"end": "a#2"}, ["a#1", "a#2"]),
        ({"start": "a#2", "end": "a#3"}, ["a#2", "a#3"]),
        ({"prefix": "a", "start": "a#2"}, ["a#2", "a#3"]),
        ({"prefix": "a", "end": "a#1"}, ["a#1"]),
        ({"start": "b", "end": "a"}, []),
        ({"prefix": "c"}, []),
    ],
)
def test_a_query_is_narrowed_by_prefix_and_range(items: Items, narrowed: dict[str, Any], expected: list[str]) -> None:
    items.put_many([row("a#1"), row("a#2"), row("a#3"), row("b#1")])

    assert sort_keys(items.query("w1#c1", **narrowed).items) == expected


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_continue_where_the_last_one_ended(items: Items, reverse: bool) -> None:
    items.put_many(row(f"{n}") for n in range(5))

    first = items.query("w1#c1", limit=3, reverse=reverse)
    second = items.query("w1#c1", limit=3, reverse=reverse, after=first.after)

    expected = ["0", "1", "2", "3", "4"][:: -1 if reverse else 1]
    assert (sort_keys(first.items), sort_keys(second.items)) == (expected[:3], expected[3:])


def test_the_last_full_page_says_that_there_is_no_more(items: Items) -> None:
    items.put_many(row(f"{n}") for n in range(3))

    assert items.query("w1#c1", limit=3).after is None


def test_a_page_ends_with_the_megabyte_and_the_next_goes_on(items: Items) -> None:
    items.put_many(row(f"{n}", body="x" * 300_000) for n in range(5))

    page = items.query("w1#c1")

    assert len(page.items) < 5
    assert page.after is not None
    assert sort_keys(list(query_all(items, "w1#c1"))) == ["0", "1", "2", "3", "4"]


def test_a_query_can_project(items: Items) -> None:
    items.put(row("a", n=1, body="x"))

    assert items.query("w1#c1", attributes=["n"]).items == [row("a", n=1)]


def test_an_index_holds_only_items_with_its_keys_and_projects_keys_only(items: Items) -> None:
    items.put_many([row("a", due_pk="due#1", due_sk="2026-11-20T10:00", n=1), row("b", n=2)])

    waiting = items.query("due#1", index=DUE.name, end="2026-11-20T11:00").items

    assert waiting == [row("a", due_pk="due#1", due_sk="2026-11-20T10:00")]


def test_an_item_leaves_the_index_with_its_keys(items: Items) -> None:
    items.put(row("a", due_pk="due#1", due_sk="2026"))

    items.update(("w1#c1", "a"), remove=["due_pk", "due_sk"])

    assert items.query("due#1", index=DUE.name).items == []


def test_pages_of_an_index_continue_among_equal_sort_keys(items: Items) -> None:
    items.put_many(row(f"{n}", due_pk="due#1", due_sk="2026") for n in range(5))

    seen: list[str] = []
    page = items.query("due#1", index=DUE.name, limit=2)
    seen += sort_keys(page.items)
    while page.after is not None:
        page = items.query("due#1", index=DUE.name, limit=2, after=page.after)
        seen += sort_keys(page.items)

    assert sorted(seen) == ["0", "1", "2", "3", "4"]


def test_a_transaction_puts_updates_deletes_and_checks(items: Items) -> None:
    items.put_many([row("b", n=1), row("c"), row("d", n=9)])

    refused = items.write_all(
        [
            Write(key=("w1#c1", "a"), put=row("a"), when=NEW),
            Write(key=("w1#c1", "b"), set={"x": "y"}, add={"n": 1}),
            Write(key=("w1#c1", "c"), delete=True),
            Write(key=("w1#c1", "d"), when=equals("n", 9)),
        ]
    )

    assert refused == ()
    assert items.query("w1#c1").items == [row("a"), row("b", n=2, x="y"), row("d", n=9)]


def test_a_cancelled_transaction_names_every_refused_position_and_writes_nothing(items: Items) -> None:
    items.put(row("b"))

    refused = items.write_all(
        [
            Write(key=("w1#c1", "a"), put=row("a")),
            Write(key=("w1#c1", "b"), put=row("b", n=1), when=NEW),
            Write(key=("w1#c1", "c"), when=present("pk")),
        ]
    )

    assert (refused, items.query("w1#c1").items) == ((1, 2), [row("b")])


def test_an_empty_transaction_is_nothing(items: Items) -> None:
    assert items.write_all([]) == ()


@pytest.mark.parametrize("sks", [["a", "a"], [str(n) for n in range(101)]])
def test_a_transaction_holds_100_writes_to_different_items(items: Items, sks: list[str]) -> None:
    with pytest.raises(ValueError, match="100"):
        items.write_all([Write(key=("w1#c1", sk), put=row(sk)) for sk in sks])


def test_a_transaction_that_would_make_too_large_an_item_writes_nothing(items: Items) -> None:
    with pytest.raises(TooLarge):
        items.write_all(
            [Write(key=("w1#c1", "a"), put=row("a")), Write(key=("w1#c1", "b"), put=row("b", body="x" * 410_000))]
        )

    assert items.query("w1#c1").items == []


def test_of_two_batch_writes_to_one_key_the_later_stays(items: Items) -> None:
    items.put_many([row("a", n=1), row("a", n=2)])

    assert items.get("w1#c1", "a") == row("a", n=2)


def test_many_are_deleted_at_once(items: Items) -> None:
    items.put_many(row(f"{n:02}") for n in range(30))

    items.delete_many([("w1#c1", f"{n:02}") for n in range(29)] + [("w1#c1", "00"), ("w1#c1", "unknown")])

    assert sort_keys(items.query("w1#c1").items) == ["29"]


def test_of_many_at_once_one_wins(items: Items) -> None:
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda n: items.put(row("a", n=n), NEW), range(8)))

    assert won.count(True) == 1


def test_counting_at_once_loses_nothing(items: Items) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: items.update(("w1#c1", "a"), add={"n": 1}), range(8)))

    assert items.get("w1#c1", "a") == row("a", n=8)
