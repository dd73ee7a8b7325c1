"""A portal's properties: parsed from the catalogue, extended by what the portal's people and apps create."""

from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import iso
from local.simulators.hubspot.catalogue import LINES, OPTIONS, PER_STAGE
from local.simulators.hubspot.errors import ApiError, refused, validation
from local.simulators.hubspot.schema import ObjectType

DEAL_STAGES = (
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent",
    "closedwon", "closedlost",
)  # fmt: skip
EMAIL_SUBSCRIPTIONS = range(400_101, 400_391)
MAX_UNIQUE = 10
WRITABLE_TYPES = {"string", "number", "date", "datetime", "enumeration", "bool", "phone_number"}
EPOCH = "2019-08-06T02:41:08.504Z"


@dataclass(slots=True)
class Property:
    name: str
    label: str
    type: str
    field_type: str
    flags: frozenset[str] = frozenset()
    options: dict[str, str] = field(default_factory=dict)
    group: str = ""
    description: str = ""
    created: str = EPOCH
    updated: str = EPOCH
    archived: bool = False

    @property
    def read_only(self) -> bool:
        return bool(self.flags & {"r", "c"})

    @property
    def calculated(self) -> bool:
        return "c" in self.flags

    @property
    def unique(self) -> bool:
        return "u" in self.flags

    def wire(self) -> dict[str, Any]:
        custom = "k" in self.flags
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [_option(value, label, place) for place, (value, label) in enumerate(self.options.items())],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": "x" in self.flags,
            "hasUniqueValue": self.unique and custom,
            "hidden": False,
            "formField": not self.read_only,
            "archived": self.archived,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "modificationMetadata": {
                "archivable": custom,
                "readOnlyDefinition": not custom,
                "readOnlyOptions": not custom,
                "readOnlyValue": self.read_only,
            },
            "dataSensitivity": "non_sensitive",
        }
        return body | self._extras(custom)

    def _extras(self, custom: bool) -> dict[str, Any]:
        """What is present on some properties only: `hubspotDefined` is missing, not false, on custom ones."""
        extras: dict[str, Any] = {} if custom else {"hubspotDefined": True}
        if self.name == "hubspot_owner_id":
            extras["referencedObjectType"] = "OWNER"
        if self.name == "associatedcompanyid":
            extras["referencedObjectType"] = "COMPANY"
        if "m" in self.flags:
            extras["showCurrencySymbol"] = True
            if self.name == "amount":
                extras["currencyPropertyName"] = "deal_currency_code"
        return extras


def _option(value: str, label: str, place: int) -> dict[str, Any]:
    return {"value": value, "label": label, "displayOrder": place, "hidden": False}


def _parse(line: str, group: str) -> Property:
    name, label, kind, field_type, flags, options, *_ = [*line.split("|"), "", ""]
    pairs = (pair.partition(":") for pair in OPTIONS[options or "none"].split())
    named = {value: text.replace("_", " ") for value, _, text in pairs}
    return Property(name, label, kind, field_type, frozenset(flags), named, group)


def _per_stage(stages: tuple[str, ...], group: str) -> list[Property]:
    return [
        Property(prefix + stage, f"{label} {stage}", kind, "date" if kind == "datetime" else "number", frozenset("r"),
                 group=group)
        for prefix, label, kind in PER_STAGE for stage in stages
    ]  # fmt: skip


def _subscriptions() -> list[Property]:
    yes_no = {"true": "Yes", "false": "No"}
    return [
        Property(f"hs_email_optout_{number}", f"Opted out of email: list {number}", "enumeration", "booleancheckbox",
                 frozenset("r"), yes_no, "email_preferences")
        for number in EMAIL_SUBSCRIPTIONS
    ]  # fmt: skip


def initial_properties(kind: ObjectType) -> dict[str, Property]:
    group = {
        "contacts": "contactinformation",
        "companies": "companyinformation",
        "deals": "dealinformation",
        "tickets": "ticketinformation",
    }.get(kind.name, kind.singular)
    found = [_parse(line, group) for line in LINES[kind.name].splitlines() if line]
    if kind.name == "contacts":
        found += _per_stage(("subscriber", "lead", "opportunity", "customer"), group) + _subscriptions()
    if kind.name == "deals":
        found += _per_stage(DEAL_STAGES, group)
    return {each.name: each for each in found}


def new_property(existing: dict[str, Property], kind: ObjectType, spec: dict[str, Any], now_ms: int) -> Property:
    """What `POST /properties/{type}` makes; the name is lower-cased, as HubSpot does."""
    missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not spec.get(key)]
    if missing:
        raise validation(f"Invalid input JSON: Some required fields were not set: [{', '.join(missing)}]")
    name = str(spec["name"]).lower()
    if name in existing and not existing[name].archived:
        raise _exists(name, kind)
    if spec["type"] not in WRITABLE_TYPES:
        raise validation(f'Cannot deserialize value of type `PropertyType` from String "{spec["type"]}"')
    flags = {"k"} | ({"u"} if spec.get("hasUniqueValue") else set()) | ({"x"} if spec.get("externalOptions") else set())
    uniques = sum(each.unique and "k" in each.flags and not each.archived for each in existing.values())
    if "u" in flags and uniques >= MAX_UNIQUE:
        message = f"Unable to create property: {kind.singular} already has {MAX_UNIQUE} properties with unique values"
        raise validation(message, "PropertyValidationError.UNIQUE_PROPERTY_LIMIT_REACHED")
    options = {str(option["value"]): str(option["label"]) for option in spec.get("options") or []}
    return Property(
        name, str(spec["label"]), spec["type"], spec["fieldType"], frozenset(flags), options, str(spec["groupName"]),
        str(spec.get("description") or ""), iso(now_ms), iso(now_ms),
    )  # fmt: skip


def _exists(name: str, kind: ObjectType) -> ApiError:
    return refused(
        409,
        "OBJECT_ALREADY_EXISTS",
        f"A property named '{name}' already exists for object type {kind.type_id}.",
        subCategory="Properties.PROPERTY_ALREADY_EXISTS",
    )
