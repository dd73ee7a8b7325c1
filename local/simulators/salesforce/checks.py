"""Why Salesforce refuses a write: what is missing, locked, taken, forbidden or points nowhere."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from local.simulators.salesforce.errors import Refused, bad_reference
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.store import Row

if TYPE_CHECKING:
    from local.simulators.salesforce.org import Org

MATCHED = {"Contact": "Email", "Lead": "Email", "Account": "Name"}


def not_writable(names: list[str]) -> Refused:
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and"
        " verify that it is read/write for your profile or permission set."
    )
    return Refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def creation(org: "Org", kind: Kind, row: Row) -> None:
    required = [each.name for each in kind.fields.values() if each.required]
    missing_fields(name for name in required if row.get(name) is None)
    if kind.name in {"Task", "Event"}:
        _activity(org, kind, row)


def missing_fields(names: Iterable[str]) -> None:
    missing = list(names)
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise Refused(400, "REQUIRED_FIELD_MISSING", message, missing)


def values(
    org: "Org", kind: Kind, asked: Row, row: Row, *, allow_duplicates: bool = False, known: str | None = None
) -> None:
    """What must hold for a new row and for a changed one (`known`) alike."""
    missing_fields(each.name for each in kind.fields.values() if each.required and row.get(each.name) is None)
    _references(org, kind, asked)
    if asked.get("WhatId") or asked.get("WhoId"):
        _no_lead_with_record(row)
    _uniques(org, kind, asked, known)
    for rule in org.rules:
        if rule.object == kind.name and rule.field in asked and asked[rule.field] == rule.forbidden:
            raise Refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field])
    if known is None and kind.name in MATCHED:
        _duplicates(org, kind, row, allow=allow_duplicates)


def lock(org: "Org", row_id: str) -> None:
    if row_id in org.protected:
        message = "insufficient access rights on object id"
        raise Refused(403, "INSUFFICIENT_ACCESS_OR_READONLY", message, [])
    if org.locks.get(row_id, 0) > 0:
        org.locks[row_id] -= 1
        message = f"unable to obtain exclusive access to this record or 1 records: {row_id}"
        raise Refused(400, "UNABLE_TO_LOCK_ROW", message, [])


def _activity(org: "Org", kind: Kind, row: Row) -> None:
    if kind.name == "Event" and row.get("StartDateTime") is None and row.get("ActivityDateTime") is None:
        if row.get("ActivityDate") is None or not row.get("IsAllDayEvent"):
            missing_fields(["ActivityDateTime", "DurationInMinutes"])
        row["StartDateTime"] = row["EndDateTime"] = org.now_ms() // 86_400_000 * 86_400_000


def _references(org: "Org", kind: Kind, asked: Row) -> None:
    for name, value in asked.items():
        field = kind.fields[name]
        if field.type == "reference" and value is not None and not org.refers(field.refers_to, value):
            raise bad_reference([name])


def _no_lead_with_record(row: Row) -> None:
    if str(row.get("WhoId", "")).startswith("00Q") and row.get("WhatId"):
        message = "A lead cannot be related to another record: leave Related To empty"
        raise Refused(400, "FIELD_INTEGRITY_EXCEPTION", message, ["WhatId"])


def _uniques(org: "Org", kind: Kind, asked: Row, known: str | None) -> None:
    for field in kind.uniques():
        if not field.unique or asked.get(field.name) is None:
            continue
        taken = [each for each in org.stores[kind.name].holders(field.name, asked[field.name]) if each != known]
        if taken:
            message = f"duplicate value found: {field.name} duplicates value on record with id: {taken[0]}"
            raise Refused(400, "DUPLICATE_VALUE", message, [])


def _duplicates(org: "Org", kind: Kind, row: Row, *, allow: bool) -> None:
    mode = org.settings.duplicate_rules
    if mode == "off" or (mode == "alert" and allow):
        return
    name = MATCHED[kind.name]
    wanted = str(row.get(name) or "").casefold()
    if wanted and any(str(each.get(name, "")).casefold() == wanted for each in org.stores[kind.name].scan()):
        raise Refused(400, "DUPLICATES_DETECTED", "Use one of these records?", [])
