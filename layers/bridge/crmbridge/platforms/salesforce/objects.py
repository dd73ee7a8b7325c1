"""The Salesforce objects we keep: which remote field fills which field of ours, and who owns which links."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Kind
from crmbridge.platforms.object_spec import ObjectSpec

NAME: Final = "salesforce"
KEY_FIELD: Final = "CrmBridgeKey__c"
"""The unique external-id field that an admin installs; a namespace may stand before it."""
BATCH: Final = 500
"""Ids in one `IN`: with its quotes each is 21 characters of a query."""

_AROUND: Final = ("Contact", "Lead", "Account", "Opportunity")
_LOGGED: Final = {"subject": "Subject", "body": "Description", "owner_id": "OwnerId"}

OBJECTS: Final[Mapping[str, ObjectSpec]] = {
    spec.name: spec
    for spec in (
        ObjectSpec("Account", Kind.COMPANY, page_size=BATCH, scope="api", remote={
            "name": "Name", "website": "Website", "industry": "Industry", "employee_count": "NumberOfEmployees",
            "annual_revenue": "AnnualRevenue", "owner_id": "OwnerId",
        }),
        ObjectSpec("Contact", Kind.CONTACT, ("Account",), page_size=BATCH, scope="api", remote={
            "first_name": "FirstName", "last_name": "LastName", "email": "Email", "phone": "Phone", "title": "Title",
            "lead_source": "LeadSource", "owner_id": "OwnerId", "company_id": "AccountId",
        }),
        ObjectSpec("Lead", Kind.CONTACT, page_size=BATCH, scope="api", remote={
            "first_name": "FirstName", "last_name": "LastName", "email": "Email", "phone": "Phone", "title": "Title",
            "lead_status": "Status", "lead_source": "LeadSource", "owner_id": "OwnerId", "company_name": "Company",
        }),
        ObjectSpec(
            "Opportunity", Kind.DEAL, ("Contact", "Account"), page_size=BATCH, scope="api",
            changes=("list", "roles"), remote={
                "name": "Name", "stage": "StageName", "amount": "Amount", "currency": "CurrencyIsoCode",
                "close_date": "CloseDate", "created_date": "CreatedDate", "probability": "Probability",
                "is_closed": "IsClosed", "is_won": "IsWon", "owner_id": "OwnerId", "company_id": "AccountId",
            },
        ),
        ObjectSpec("Task", Kind.TASK, _AROUND, page_size=BATCH, scope="api", also=(Kind.ACTIVITY,), remote={
            **_LOGGED, "status": "Status", "priority": "Priority", "type": "TaskSubtype", "due_at": "ActivityDate",
            "completed_at": "CompletedDateTime",
        }),
        ObjectSpec("ContentNote", Kind.ACTIVITY, _AROUND, page_size=BATCH, scope="api", remote={
            "subject": "Title", "body": "TextPreview", "occurred_at": "CreatedDate", "owner_id": "OwnerId",
        }),
        ObjectSpec("Event", Kind.ACTIVITY, _AROUND, page_size=BATCH, scope="api", remote={
            **_LOGGED, "occurred_at": "StartDateTime",
        }),
    )
}  # fmt: skip
"""In the order in which a full run is most useful: what others point to comes first."""

LOGGED: Final[Mapping[str, str]] = {
    **_LOGGED, "duration_seconds": "CallDurationInSeconds", "direction": "CallType", "outcome": "CallDisposition",
}  # fmt: skip
"""The same for a task that is a logged call or e-mail, and so an activity."""
ACTIVITY_TYPES: Final[Mapping[str, str]] = {"Call": "call", "Email": "email", "ListEmail": "email"}
"""`TaskSubtype`, which never changes -> the type of an activity; every other task is a task."""

ALSO_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "Contact": ("MobilePhone", "HomePhone", "OtherPhone", "IsPersonAccount", "MasterRecordId"),
    "Lead": ("MobilePhone", "IsConverted", "ConvertedContactId", "MasterRecordId"),
    "Account": ("IsPersonAccount", "PersonContactId", "MasterRecordId"),
    "Task": ("WhoId", "WhatId", "CallDurationInSeconds", "CallType", "CallDisposition"),
    "Event": ("WhoId", "WhatId", "DurationInMinutes"),
}
"""Fields that something of ours is derived from beside the one that fills it."""
META: Final = ("Id", "IsDeleted", "CreatedDate", "SystemModstamp")
PEOPLE: Final = ("Contact", "Lead")
CORE: Final = ("Account", "Contact", "Opportunity")
"""What is worth an error when the connected user may not see it; leads and activities are not used everywhere."""
ARCHIVING: Final = ("Task", "Event")
"""A year after they are closed these are archived: there still, but only `queryAll` shows them."""

PREFIXES: Final[Mapping[str, str]] = {"001": "Account", "003": "Contact", "006": "Opportunity", "00Q": "Lead"}
"""The first three characters of an id tell its object."""

OBJECT_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.CONTACT: "Contact", Kind.COMPANY: "Account", Kind.DEAL: "Opportunity", Kind.TASK: "Task",
    Kind.ACTIVITY: "Event",
}  # fmt: skip

ROLES: Final = "OpportunityContactRoles"
PLACES: Final = "ContentDocumentLinks"
"""Where a row holds what else was read of it: a deal's contacts, and what a note hangs on."""
CONTENT: Final = "Content"
"""Where a row holds the text of a long note; None where it could not be had."""
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def kind_of(object: str, row: Mapping[str, Any]) -> Kind:
    """A task is told by its subtype, everything else by its object."""
    if object == "Task" and row.get("TaskSubtype") in ACTIVITY_TYPES:
        return Kind.ACTIVITY
    return OBJECTS[object].kind


def remote_of(object: str, kind: Kind) -> Mapping[str, str]:
    """Our field -> the column that fills it by default."""
    spec = OBJECTS.get(object)
    if spec is None or kind not in spec.kinds:
        return {}
    return spec.remote if spec.kind is kind else LOGGED


def long_id(id: str) -> str:
    """18 characters, as the API answers: the last three say which of the first fifteen are capitals."""
    if len(id) != 15 or not (id.isascii() and id.isalnum()):
        return id
    chunks = (id[start : start + 5] for start in (0, 5, 10))
    return id + "".join(_CHECK[sum(1 << at for at, letter in enumerate(part) if letter.isupper())] for part in chunks)
