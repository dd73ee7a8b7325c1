"""Creating, changing and deleting records, in the name of a person or of the app."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.zoho.derived import applied, derive
from local.simulators.zoho.errors import Refused, duplicate, invalid, invalid_record, mandatory, not_permitted
from local.simulators.zoho.modules import Module
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Gone, Row, Store
from local.simulators.zoho.values import Wish, accepted

Wishes = Mapping[str, Any]


@dataclass(slots=True)
class Desk:
    """`at_ms` is the stamp of its writes, when it is not now: a commit that surfaces late."""

    org: Org
    user_id: str
    at_ms: int | None = None

    def create(self, name: str, wishes: Wishes, path: str = "$.data[0]") -> Row:
        module = self._permitted(name, "create")
        values = self._read(module, wishes, path)
        self._check_mandatory(module, values, path)
        self._check_targets(module, wishes, values, path)
        if name == "Deals":
            self._check_new_deal(values, path)
        self._check_unique(module, values, None, path)
        now = self._now()
        row: Row = {"id": self.org.next_id(), "Owner": self.user_id, "Created_By": self.user_id,
                    "Modified_By": self.user_id, "Created_Time": now, "Modified_Time": now}  # fmt: skip
        row = applied(row, values)
        row = applied(row, derive(self.org, name, {}, row, now))
        self._put(name, row)
        self.org.on_change(self.org, name, "create", [row], {})
        return row

    def update(self, name: str, row_id: str, wishes: Wishes, path: str = "$.data[0]") -> Row:
        module, row = self._permitted(name, "edit"), self.row(name, row_id)
        self._check_free(row_id, wishes)
        values = self._read(module, wishes, path)
        self._check_mandatory(module, {**dict.fromkeys(module.fields, True), **values}, path)
        self._check_targets(module, wishes, {**row, **values}, path)
        self._check_unique(module, values, row_id, path)
        if name == "Deals" and "Stage" in values:
            self._check_stage({**row, **values}, path)
        return self.change(name, row, values)

    def change(self, name: str, row: Row, values: Row) -> Row:
        """Write what is known to be fine, and tell what became different."""
        now = self._now()
        after = applied(row, values)
        after = applied(after, derive(self.org, name, row, after, now))
        after |= {"Modified_Time": now, "Modified_By": self.user_id}
        self._put(name, after)
        changed = {each: after.get(each) for each in {*row, *after} if row.get(each) != after.get(each)}
        for each in ("Modified_Time", "Modified_By"):
            changed.pop(each, None)
        self.org.on_change(self.org, name, "edit", [after], changed)
        return after

    def delete(self, name: str, row_id: str) -> Row:
        """Into the recycle bin."""
        self._permitted(name, "delete")
        row = self.row(name, row_id)
        self._check_free(row_id, {})
        self._lose(name, row, row)
        self.org.on_change(self.org, name, "delete", [row], {})
        return row

    def restore(self, name: str, row_id: str) -> Row:
        store = self.org.stores[name]
        gone = store.gone.get(row_id)
        if gone is None or gone.row is None:
            raise invalid_record()
        del store.gone[row_id]
        if self.org.settings.restore_touches_modified:
            return self.change(name, gone.row, {})
        self._put(name, gone.row)
        return gone.row

    def purge(self, name: str, row_id: str) -> None:
        """Out of the recycle bin, for good; a live record goes there first."""
        store = self.org.stores[name]
        if row_id in store.rows:
            self.delete(name, row_id)
        store.gone[row_id].row = None

    def vanish(self, name: str, row: Row, survivor: str) -> None:
        """A record that was merged into another."""
        store = self.org.stores[name]
        self._lose(name, row, None)
        store.merged[row["id"]] = survivor
        if not self.org.settings.merge_shows_losers_deleted:
            del store.gone[row["id"]]
        self.org.on_change(self.org, name, "delete", [row], {})

    def row(self, name: str, row_id: str) -> Row:
        row = self.org.stores[name].rows.get(row_id)
        if row is None:
            raise invalid_record()
        return row

    def _permitted(self, name: str, what: str) -> Module:
        module = self.org.module(name)
        if what in module.forbidden:
            raise not_permitted(name)
        return module

    def _lose(self, name: str, row: Row, kept: Row | None) -> None:
        store = self._remember(name, row["id"])
        store.remove(row["id"])
        title = self.org.title(name, row)
        store.gone[row["id"]] = Gone(row["id"], title, self._now(), self.user_id, row["Created_By"], kept)

    def _put(self, name: str, row: Row) -> None:
        self._remember(name, row["id"]).put(row)

    def _remember(self, name: str, row_id: str) -> Store:
        store, now = self.org.stores[name], self.org.clock.now_ms()
        store.remember(row_id, int(self.org.settings.search_lag_seconds * 1000), now)
        return store

    def _read(self, module: Module, wishes: Wishes, path: str) -> Row:
        """What Zoho does not know, or does not let anyone write, it passes over without a word."""
        values: Row = {}
        for name, value in wishes.items():
            field = module.fields.get(name)
            if name == "$se_module" and value is not None:
                values[name] = str(value)
            elif field is None or field.read_only:
                self.org.ignored[f"{module.name}.{name}"] += name not in {"id", "$se_module"}
            else:
                values[name] = accepted(Wish(self.org, field, value, f"{path}.{name}"))
        if module.name == "Notes" and isinstance(wishes.get("Parent_Id"), dict):
            said = wishes["Parent_Id"].get("module") or {}
            values["$se_module"] = said.get("api_name") or wishes.get("$se_module")
        return values

    def _check_mandatory(self, module: Module, values: Row, path: str) -> None:
        for field in module.fields.values():
            if field.required and values.get(field.name) in (None, ""):
                raise mandatory(field.name, f"{path}.{field.name}")

    def _check_targets(self, module: Module, wishes: Wishes, values: Row, path: str) -> None:
        """The module of what an activity or a note belongs to must be said, and be right."""
        name = "Parent_Id" if module.name == "Notes" else "What_Id"
        target, said = values.get(name), values.get("$se_module")
        if name not in wishes or target is None or name not in module.fields:
            return
        if said is None:
            raise mandatory("$se_module", f"{path}.$se_module")
        if said not in self.org.stores or target not in self.org.stores[str(said)].rows:
            raise invalid(name, f"{path}.{name}", "the related id given seems to be invalid")
        if said == "Leads" and values.get("Who_Id"):
            raise invalid("Who_Id", f"{path}.Who_Id", "the related id given seems to be invalid")

    def _check_new_deal(self, values: Row, path: str) -> None:
        several = len(self.org.pipelines) > 1 and self.org.settings.pipeline_required
        if several and values.get("Pipeline") is None:
            message = "dependent field missing"
            details = {"api_name": "Pipeline", "json_path": f"{path}.Pipeline"}
            dependee = {"dependee": {"api_name": "Stage", "json_path": f"{path}.Stage"}}
            raise Refused(400, "DEPENDENT_FIELD_MISSING", message, **details, **dependee)
        self._check_stage(values, path)

    def _check_stage(self, values: Row, path: str) -> None:
        if self.org.pipeline_of(values).stage(values.get("Stage")) is None:
            details = {"api_name": "Stage", "json_path": f"{path}.Stage",
                       "mapped_field": {"api_name": "Pipeline", "json_path": f"{path}.Pipeline"}}  # fmt: skip
            message = "the mapped values of the fields seem to be mismatched"
            raise Refused(400, "MAPPING_MISMATCH", message, **details)

    def _check_unique(self, module: Module, values: Row, row_id: str | None, path: str) -> None:
        store = self.org.stores[module.name]
        for name in module.unique_names():
            holder = store.holder(name, values[name]) if values.get(name) is not None else None
            if holder is not None and holder != row_id:
                raise duplicate(name, f"{path}.{name}", holder)

    def _check_free(self, row_id: str, wishes: Wishes) -> None:
        if self.org.locks[row_id] > 0:
            self.org.locks[row_id] -= 1
            raise Refused(400, "RECORD_LOCKED", "The record is locked", id=row_id)
        if "Stage" in wishes and row_id in self.org.in_blueprint:
            raise Refused(400, "RECORD_IN_BLUEPRINT", "the record is in a blueprint process", api_name="Stage")

    def _now(self) -> int:
        return self.org.now_ms() if self.at_ms is None else self.at_ms // 1000 * 1000
