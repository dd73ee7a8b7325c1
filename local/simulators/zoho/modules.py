"""The modules of an org: what they are called, how their records are named, and which checks they get."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from local.simulators.zoho.fields import Field


@dataclass(slots=True)
class Module:
    """`title` is the field that names a record; `upserts` holds the fields that find duplicates on their own."""

    name: str
    singular: str
    title: str
    fields: dict[str, Field]
    upserts: tuple[str, ...] = ()
    parent: str = ""
    generated: str = "default"
    id: str = ""
    layout_id: str = ""
    forbidden: set[str] = field(default_factory=set)

    def unique_names(self) -> list[str]:
        return [each.name for each in self.fields.values() if each.unique]

    def add(self, *extras: Field) -> None:
        for each in extras:
            self.fields[each.name] = each

    def wire(self, place: int) -> dict[str, object]:
        return {
            "id": self.id,
            "api_name": self.name,
            "module_name": self.name,
            "singular_label": self.singular,
            "plural_label": self.name,
            "actual_singular_label": self.singular,
            "actual_plural_label": self.name,
            "generated_type": self.generated,
            "api_supported": True,
            "creatable": "create" not in self.forbidden,
            "editable": "edit" not in self.forbidden,
            "deletable": "delete" not in self.forbidden,
            "viewable": "view" not in self.forbidden,
            "visible": True,
            "status": "visible",
            "show_as_tab": self.name != "Notes" and self.generated == "default",
            "sequence_number": place,
            "modified_time": None,
            "modified_by": None,
            "business_card_field_limit": 5,
            "profiles": [],
            "parent_module": {},
        }


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    return {each.name: each for each in fields}
