"""What an object type is: its prefix, fields and children, what the API lets one do with it, and its describe."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.fields import (
    Child,
    Field,
    flag,
    lookup,
    moment,
    read_only,
)


@dataclass(slots=True)
class Kind:
    """`recycles`: what is deleted lies in the recycle bin, `IsDeleted`, for a while."""

    name: str
    prefix: str
    plural: str
    fields: dict[str, Field]
    children: tuple[Child, ...] = ()
    writable: bool = True
    creatable_only: bool = False
    recycles: bool = True
    mergeable: bool = False
    modified_ms: int = 0
    hidden: set[str] = field(default_factory=set)
    _folded: dict[str, Field] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """By any case; a field that the connected user may not see is not there."""
        if len(self._folded) != len(self.fields):
            self._folded = {each.casefold(): known for each, known in self.fields.items()}
        found = self._folded.get(name.casefold())
        return None if found is None or found.name in self.hidden else found

    def visible(self) -> list[Field]:
        return [each for each in self.fields.values() if each.name not in self.hidden]

    def add(self, extra: Field, now_ms: int = 0) -> None:
        self.fields[extra.name] = extra
        self._folded = {}
        self.modified_ms = max(self.modified_ms, now_ms)

    def relationship(self, name: str) -> Field | None:
        folded = name.casefold()
        return next((each for each in self.visible() if (each.relationship or "").casefold() == folded), None)

    def child(self, name: str) -> Child | None:
        return next((each for each in self.children if each.relationship.casefold() == name.casefold()), None)

    def uniques(self) -> list[Field]:
        return [each for each in self.fields.values() if each.external_id or each.unique]

    def wire(self, base: str) -> dict[str, Any]:
        """The entry in the global describe."""
        path = f"{base}/sobjects/{self.name}"
        abilities = {"createable": self.writable, "updateable": self.writable and not self.creatable_only,
                     "deletable": self.writable, "undeletable": self.writable and self.recycles,
                     "mergeable": self.mergeable}  # fmt: skip
        constants = dict.fromkeys(("queryable", "retrieveable", "layoutable", "triggerable"), True)
        off = dict.fromkeys(("activateable", "customSetting", "deprecatedAndHidden", "feedEnabled",
                             "hasSubtypes", "isSubtype", "isInterface"), False)  # fmt: skip
        return {
            "name": self.name,
            "label": self.label,
            "labelPlural": self.plural,
            "keyPrefix": self.prefix,
            "custom": self.name.endswith("__c"),
            "replicateable": self.recycles,
            "searchable": self.writable,
            **abilities,
            **constants,
            **off,
            "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
        }

    @property
    def label(self) -> str:
        return "".join(f" {each}" if each.isupper() and n else each for n, each in enumerate(self.name))

    def describe(self, base: str, record_types: list[dict[str, Any]]) -> dict[str, Any]:
        return self.wire(base) | {
            "fields": [each.wire() for each in self.visible()],
            "childRelationships": [child.wire() for child in self.children],
            "recordTypeInfos": record_types,
            "actionOverrides": [],
            "namedLayoutInfos": [],
            "supportedScopes": [{"label": f"All {self.plural}", "name": "everything"}],
            "sobjectDescribeOption": "FULL",
        }


def system_fields(*, recycles: bool = True) -> list[Field]:
    fields = [Field("Id", "id", 18, createable=False, updateable=False)]
    if recycles:
        fields.append(read_only(flag("IsDeleted")))
    return [
        *fields,
        read_only(moment("CreatedDate")),
        read_only(lookup("CreatedById", "User")),
        read_only(moment("LastModifiedDate")),
        read_only(lookup("LastModifiedById", "User")),
        read_only(moment("SystemModstamp")),
    ]


def kind(name: str, prefix: str, plural: str, fields: Iterable[Field], *children: Child, **more: Any) -> Kind:
    own = [*system_fields(recycles=more.get("recycles", True)), *fields]
    return Kind(name, prefix, plural, {each.name: each for each in own}, children, **more)
