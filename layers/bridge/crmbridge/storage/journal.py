"""What happened and what is under way: runs with their tasks, deliveries, the audit trail. Rows expire."""

import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from crmbridge.domain.errors import NotFound, Stale
from crmbridge.domain.records import Json, instant_text
from crmbridge.domain.runs import Run, Status, Task
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import from_json, json_text, to_json
from crmbridge.storage.due import due_items, due_place
from crmbridge.storage.items import (
    EXPIRES,
    NEW,
    Item,
    Items,
    Key,
    When,
    Write,
    absent,
    below,
    equals,
    query_all,
)
from crmbridge.storage.keys import cursor_of, place_of

KEPT: Final = {"run": timedelta(days=90), "delivery": timedelta(days=14), "audit": timedelta(days=365)}
RING_AGAIN: Final = timedelta(minutes=2)
"""A task that was handed on by a message is rung again after this, should the message be lost."""


class JournalStore:
    """A task's lease, fence and step are attributes of their own, so that conditions can look at them."""

    def __init__(self, items: Items, now: Callable[[], datetime]) -> None:
        self._items = items
        self._now = now

    def add_run(self, run: Run, tasks: Sequence[Task]) -> None:
        puts = [self._run_item(run), self._listed(run), *(self._task_item(task) for task in tasks)]
        self._items.write_all([Write(key=(item["pk"], item["sk"]), put=item, when=NEW) for item in puts])

    def run(self, workspace: str, id: str) -> Run:
        item = self._items.get(*_run_key(workspace, id))
        if item is None:
            raise NotFound("there is no such run")
        return _run(item)

    def runs(self, workspace: str, connection: str, *, limit: int, cursor: str | None) -> PageOf[Run]:
        """The newest first; ids of runs rise with time. Raises Invalid for a cursor that is none of these."""
        pk = f"{workspace}#runs#{connection}"
        after = {"pk": pk, "sk": place_of(cursor, str)[0]} if cursor is not None else None
        page = self._items.query(pk, limit=limit, after=after, reverse=True)
        keys = [_run_key(workspace, place["sk"]) for place in page.items]
        found = self._items.get_many(keys)
        more = cursor_of(page.after["sk"]) if page.after else None
        return PageOf([_run(found[key]) for key in keys if key in found], more)

    def finish_run(self, run: Run) -> bool:
        item = self._run_item(run)
        key = item.pop("pk"), item.pop("sk")
        return self._items.update(key, set=item, when=equals("status", Status.RUNNING.value)) is not None

    def set_totals(self, workspace: str, run: str, totals: Mapping[str, int]) -> None:
        """Per kind; those set before stay."""
        named = {f"total:{kind}": total for kind, total in totals.items()}
        self._items.update(_run_key(workspace, run), set=named, when=equals("status", Status.RUNNING.value))

    def tasks(self, workspace: str, run: str) -> Sequence[Task]:
        keys = [_task_key(workspace, task) for task in self.run(workspace, run).tasks]
        found = self._items.get_many(keys)
        return [_task(found[key]) for key in keys if key in found]

    def claim(self, workspace: str, task: str, until: datetime, now: datetime) -> Task | None:
        key = _task_key(workspace, task)
        free = absent("lease_until") | below("lease_until", instant_text(now))
        item = self._items.update(
            key,
            set={"lease_until": instant_text(until), **due_place(key, until)},
            add={"fence": 1},
            when=free & equals("status", Status.RUNNING.value),
        )
        return replace(_task(item), next_attempt_at=None) if item else None

    def checkpoint(self, task: Task, *, release: bool = False, listed: Sequence[str] = ()) -> None:
        """A released task is rung again when its `next_attempt_at` has come, or a little later if a message is lost."""
        if release:
            task = replace(task, lease_until=None)
        saved, is_ours = self._task_item(task), equals("fence", task.fence)
        if not (self._save_with(saved, is_ours, task, listed) if listed else self._items.put(saved, is_ours)):
            raise Stale("another worker has taken the task over")

    def _save_with(self, saved: Item, is_ours: When, task: Task, listed: Sequence[str]) -> bool:
        """A page that is stored again is noted again, under the same number."""
        pk, sk = saved["pk"], f"ids#{task.pages:08}"
        ids = {"pk": pk, "sk": sk, "ids": json_text(list(listed)), **self._expires("run")}
        return not self._items.write_all(
            [Write(key=(pk, saved["sk"]), put=saved, when=is_ours), Write(key=(pk, sk), put=ids)]
        )

    def due_tasks(self, now: datetime) -> Sequence[Task]:
        return [_task(row) for row in due_items(self._items, now, "task") if row["status"] == Status.RUNNING.value]

    def noted_ids(self, workspace: str, task: str) -> set[str]:
        pk, _ = _task_key(workspace, task)
        return {id for row in query_all(self._items, pk, "ids#") for id in orjson.loads(row["ids"])}

    def log_delivery(self, workspace: str, connection: str, delivery: str, body: Mapping[str, Json]) -> bool:
        packed = zlib.compress(json_text(body).encode())
        pk = f"{workspace}#deliveries#{connection}"
        return self._items.put({"pk": pk, "sk": delivery, "body": packed, **self._expires("delivery")}, NEW)

    def deliveries(self, workspace: str, connection: str, *, limit: int) -> Sequence[Mapping[str, Json]]:
        """The newest first, each with its `id`."""
        page = self._items.query(f"{workspace}#deliveries#{connection}", limit=limit, reverse=True)
        return [{"id": row["sk"], **orjson.loads(zlib.decompress(row["body"]))} for row in page.items]

    def audit(self, workspace: str, what: str, who: str, detail: Mapping[str, Json]) -> None:
        row = {"what": what, "who": who, "detail": json_text(detail), **self._expires("audit")}
        sk = f"{instant_text(self._now())}#{secrets.token_hex(4)}"
        self._items.put({"pk": f"{workspace}#audit", "sk": sk, **row})

    def _expires(self, what: str) -> dict[str, int]:
        return {EXPIRES: int((self._now() + KEPT[what]).timestamp())}

    def _run_item(self, run: Run) -> Item:
        pk, sk = _run_key(run.workspace, run.id)
        totals = {f"total:{kind}": total for kind, total in run.totals.items()}
        return {"pk": pk, "sk": sk, "run": to_json(run), "status": run.status.value, **totals, **self._expires("run")}

    def _listed(self, run: Run) -> Item:
        return {"pk": f"{run.workspace}#runs#{run.connection}", "sk": run.id, **self._expires("run")}

    def _task_item(self, task: Task) -> Item:
        pk, sk = key = _task_key(task.workspace, task.id)
        item: Item = {"pk": pk, "sk": sk, "task": to_json(task), "fence": task.fence, "status": task.status.value}
        if task.lease_until:
            item["lease_until"] = instant_text(task.lease_until)
        if task.status is Status.RUNNING:
            item |= due_place(key, task.lease_until or task.next_attempt_at or self._now() + RING_AGAIN)
        return {**item, **self._expires("run")}


def _run_key(workspace: str, id: str) -> Key:
    return f"{workspace}#run#{id}", "run"


def _task_key(workspace: str, id: str) -> Key:
    return f"{workspace}#task#{id}", "task"


def _run(item: Item) -> Run:
    totals = {name.removeprefix("total:"): int(total) for name, total in item.items() if name.startswith("total:")}
    return replace(from_json(Run, item["run"]), totals=totals)


def _task(item: Item) -> Task:
    lease: Any = item.get("lease_until")
    until = datetime.fromisoformat(lease) if lease else None
    return replace(from_json(Task, item["task"]), fence=int(item["fence"]), lease_until=until)
