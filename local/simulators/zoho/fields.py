"""The fields of a module: their types, their picklists, and how the metadata API describes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

JSON_TYPES = {
    "integer": "integer", "double": "double", "currency": "double", "boolean": "boolean", "lookup": "jsonobject",
    "ownerlookup": "jsonobject", "userlookup": "jsonobject", "parent": "jsonobject", "multiselectpicklist": "jsonarray",
    "subform": "jsonarray", "participants": "jsonarray",
}  # fmt: skip
NUMBERS = frozenset(("integer", "double", "currency"))
POINTERS = frozenset(("lookup", "ownerlookup", "userlookup", "parent"))


@dataclass(slots=True)
class Choice:
    """What people see, and what Zoho calls it behind their backs."""

    display: str
    actual: str
    id: str = ""

    def wire(self, place: int) -> dict[str, Any]:
        return {"display_value": self.display, "actual_value": self.actual, "reference_value": self.actual,
                "sequence_number": place, "id": self.id, "type": "used"}  # fmt: skip


@dataclass(slots=True)
class Field:
    """`lookup` names the module that the field points to; a stage's choices are those of the org's pipelines."""

    name: str
    type: str = "text"
    label: str = ""
    length: int = 255
    required: bool = False
    read_only: bool = False
    custom: bool = False
    unique: bool = False
    lookup: str = ""
    choices: list[Choice] = field(default_factory=list)
    id: str = ""

    def wire(self) -> dict[str, Any]:
        shown = {
            "id": self.id,
            "api_name": self.name,
            "field_label": self.label or self.name.replace("_", " "),
            "display_label": self.label or self.name.replace("_", " "),
            "data_type": "lookup" if self.type == "parent" else self.type,
            "json_type": JSON_TYPES.get(self.type, "string"),
            "length": self.length,
            "custom_field": self.custom,
            "system_mandatory": self.required,
            "read_only": self.read_only,
            "field_read_only": self.read_only,
            "visible": True,
            "type": "used",
            "created_source": "crm" if self.custom else "default",
            "pick_list_values": [each.wire(place) for place, each in enumerate(self.choices, 1)],
            "lookup": {},
            "multiselectlookup": {},
            "unique": {"casesensitive": False} if self.unique else {},
            "external": None,
            "default_value": None,
            "decimal_place": 2 if self.type in {"double", "currency"} else None,
        }
        return shown | self._more()

    def _more(self) -> dict[str, Any]:
        """What says where values may be used, and a lookup's module."""
        textual = self.type == "textarea"
        writes = {"web_update": True, "api_create": not self.read_only, "web_create": True,
                  "api_update": not self.read_only}  # fmt: skip
        more: dict[str, Any] = {
            "operation_type": writes,
            "view_type": {"view": True, "edit": not self.read_only, "quick_create": self.required,
                          "create": not self.read_only},
            "searchable": not textual,
            "filterable": not textual,
            "sortable": not textual,
            "webhook": True,
            "virtual_field": False,
            "auto_number": {},
            "formula": {},
            "currency": {},
            "history_tracking": None,
        }  # fmt: skip
        if self.lookup:
            more["lookup"] = {"display_label": self.lookup, "api_name": None, "id": self.id,
                              "module": {"api_name": self.lookup, "id": self.id}}  # fmt: skip
        return more

    def choice(self, text: object) -> Choice | None:
        return next((each for each in self.choices if text in (each.display, each.actual)), None)


def text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name, "text", length=length, **more)


def many(kind: str, names: str, **more: Any) -> list[Field]:
    return [Field(name, kind, **more) for name in names.split()]


def pointer(name: str, module: str, **more: Any) -> Field:
    return Field(name, "lookup", lookup=module, **more)


def picklist(name: str, values: str, kind: str = "picklist", **more: Any) -> Field:
    """`A|B=b` are two choices; the second is shown as `B` and known as `b`."""
    return Field(name, kind, choices=list(_choices(values.split("|"))), **more)


def _choices(values: Iterable[str]) -> Iterable[Choice]:
    for each in values:
        display, _, actual = each.partition("=")
        yield Choice(display, actual or display)
