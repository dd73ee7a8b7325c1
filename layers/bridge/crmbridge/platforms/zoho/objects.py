"""The Zoho modules we keep: which remote field fills which field of ours, and who owns which links."""

from collections.abc import Mapping
from typing import Final

from crmbridge.domain.records import Kind
from crmbridge.platforms.object_spec import ObjectSpec

NAME: Final = "zoho"
KEY_LABEL: Final = "CRM Bridge Key"
"""The label of the unique custom field that our creates carry. Zoho makes the API name out of it."""
BATCH: Final = 100
"""Ids in one request: with it a URL stays under 4 kB."""
MODULES_SCOPE: Final = "ZohoCRM.modules.ALL"

_AROUND: Final = ("Contacts", "Leads", "Accounts", "Deals")
_DELETIONS: Final = ("list", "deleted")
_PERSON: Final = {
    "first_name": "First_Name", "last_name": "Last_Name", "email": "Email", "phone": "Phone", "title": "Title",
    "lead_source": "Lead_Source", "owner_id": "Owner",
}  # fmt: skip


def _spec(
    name: str, kind: Kind, links: tuple[str, ...], remote: Mapping[str, str], changes: tuple[str, ...] = _DELETIONS
) -> ObjectSpec:
    return ObjectSpec(name, kind, links, remote, page_size=BATCH, scope=MODULES_SCOPE, changes=changes)


OBJECTS: Final[Mapping[str, ObjectSpec]] = {
    spec.name: spec
    for spec in (
        _spec("Accounts", Kind.COMPANY, (), {
            "name": "Account_Name", "website": "Website", "industry": "Industry", "employee_count": "Employees",
            "annual_revenue": "Annual_Revenue", "owner_id": "Owner",
        }),
        _spec("Contacts", Kind.CONTACT, ("Accounts",), {**_PERSON, "company_id": "Account_Name"}),
        _spec(
            "Leads", Kind.CONTACT, (), {**_PERSON, "lead_status": "Lead_Status", "company_name": "Company"},
            changes=("list", "converted", "deleted"),
        ),
        _spec("Deals", Kind.DEAL, ("Contacts", "Accounts"), {
            "name": "Deal_Name", "stage": "Stage", "pipeline": "Pipeline", "amount": "Amount", "currency": "Currency",
            "close_date": "Closing_Date", "created_date": "Created_Time", "probability": "Probability",
            "owner_id": "Owner", "company_id": "Account_Name",
        }),
        _spec("Tasks", Kind.TASK, _AROUND, {
            "subject": "Subject", "body": "Description", "status": "Status", "priority": "Priority",
            "due_at": "Due_Date", "completed_at": "Closed_Time", "owner_id": "Owner",
        }),
        _spec("Calls", Kind.ACTIVITY, _AROUND, {
            "subject": "Subject", "body": "Description", "occurred_at": "Call_Start_Time",
            "duration_seconds": "Call_Duration_in_seconds", "direction": "Call_Type", "outcome": "Call_Result",
            "owner_id": "Owner",
        }),
        _spec("Events", Kind.ACTIVITY, _AROUND, {
            "subject": "Event_Title", "body": "Description", "occurred_at": "Start_DateTime", "owner_id": "Owner",
        }),
        _spec("Notes", Kind.ACTIVITY, _AROUND, {
            "subject": "Note_Title", "body": "Note_Content", "occurred_at": "Created_Time", "owner_id": "Owner",
        }),
    )
}  # fmt: skip
"""In the order in which a full run is most useful: what others point to comes first. A converted lead leaves every
listing but the one that asks for such; what was deleted has a listing of its own."""

ALSO_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "Contacts": ("Secondary_Email", "Mobile"),
    "Leads": ("Secondary_Email", "Mobile", "Converted__s", "Converted_Contact", "Converted_Account"),
    "Deals": ("Contact_Name",),
    "Tasks": ("Who_Id", "What_Id"),
    "Calls": ("Who_Id", "What_Id", "Call_Duration", "Outbound_Call_Status"),
    "Events": ("Who_Id", "What_Id", "End_DateTime", "Participants"),
    "Notes": ("Parent_Id",),
}
"""Fields that something of ours is derived from beside the one that fills it."""
META: Final = ("id", "Created_Time", "Modified_Time")
SE_MODULE: Final = "$se_module"
"""The module that `What_Id` points into."""
AROUND: Final = frozenset({"Tasks", "Calls", "Events"})
"""Modules whose links are `Who_Id` and `What_Id`."""

OBJECT_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.CONTACT: "Contacts", Kind.COMPANY: "Accounts", Kind.DEAL: "Deals", Kind.TASK: "Tasks", Kind.ACTIVITY: "Calls",
}  # fmt: skip
ACTIVITY_TYPES: Final[Mapping[str, str]] = {"Calls": "call", "Events": "meeting", "Notes": "note"}
