"""Fields of objects: their types, what the API lets one do with them, and how `describe` tells about them."""

from dataclasses import dataclass, replace
from typing import Any

SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "address": "urn:address", "base64": "xsd:base64Binary",
}  # fmt: skip
TEXTUAL = {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox", "encryptedstring"}
NUMERIC = {"int", "double", "currency", "percent"}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    default: bool = False
    active: bool = True

    def wire(self) -> dict[str, Any]:
        return {"active": self.active, "defaultValue": self.default, "label": self.value, "validFor": None,
                "value": self.value}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str = "string"
    length: int = 255
    label: str = ""
    createable: bool = True
    updateable: bool = True
    required: bool = False
    calculated: bool = False
    unique: bool = False
    external_id: bool = False
    filterable: bool = True
    restricted: bool = False
    choices: tuple[Choice, ...] = ()
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    default: Any = None
    name_field: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def is_text(self) -> bool:
        return self.type in TEXTUAL

    @property
    def is_number(self) -> bool:
        return self.type in NUMERIC

    def wire(self) -> dict[str, Any]:
        return self._identity() | self._permissions() | self._shape() | self._constants()

    def _identity(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label or label_of(self.name),
            "type": self.type,
            "soapType": SOAP_TYPES.get(self.type, "xsd:string"),
            "custom": self.custom,
            "nameField": self.name_field,
            "compoundFieldName": self.compound,
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship,
            "polymorphicForeignKey": len(self.refers_to) > 1,
            "namePointing": len(self.refers_to) > 1,
            "picklistValues": [choice.wire() for choice in self.choices],
            "restrictedPicklist": self.restricted,
        }

    def _permissions(self) -> dict[str, Any]:
        is_flag = self.type == "boolean"
        return {
            "createable": self.createable,
            "updateable": self.updateable,
            "nillable": not self.required and not is_flag and self.name not in ALWAYS,
            "defaultedOnCreate": is_flag or self.default is not None or self.name in ALWAYS,
            "calculated": self.calculated,
            "unique": self.unique,
            "externalId": self.external_id,
            "idLookup": self.external_id or self.type in {"id", "email"},
            "filterable": self.filterable,
            "sortable": self.filterable,
            "groupable": self.filterable and self.type not in {"datetime", *NUMERIC},
            "aggregatable": self.filterable and not is_flag,
            "permissionable": self.createable and not self.required,
        }

    def _shape(self) -> dict[str, Any]:
        length = 18 if self.type in {"id", "reference"} else self.length if self.is_text else 0
        precision = {"int": 0, "currency": 18, "double": 18, "percent": 3}.get(self.type, 0)
        return {
            "length": length,
            "byteLength": length if self.type in {"id", "reference"} else length * 3,
            "digits": 8 if self.type == "int" else 0,
            "precision": precision,
            "scale": 2 if self.type in {"currency", "double"} else 0,
            "defaultValue": False if self.type == "boolean" else None,
            "htmlFormatted": False,
            "extraTypeInfo": "plaintextarea" if self.type == "textarea" else None,
        }

    def _constants(self) -> dict[str, Any]:
        return {**dict.fromkeys(NEVER, False), **dict.fromkeys(ABSENT)}


NEVER = (
    "autoNumber", "cascadeDelete", "caseSensitive", "dependentPicklist", "deprecatedAndHidden", "encrypted",
    "highScaleNumber", "queryByDistance", "restrictedDelete", "writeRequiresMasterRead", "displayLocationInDecimal",
)  # fmt: skip
ABSENT = (
    "calculatedFormula", "controllerName", "defaultValueFormula", "filteredLookupInfo", "inlineHelpText", "mask",
    "maskType", "referenceTargetField", "relationshipOrder",
)  # fmt: skip
ALWAYS = {"Id", "IsDeleted", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById",
          "SystemModstamp"}  # fmt: skip
LABELS = {"Id": "Record ID", "OwnerId": "Owner ID", "IsDeleted": "Deleted", "SystemModstamp": "System Modstamp",
          "StageName": "Stage", "NumberOfEmployees": "Employees", "LastName": "Last Name",
          "FirstName": "First Name"}  # fmt: skip


def label_of(name: str) -> str:
    """`MailingCity` is shown as `Mailing City`, `Bridge_Key__c` as `Bridge Key`."""
    if name in LABELS:
        return LABELS[name]
    bare = name.removesuffix("__c").replace("_", " ")
    spaced = "".join(f" {each}" if each.isupper() and n and bare[n - 1].islower() else each
                     for n, each in enumerate(bare))  # fmt: skip
    return spaced.removesuffix(" Id") + " ID" if spaced.endswith(" Id") else spaced


def text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name, "string", length, **more)


def long_text(name: str, length: int = 32_000, **more: Any) -> Field:
    return Field(name, "textarea", length, filterable=False, **more)


def number(name: str, kind: str = "double", **more: Any) -> Field:
    return Field(name, kind, 0, **more)


def flag(name: str, **more: Any) -> Field:
    return Field(name, "boolean", 0, default=False, **more)


def moment(name: str, **more: Any) -> Field:
    return Field(name, "datetime", 0, **more)


def day(name: str, **more: Any) -> Field:
    return Field(name, "date", 0, **more)


def lookup(name: str, *objects: str, **more: Any) -> Field:
    """`AccountId` is followed by `Account.`, `Referred_By__c` by `Referred_By__r.`"""
    path = f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(name, "reference", 18, refers_to=objects, relationship=path, **more)


def picklist(name: str, values: str, restricted: bool = False, **more: Any) -> Field:
    """`values` are separated by `|`; a star marks the default."""
    choices = tuple(Choice(each.strip().rstrip("*"), each.strip().endswith("*")) for each in values.split("|"))
    default = next((each.value for each in choices if each.default), None)
    return Field(name, "picklist", 255, choices=choices, restricted=restricted, default=default, **more)


def read_only(field: Field) -> Field:
    return replace(field, createable=False, updateable=False)


@dataclass(frozen=True, slots=True)
class Child:
    """A relationship seen from the parent: what a subquery in SELECT names."""

    relationship: str
    object: str
    field: str
    cascade: bool = False

    def wire(self) -> dict[str, Any]:
        return {"cascadeDelete": self.cascade, "childSObject": self.object, "deprecatedAndHidden": False,
                "field": self.field, "junctionIdListNames": [], "junctionReferenceTo": [],
                "relationshipName": self.relationship, "restrictedDelete": False}  # fmt: skip
