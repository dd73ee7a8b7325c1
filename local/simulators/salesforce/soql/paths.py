"""What a path such as `Account.Owner.Name` means: which field it ends in, and how to get there from a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.soql.tokens import located
from local.simulators.salesforce.soql.tree import Path, Query
from local.simulators.salesforce.store import Row

Getter = Callable[[Row], Any]
CUSTOM_FIELD = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please"
    " reference your WSDL or the describe call for the appropriate names."
)
CUSTOM_PATH = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship"
    " name. Please reference your WSDL or the describe call for the appropriate names."
)
# A reference to several objects leads to the object Name, which knows only what people and things have in common.
SHARED = {
    each.casefold(): each
    for each in ("Id", "Name", "FirstName", "LastName", "Email", "Alias", "Username", "Title", "Phone", "Type",
                 "IsActive")
}  # fmt: skip
DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Scope:
    """Where paths of one query begin; `deleted` says whether the query sees deleted rows."""

    org: Org
    kind: Kind
    query: Query
    deleted: bool = False

    def field(self, path: Path) -> Field:
        return self.steps(path)[-1]

    def steps(self, path: Path) -> list[Field]:
        """The lookups on the way, and the field at its end."""
        parts = self.own_parts(path)
        if len(parts) - 1 > DEEPEST:
            raise self.refused("INVALID_FIELD", path, "Relationship path is too deep: five levels are the most")
        kind: Kind | None = self.kind
        steps: list[Field] = []
        for part in parts[:-1]:
            lookup = kind.relationship(part) if kind else None
            if lookup is None:
                message = f"Didn't understand relationship '{part}' in field path. {CUSTOM_PATH}"
                raise self.refused("INVALID_FIELD", path, message)
            steps.append(lookup)
            kind = self.org.known(lookup.refers_to[0]) if len(lookup.refers_to) == 1 else None
        return [*steps, self._last(kind, parts[-1], path)]

    def own_parts(self, path: Path) -> tuple[str, ...]:
        """Without the alias or the object's name in front."""
        names = {self.kind.name.casefold(), (self.query.alias or self.kind.name).casefold()}
        is_prefixed = len(path.parts) > 1 and path.parts[0].casefold() in names
        if is_prefixed and not (self.query.alias is None and self.kind.relationship(path.parts[0])):
            return path.parts[1:]
        return path.parts

    def getter(self, path: Path) -> Getter:
        *lookups, last = self.steps(path)
        name, find = last.name, self.parent
        if not lookups:
            return _default_false(name) if last.type == "boolean" else lambda row: row.get(name)

        def walk(row: Row) -> Any:
            here = row
            for lookup in lookups:
                parent = find(lookup, here)
                if parent is None:
                    return None
                here = parent
            return self.value(here, last)

        return walk

    def value(self, row: Row, field: Field) -> Any:
        if field.name == "Type" and field.type == "string":
            return self.org.object_of(row["Id"])
        return row.get(field.name, False if field.type == "boolean" else None)

    def parent(self, lookup: Field, row: Row) -> Row | None:
        row_id = row.get(lookup.name)
        if row_id is None:
            return None
        for name in lookup.refers_to:
            store = self.org.stores.get(name)
            found = store.seen(row_id) if store else None
            if found is not None:
                return found if self.deleted or not found.get("IsDeleted") else None
        return None

    def refused(self, code: str, path: Path, message: str) -> Refused:
        return Refused(400, code, located(self.query.text, path.place, message))

    def _last(self, kind: Kind | None, name: str, path: Path) -> Field:
        if kind is None:
            shared = SHARED.get(name.casefold())
            found = Field(shared, "id" if shared == "Id" else "string") if shared else None
        else:
            found = kind.find(name)
        if found is None:
            entity = kind.name if kind else "Name"
            message = f"No such column '{name}' on entity '{entity}'. {CUSTOM_FIELD}"
            raise self.refused("INVALID_FIELD", path, message)
        return found


def _default_false(name: str) -> Getter:
    return lambda row: row.get(name, False)
