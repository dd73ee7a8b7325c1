"""One table of items, as both stores offer it: DynamoDB, and a memory twin for fast tests.

Repositories are written once on top of this port; the contract suite holds both stores to the same behaviour.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from crmbridge.domain.records import EMPTY

T = TypeVar("T")
Item = dict[str, Any]
Key = tuple[str, str]
"""(pk, sk)"""
Scalar = str | int | Decimal | bool


class Test(NamedTuple):
    """One attribute against one value. `op` is one of absent, present, =, <>, <, <=, >, >=."""

    attribute: str
    op: str
    value: Scalar | None = None


class When(NamedTuple):
    """A condition: any of several conjunctions of tests must hold."""

    any_of: tuple[tuple[Test, ...], ...]

    def __and__(self, other: "When") -> "When":
        return When(tuple(left + right for left in self.any_of for right in other.any_of))

    def __or__(self, other: "When") -> "When":
        return When(self.any_of + other.any_of)


def absent(attribute: str) -> When:
    return When(((Test(attribute, "absent"),),))


def present(attribute: str) -> When:
    return When(((Test(attribute, "present"),),))


def equals(attribute: str, value: Scalar) -> When:
    return When(((Test(attribute, "=", value),),))


def differs(attribute: str, value: Scalar) -> When:
    return When(((Test(attribute, "<>", value),),))


def below(attribute: str, value: Scalar) -> When:
    return When(((Test(attribute, "<", value),),))


def above(attribute: str, value: Scalar) -> When:
    return When(((Test(attribute, ">", value),),))


NEW = absent("pk")
EXPIRES = "expires_at"
"""Epoch seconds after which DynamoDB may forget an item; until then a condition says that it is dead."""


class Write(NamedTuple):
    """One write inside a transaction. Exactly one of `put`, `set`/`remove`/`add` (an update, which makes the item
    when it is missing), `delete`, or none of them: then only the condition is checked."""

    key: Key
    put: Item | None = None
    set: Mapping[str, Any] = EMPTY
    remove: tuple[str, ...] = ()
    add: Mapping[str, int | Decimal] = EMPTY
    delete: bool = False
    when: When | None = None

    @property
    def only_checks(self) -> bool:
        return self.put is None and not (self.set or self.remove or self.add or self.delete)


def check_transaction(writes: Sequence[Write]) -> None:
    """What is refused whatever is stored: more than 100 writes, and two to one item."""
    if len(writes) > 100 or len({write.key for write in writes}) < len(writes):
        raise ValueError("a transaction holds up to 100 writes, each to another item")


@dataclass(frozen=True, slots=True)
class ItemPage:
    """`after` continues the query; None when there is no more."""

    items: list[Item]
    after: Mapping[str, Any] | None


class Items(Protocol):
    """A table with string keys `pk` and `sk`. Items are plain dicts with both keys inside. Numbers come back as int
    when whole, otherwise Decimal. Reads are consistent, except through an index."""

    def get(self, pk: str, sk: str) -> Item | None: ...

    def get_many(self, keys: Iterable[Key], attributes: Sequence[str] = ()) -> dict[Key, Item]:
        """Missing keys are missing in the answer. `attributes` empty: everything; keys always come along."""

    def put(self, item: Item, when: When | None = None) -> bool:
        """False when the condition refused."""

    def update(
        self,
        key: Key,
        *,
        set: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
        add: Mapping[str, int | Decimal] | None = None,
        when: When | None = None,
    ) -> Item | None:
        """The item as it now is, or None when the condition refused. Makes the item when it is missing."""

    def delete(self, pk: str, sk: str, when: When | None = None) -> Item | None:
        """The item that was deleted; None when there was none or the condition refused. Atomic: one caller wins."""

    def query(  # noqa: PLR0913 - DynamoDB's own vocabulary, all of it optional
        self,
        pk: str,
        prefix: str = "",
        *,
        index: str | None = None,
        attributes: Sequence[str] = (),
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
        reverse: bool = False,
        start: str | None = None,
        end: str | None = None,
    ) -> ItemPage:
        """Items of one partition in sort order; `prefix` or `start`/`end` (inclusive) narrow the sort key.

        With `index` (its name), `pk` and the range are those of the index. Every index projects keys only. A page ends
        with the megabyte, so it may be shorter than `limit` while `after` says that there is more."""

    def write_all(self, writes: Sequence[Write]) -> tuple[int, ...]:
        """Up to 100 writes, all or none. Returns the positions whose condition refused; empty: all were written."""

    def put_many(self, items: Iterable[Item]) -> None:
        """Unconditional, in batches, retried until everything is stored."""

    def delete_many(self, keys: Iterable[Key]) -> None: ...


def query_all(
    items: Items,
    pk: str,
    prefix: str = "",
    *,
    index: str | None = None,
    attributes: Sequence[str] = (),
    after: Mapping[str, Any] | None = None,
    page_size: int | None = None,
) -> Iterator[Item]:
    """Every item of a query, page after page; a small `page_size` spares who stops early."""
    while True:
        page = items.query(pk, prefix, index=index, attributes=attributes, limit=page_size, after=after)
        yield from page.items
        after = page.after
        if after is None:
            return


def in_chunks(entries: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(entries)
    while chunk := list(islice(rest, size)):
        yield chunk


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    pk: str
    sk: str


RECORDS_BY_EMAIL = Index("by_email", "email_pk", "email_sk")
RECORDS_BY_NAME = Index("by_name", "name_pk", "name_sk")
CONTROL_BY_ACCOUNT = Index("by_account", "account_pk", "account_sk")
ACTIONS_BY_CHAT = Index("by_chat", "chat_pk", "chat_sk")
DUE = Index("due", "due_pk", "due_sk")
"""Sparse: rows that wait. due_pk is a shard of an agenda (`due#0`..), due_sk the ISO instant of the next attempt."""

INDEXES: Mapping[str, tuple[Index, ...]] = {
    "records": (RECORDS_BY_EMAIL, RECORDS_BY_NAME),
    "control": (CONTROL_BY_ACCOUNT, DUE),
    "memberships": (DUE,),
    "actions": (ACTIONS_BY_CHAT, DUE),
    "journal": (DUE,),
    "guards": (),
}
"""`template.yaml` is held to this table by a test. Partition keys begin with the workspace; the two indexes that must
cross workspaces (`by_account` routes deliveries, `due` rings what waits) project keys only, so they carry nothing a
caller could read. Index queries therefore return keys; `get_many` brings the items."""
