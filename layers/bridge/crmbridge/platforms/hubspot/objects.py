"""The HubSpot objects we keep: type ids, which remote property fills which field of ours, and who owns which links."""

from collections.abc import Mapping
from typing import Final

from crmbridge.domain.records import Kind
from crmbridge.platforms.object_spec import ObjectSpec

NAME: Final = "hubspot"
KEY_PROPERTY: Final = "crm_bridge_key"
"""The unique property that our creates carry, so that an unknown outcome can be looked up."""

LINKED_ONLY: Final[Mapping[str, str]] = {"tickets": "tickets"}
"""Objects that are nothing of ours, though others link to them -> scope. A company may have thousands of tickets: its
own links to them are left out."""

_EVERYONE: Final = ("contacts", "companies", "deals", *LINKED_ONLY)
_OF_DEALS: Final = ("contacts", "companies", *LINKED_ONLY)
_CONTACTS_READ: Final = "crm.objects.contacts.read"
"""Tasks, calls, notes and meetings have no scopes of their own: asking for `crm.objects.calls.write` fails."""

OBJECTS: Final[Mapping[str, ObjectSpec]] = {
    spec.name: spec
    for spec in (
        ObjectSpec("companies", Kind.COMPANY, scope="crm.objects.companies.read", remote={
            "name": "name", "website": "website", "domain": "domain", "industry": "industry",
            "employee_count": "numberofemployees", "annual_revenue": "annualrevenue", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("contacts", Kind.CONTACT, ("companies", *LINKED_ONLY), scope=_CONTACTS_READ, remote={
            "first_name": "firstname", "last_name": "lastname", "email": "email", "phone": "phone",
            "title": "jobtitle", "lifecycle_stage": "lifecyclestage", "lead_status": "hs_lead_status",
            "lead_source": "hs_analytics_source", "owner_id": "hubspot_owner_id", "company_id": "associatedcompanyid",
            "company_name": "company",
        }),
        ObjectSpec("deals", Kind.DEAL, _OF_DEALS, scope="crm.objects.deals.read", remote={
            "name": "dealname", "stage": "dealstage", "pipeline": "pipeline", "amount": "amount",
            "currency": "deal_currency_code", "amount_home": "amount_in_home_currency", "close_date": "closedate",
            "created_date": "createdate", "probability": "hs_deal_stage_probability", "is_closed": "hs_is_closed",
            "is_won": "hs_is_closed_won", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("tasks", Kind.TASK, _EVERYONE, scope=_CONTACTS_READ, remote={
            "subject": "hs_task_subject", "body": "hs_task_body", "status": "hs_task_status",
            "priority": "hs_task_priority", "type": "hs_task_type", "due_at": "hs_timestamp",
            "completed_at": "hs_task_completion_date", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("calls", Kind.ACTIVITY, _EVERYONE, scope=_CONTACTS_READ, remote={
            "subject": "hs_call_title", "body": "hs_call_body", "occurred_at": "hs_timestamp",
            "duration_seconds": "hs_call_duration", "direction": "hs_call_direction",
            "outcome": "hs_call_disposition", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("notes", Kind.ACTIVITY, _EVERYONE, scope=_CONTACTS_READ, remote={
            "body": "hs_note_body", "occurred_at": "hs_timestamp", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("meetings", Kind.ACTIVITY, _EVERYONE, scope=_CONTACTS_READ, remote={
            "subject": "hs_meeting_title", "body": "hs_meeting_body", "occurred_at": "hs_timestamp",
            "outcome": "hs_meeting_outcome", "owner_id": "hubspot_owner_id",
        }),
        ObjectSpec("emails", Kind.ACTIVITY, _EVERYONE, scope=_CONTACTS_READ, remote={
            "subject": "hs_email_subject", "body": "hs_email_html", "occurred_at": "hs_timestamp",
            "direction": "hs_email_direction", "outcome": "hs_email_status", "owner_id": "hubspot_owner_id",
        }),
    )
}  # fmt: skip
"""In the order in which a full run is most useful: what others point to comes first."""

ALSO_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("hs_additional_emails", "mobilephone", "hs_merged_object_ids", "hs_calculated_merged_vids"),
    "companies": ("hs_merged_object_ids",),
    "deals": ("hs_merged_object_ids",),
    "calls": ("hs_call_status",),
    "meetings": ("hs_meeting_start_time", "hs_meeting_end_time"),
    "emails": ("hs_email_text",),
}
"""Properties that a field of ours is derived from beside the one that fills it."""

TYPE_IDS: Final[Mapping[str, str]] = {
    "contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5", "tasks": "0-27", "notes": "0-46",
    "meetings": "0-47", "calls": "0-48", "emails": "0-49",
}  # fmt: skip

SINGULAR: Final[Mapping[str, str]] = {
    "contacts": "contact", "companies": "company", "deals": "deal", "tasks": "task", "notes": "note",
    "meetings": "meeting", "calls": "call", "emails": "email", "tickets": "ticket",
}  # fmt: skip

NAMES: Final[Mapping[str, str]] = {
    **{name: name for name in TYPE_IDS},
    **{type_id: name for name, type_id in TYPE_IDS.items()},
    **{singular: name for name, singular in SINGULAR.items()},
}
"""Any of HubSpot's words for an object -> ours: `contact`, `contacts`, `0-1`."""

OBJECT_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.CONTACT: "contacts", Kind.COMPANY: "companies", Kind.DEAL: "deals", Kind.TASK: "tasks",
}  # fmt: skip

ASSOCIATION_TYPES: Final[Mapping[tuple[str, str], int]] = {
    ("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("tasks", "deals"): 216, ("tasks", "tickets"): 230,
    ("notes", "contacts"): 202, ("notes", "companies"): 190, ("notes", "deals"): 214, ("notes", "tickets"): 228,
    ("calls", "contacts"): 194, ("calls", "companies"): 182, ("calls", "deals"): 206, ("calls", "tickets"): 220,
    ("meetings", "contacts"): 200, ("meetings", "companies"): 188, ("meetings", "deals"): 212,
    ("meetings", "tickets"): 226, ("emails", "contacts"): 198, ("emails", "companies"): 186, ("emails", "deals"): 210,
    ("emails", "tickets"): 224, ("contacts", "tickets"): 15, ("companies", "tickets"): 340, ("deals", "tickets"): 27,
    ("contacts", "contacts"): 449, ("contacts", "companies"): 279, ("contacts", "deals"): 4,
    ("companies", "contacts"): 280, ("companies", "companies"): 450, ("companies", "deals"): 342,
    ("deals", "contacts"): 3, ("deals", "companies"): 341, ("deals", "deals"): 451,
}  # fmt: skip
"""(from, to) -> the unlabelled type; directional, from the enumeration in HubSpot's own SDKs."""

PRIMARY_TYPES: Final[Mapping[tuple[str, str], int]] = {("contacts", "companies"): 1, ("deals", "companies"): 5}


def modified_property(name: str) -> str:
    return "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"


def created_property(name: str) -> str:
    return "createdate" if name in ("contacts", "companies", "deals") else "hs_createdate"
