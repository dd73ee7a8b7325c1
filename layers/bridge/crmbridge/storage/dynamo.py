"""A DynamoDB table as the `Items` port.

What a client does not try again by itself (conflicts between transactions, throttled parts of a batch) is waited out
here with jitter, a few times; then a conflict is `Stale` (read again, decide again) and a throttle is `Busy`. Requests
carry no ClientRequestToken: a transaction that was written and sent again is refused by its own conditions, and
whoever is refused reads again.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.errors import Busy, Stale
from crmbridge.storage.attributes import Wire, from_wire, to_wire
from crmbridge.storage.expressions import Expressions, put_condition
from crmbridge.storage.items import INDEXES, Index, Item, ItemPage, Key, When, Write, check_transaction, in_chunks
from crmbridge.storage.meanings import aws_errors, code_of, meaning, meaning_of, reasons_of

_ATTEMPTS: Final = 7
_LAST: Final = "\U0010ffff"
_PRIMARY: Final = Index("", "pk", "sk")
_BY_NAME: Final = {index.name: index for indexes in INDEXES.values() for index in indexes}
_REFUSED: Final = ("ConditionalCheckFailedException", "ConditionalCheckFailed")


class DynamoItems:
    """`sleep` waits between attempts, in seconds."""

    def __init__(self, client: Any, table_name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table_name
        self._sleep = sleep

    def get(self, pk: str, sk: str) -> Item | None:
        answer = self._call("get_item", TableName=self._table, Key=_key((pk, sk)), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key], attributes: Sequence[str] = ()) -> dict[Key, Item]:
        expressions = Expressions()
        shared = {"ConsistentRead": True, **expressions.projection(attributes), **expressions.placeholders}
        found: dict[Key, Item] = {}
        for chunk in in_chunks(dict.fromkeys(keys), 100):
            for wire in self._read_batch({**shared, "Keys": [_key(key) for key in chunk]}):
                item = from_wire(wire)
                found[item["pk"], item["sk"]] = item
        return found

    def put(self, item: Item, when: When | None = None) -> bool:
        return self._call("put_item", **self._request(Write(key=_NO_KEY, put=item, when=when))) is not None

    def update(
        self,
        key: Key,
        *,
        set: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
        add: Mapping[str, int | Decimal] | None = None,
        when: When | None = None,
    ) -> Item | None:
        write = Write(key=key, set=set or {}, remove=tuple(remove), add=add or {}, when=when)
        answer = self._call("update_item", **self._request(write), ReturnValues="ALL_NEW")
        return None if answer is None else from_wire(answer["Attributes"])

    def delete(self, pk: str, sk: str, when: When | None = None) -> Item | None:
        write = Write(key=(pk, sk), delete=True, when=when)
        answer = self._call("delete_item", **self._request(write), ReturnValues="ALL_OLD")
        return from_wire(answer["Attributes"]) if answer and "Attributes" in answer else None

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
        chosen = _BY_NAME[index] if index else _PRIMARY
        low, high = _bounds(prefix, start, end)
        if low is not None and high is not None and low > high:
            return ItemPage([], None)
        expressions = Expressions()
        request = {
            "TableName": self._table,
            "KeyConditionExpression": expressions.range((chosen.pk, pk), chosen.sk, low, high),
            "ScanIndexForward": not reverse,
            **({"IndexName": index} if index else {"ConsistentRead": True, **expressions.projection(attributes)}),
            **({"Limit": limit + 1} if limit else {}),
            **({"ExclusiveStartKey": to_wire(after)} if after else {}),
        }
        answer = self._call("query", **request, **expressions.placeholders)
        return _page([from_wire(wire) for wire in answer["Items"]], answer.get("LastEvaluatedKey"), chosen, limit)

    def write_all(self, writes: Sequence[Write]) -> tuple[int, ...]:
        check_transaction(writes)
        request = [self._operation(write) for write in writes]
        for wait in self._waits() if request else ():
            refused, error = self._transact(request)
            if error is None:
                return refused
            wait(error)
        return ()

    def put_many(self, items: Iterable[Item]) -> None:
        latest = {(item["pk"], item["sk"]): item for item in items}
        self._write_batches({"PutRequest": {"Item": to_wire(item)}} for item in latest.values())

    def delete_many(self, keys: Iterable[Key]) -> None:
        self._write_batches({"DeleteRequest": {"Key": _key(key)}} for key in dict.fromkeys(keys))

    def _transact(self, request: list[dict[str, Any]]) -> tuple[tuple[int, ...], Exception | None]:
        """(positions refused, None), or the error that may be waited out."""
        try:
            self._client.transact_write_items(TransactItems=request)
        except aws_errors() as error:
            if code_of(error) != "TransactionCanceledException":
                raise meaning(error, self._table) from error
            reasons = reasons_of(error)
            refused = tuple(at for at, reason in enumerate(reasons) if reason.get("Code") in _REFUSED)
            return refused, None if refused else _cancelled(reasons, self._table)
        return (), None

    def _call(self, operation: str, **request: Any) -> Any:
        """None when the condition refused."""
        for wait in self._waits():
            try:
                return getattr(self._client, operation)(**request)
            except aws_errors() as error:
                if code_of(error) in _REFUSED:
                    return None
                ours = meaning(error, self._table)
                if not isinstance(ours, Stale):
                    raise ours from error
                wait(ours)
        return None

    def _waits(self) -> Iterator[Callable[[Exception], None]]:
        """One per attempt: call it with what went wrong. It raises what waiting cannot mend, and the last time."""
        for attempt in range(_ATTEMPTS):

            def wait(error: Exception, attempt: int = attempt) -> None:
                if not isinstance(error, Stale | Busy) or attempt == _ATTEMPTS - 1:
                    raise error
                self._sleep(random.uniform(0, 0.02 * 2**attempt))

            yield wait

    def _read_batch(self, request: dict[str, Any]) -> Iterator[Wire]:
        for wait in self._waits():
            answer = self._call("batch_get_item", RequestItems={self._table: request})
            yield from answer["Responses"].get(self._table, ())
            request = answer.get("UnprocessedKeys", {}).get(self._table)
            if not request:
                return
            wait(Busy(f"{self._table}: keys were left unread"))

    def _write_batches(self, requests: Iterable[dict[str, Any]]) -> None:
        for chunk in in_chunks(requests, 25):
            left: dict[str, Any] = {self._table: chunk}
            for wait in self._waits():
                left = self._call("batch_write_item", RequestItems=left).get("UnprocessedItems")
                if not left:
                    break
                wait(Busy(f"{self._table}: items were left unwritten"))

    def _operation(self, write: Write) -> dict[str, Any]:
        """The write as an entry of a transaction."""
        if write.put is not None:
            return {"Put": self._request(write)}
        verb = "ConditionCheck" if write.only_checks else "Delete" if write.delete else "Update"
        return {verb: self._request(write)}

    def _request(self, write: Write) -> dict[str, Any]:
        if write.put is not None:
            put = {"TableName": self._table, "Item": to_wire(write.put)}
            return put if write.when is None else {**put, **put_condition(write.when)}
        expressions = Expressions()
        request: dict[str, Any] = {"TableName": self._table, "Key": _key(write.key)}
        if change := expressions.change(write):
            request["UpdateExpression"] = change
        if write.when is not None:
            request["ConditionExpression"] = expressions.condition(write.when)
        request.update(expressions.placeholders)
        return request


_NO_KEY: Final = ("", "")


def _key(key: Key) -> Wire:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _bounds(prefix: str, start: str | None, end: str | None) -> tuple[str | None, str | None]:
    """DynamoDB takes one condition on the sort key: a prefix becomes a range."""
    if not prefix:
        return start, end
    last = prefix + _LAST
    return max(prefix, start or prefix), min(last, end or last)


def _page(items: list[Item], last: Wire | None, index: Index, limit: int | None) -> ItemPage:
    """One item more than the limit was asked for, so that `after` is only there when there is more."""
    if limit is not None and len(items) > limit:
        names = dict.fromkeys(("pk", "sk", index.pk, index.sk))
        return ItemPage(items[:limit], {name: items[limit - 1][name] for name in names})
    return ItemPage(items, from_wire(last) if last else None)


def _cancelled(reasons: Sequence[Mapping[str, Any]], table: str) -> Exception:
    """What cancelled a transaction when no condition did: a size or a bug rather than a conflict, if there is both."""
    errors = [
        meaning_of(reason["Code"], reason.get("Message") or "", table)
        for reason in reasons
        if reason.get("Code") not in (None, "None")
    ]
    return next((error for error in errors if not isinstance(error, Stale | Busy)), errors[0])
