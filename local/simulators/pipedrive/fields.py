"""Field definitions of a company: the built-in ones, and custom ones under keys of forty hex digits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.pipedrive.errors import invalid
from local.simulators.pipedrive.kinds import System

CUSTOM_TYPES = ("varchar", "text", "double", "phone", "date", "daterange", "time", "timerange", "set", "enum",
                "varchar_auto", "address", "monetary", "org", "people", "user")  # fmt: skip
ADDRESS_PARTS = ("subpremise", "street_number", "route", "sublocality", "locality", "admin_area_level_1",
                 "admin_area_level_2", "country", "postal_code")  # fmt: skip
SUBFIELDS = {
    "monetary": (("currency", "Currency of", "varchar"),),
    "daterange": (("until", "End of", "date"),),
    "time": (("timezone_id", "Timezone of", "int"),),
    "timerange": (("until", "End of", "time"), ("timezone_id", "Timezone of", "int")),
    "address": tuple((part, part.replace("_", " ").capitalize() + " of", "varchar") for part in ADDRESS_PARTS),
}
STATUSES = {"open": "Open", "won": "Won", "lost": "Lost", "deleted": "Deleted"}
VISIBILITY = {1: "Item owner", 3: "Item owner's visibility group", 5: "And its sub-groups", 7: "Entire company"}


@dataclass(slots=True)
class Custom:
    """A field that somebody of the company added; names need not be unique."""

    key: str
    name: str
    type: str
    options: dict[int, str] = field(default_factory=dict)
    description: str | None = None

    def wire(self, more: frozenset[str]) -> dict[str, Any]:
        subfields = [
            {"field_code": f"{self.key}_{code}", "field_name": f"{name} {self.name}", "field_type": kind}
            for code, name, kind in SUBFIELDS.get(self.type, ())
        ]
        shown = [{"id": number, "label": label, "color": None} for number, label in self.options.items()]
        options = shown if self.type in {"enum", "set"} else None
        body = _definition(self.name, self.key, self.type, options, subfields or None)
        return body | {"is_custom_field": True, "description": self.description} | _extras(more)


def built_in(each: System, options: Mapping[str, Mapping[int, str]], more: frozenset[str]) -> dict[str, Any]:
    known: Mapping[Any, str] | None = options.get(each.code)
    if each.type == "status":
        known = STATUSES
    elif each.type == "visible":
        known = VISIBILITY
    shown = None if known is None else [{"id": number, "label": label} for number, label in known.items()]
    subfields = None
    if each.type == "address":
        parts = ADDRESS_PARTS
        subfields = [
            {"field_code": part, "field_name": part.replace("_", " ").capitalize(), "field_type": "varchar"}
            for part in parts
        ]
    body = _definition(each.name, each.code, each.wire_type, shown, subfields)
    return body | {"is_optional_response_field": "o" in each.flags} | _extras(more)


def optional(code: str, more: frozenset[str]) -> dict[str, Any]:
    """A field that only `include_fields` brings."""
    kind = "date" if code.endswith("_time") else "int" if code.endswith(("_count", "_id")) else "varchar"
    body = _definition(code.replace("_", " ").capitalize(), code, kind, None, None)
    return body | {"is_optional_response_field": True} | _extras(more)


def new_custom(spec: Mapping[str, Any], salt: str, first_option: int) -> Custom:
    name, kind = spec.get("field_name"), spec.get("field_type")
    if not isinstance(name, str) or not name.strip():
        raise invalid("field_name: a non-empty string is required")
    if kind not in CUSTOM_TYPES:
        raise invalid(f"field_type: must be one of {', '.join(CUSTOM_TYPES)}")
    labels = [option["label"] for option in spec.get("options") or []]
    if kind in {"enum", "set"} and not labels:
        raise invalid("options: at least one is required for enum and set fields")
    if kind not in {"enum", "set"} and labels:
        raise invalid("options: only enum and set fields have options")
    options = {first_option + place: str(label) for place, label in enumerate(labels)}
    return Custom(key_for(salt), name, str(kind), options, spec.get("description"))


def key_for(salt: str) -> str:
    return hashlib.sha1(salt.encode()).hexdigest()


def _definition(name: str, code: str, kind: str, options: Any, subfields: Any) -> dict[str, Any]:
    return {
        "field_name": name,
        "field_code": code,
        "description": None,
        "field_type": kind,
        "options": options,
        "subfields": subfields,
        "is_custom_field": False,
        "is_optional_response_field": False,
    }


def _extras(more: frozenset[str]) -> dict[str, Any]:
    everywhere = {"show_in_all": True, "pipeline_ids": []}
    known: dict[str, Any] = {
        "ui_visibility": {
            "add_visible_flag": False,
            "details_visible_flag": True,
            "projects_detail_visible_flag": False,
            "show_in_pipelines": everywhere,
        },
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False, "stage_ids": [], "statuses": {}},
    }
    return {name: known[name] for name in known if name in more}
