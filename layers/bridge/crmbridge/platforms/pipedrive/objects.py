"""The Pipedrive objects we keep: which remote field fills which field of ours, and who owns which links."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Kind, State
from crmbridge.platforms.object_spec import ObjectSpec
from crmbridge.platforms.pipedrive.words import activity_kind

NAME: Final = "pipedrive"
KEY_FIELD: Final = "CRM Bridge key"
"""The name of the custom field that our creates carry, so that an unknown outcome can be looked up. Its key is a hash
that differs per account and object."""

CONTACTS_SCOPE: Final = "contacts:read"
DEALS_SCOPE: Final = "deals:read"
ACTIVITIES_SCOPE: Final = "activities:read"

_EVERYONE: Final = ("persons", "organizations", "deals")

OBJECTS: Final[Mapping[str, ObjectSpec]] = {
    spec.name: spec
    for spec in (
        ObjectSpec("organizations", Kind.COMPANY, scope=CONTACTS_SCOPE, remote={
            "name": "name", "website": "website", "industry": "industry", "employee_count": "employee_count",
            "annual_revenue": "annual_revenue", "owner_id": "owner_id",
        }),
        ObjectSpec("persons", Kind.CONTACT, ("organizations",), scope=CONTACTS_SCOPE, remote={
            "first_name": "first_name", "last_name": "last_name", "email": "emails", "phone": "phones",
            "title": "job_title", "owner_id": "owner_id", "company_id": "org_id",
        }),
        ObjectSpec(
            "deals", Kind.DEAL, ("persons", "organizations"), scope=DEALS_SCOPE,
            listings=("list", "archived"), listed=(State.LIVE, State.ARCHIVED),
            changes=("list", "deleted", "archived"), remote={
                "name": "title", "stage": "stage_id", "pipeline": "pipeline_id", "amount": "value",
                "currency": "currency", "close_date": "expected_close_date", "created_date": "add_time",
                "probability": "probability", "is_closed": "status", "owner_id": "owner_id", "company_id": "org_id",
            },
        ),
        ObjectSpec("activities", Kind.TASK, _EVERYONE, also=(Kind.ACTIVITY,), scope=ACTIVITIES_SCOPE, remote={
            "subject": "subject", "body": "note", "status": "done", "priority": "priority", "type": "type",
            "due_at": "due_date", "completed_at": "marked_as_done_time", "owner_id": "owner_id",
        }),
        ObjectSpec("notes", Kind.ACTIVITY, _EVERYONE, scope=DEALS_SCOPE, remote={
            "body": "content", "occurred_at": "add_time", "owner_id": "user_id",
        }),
    )
}  # fmt: skip
"""In the order in which a full run is most useful: what others point to comes first. An activity is a task or what has
its type for a name; archived deals are in no other listing (since July 2025), nor are deleted ones."""

ENTITIES: Final[Mapping[str, str]] = {
    "organization": "organizations", "person": "persons", "deal": "deals", "activity": "activities", "note": "notes",
}  # fmt: skip
"""What webhooks and field lists call them."""

NAMING: Final = frozenset({"stage", "pipeline", "user"})
"""Entities that records name; directories tell what they are called."""

SINGULAR: Final[Mapping[str, str]] = {plural: singular for singular, plural in ENTITIES.items()}

NAMES: Final[Mapping[str, str]] = {**ENTITIES, **{name: name for name in OBJECTS}}

OBJECT_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.CONTACT: "persons", Kind.COMPANY: "organizations", Kind.DEAL: "deals", Kind.TASK: "activities",
    Kind.ACTIVITY: "activities",
}  # fmt: skip

LINK_FIELDS: Final[Mapping[str, str]] = {"persons": "person_id", "organizations": "org_id", "deals": "deal_id"}
"""The remote field that holds the id of a linked record."""

COUNT: Final = "participants_count"
"""Of a deal: who takes part is told by it, and nothing else is."""
ALSO_READ: Final[Mapping[str, Mapping[str, str]]] = {
    "activities": {"include_fields": "attendees"}, "deals": {"include_fields": COUNT},
}  # fmt: skip
"""Asked for in every reading: one record has one fingerprint. What else could be asked for are counts, which move
without anybody's doing."""


def kind_of(object: str, raw: Any) -> Kind:
    return activity_kind(raw) if object == "activities" else OBJECTS[object].kind
