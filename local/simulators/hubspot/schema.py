"""Object types, association types and scopes, as every portal has them from the start."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectType:
    name: str
    singular: str
    type_id: str
    modified: str
    created: str
    defaults: tuple[str, ...]
    scope: str
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    search_in: tuple[str, ...] = ()
    stage: str = ""
    pipeline: str = ""
    only_scope: str = ""

    @property
    def read_scope(self) -> str:
        return self.only_scope or f"crm.objects.{self.scope}.read"

    @property
    def write_scope(self) -> str:
        return self.only_scope or f"crm.objects.{self.scope}.write"

    @property
    def has_own_events(self) -> bool:
        """Contacts, companies, deals and tickets: `contact.creation` and the like. The rest: `object.creation`."""
        return self.scope == self.name


# Tasks, calls, notes, meetings and e-mails have no scopes of their own: those of contacts open them.
CONTACTS = ObjectType(
    "contacts", "contact", "0-1", "lastmodifieddate", "createdate",
    ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"), "contacts",
    one_of=("email", "firstname", "lastname"),
    search_in=("firstname", "lastname", "email", "phone", "company"),
)  # fmt: skip
COMPANIES = ObjectType(
    "companies", "company", "0-2", "hs_lastmodifieddate", "createdate",
    ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"), "companies",
    one_of=("name", "domain"), search_in=("name", "domain", "phone", "website"),
)  # fmt: skip
DEALS = ObjectType(
    "deals", "deal", "0-3", "hs_lastmodifieddate", "createdate",
    ("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline"),
    "deals", required=("dealname", "dealstage"), search_in=("dealname",), stage="dealstage", pipeline="pipeline",
)  # fmt: skip
# One old scope without a dot opens tickets for reading and writing.
TICKETS = ObjectType(
    "tickets", "ticket", "0-5", "hs_lastmodifieddate", "createdate",
    ("content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage",
     "hs_ticket_category", "hs_ticket_priority", "subject"),
    "tickets", required=("hs_pipeline_stage",), search_in=("subject", "content"), stage="hs_pipeline_stage",
    pipeline="hs_pipeline", only_scope="tickets",
)  # fmt: skip


def _activity(name: str, singular: str, type_id: str, *search_in: str) -> ObjectType:
    defaults = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
    return ObjectType(
        name, singular, type_id, "hs_lastmodifieddate", "hs_createdate", defaults, "contacts",
        required=("hs_timestamp",), search_in=search_in,
    )  # fmt: skip


TASKS = _activity("tasks", "task", "0-27", "hs_task_subject", "hs_task_body")
NOTES = _activity("notes", "note", "0-46", "hs_note_body")
MEETINGS = _activity("meetings", "meeting", "0-47", "hs_meeting_title", "hs_meeting_body")
CALLS = _activity("calls", "call", "0-48", "hs_call_title", "hs_call_body")
EMAILS = _activity("emails", "email", "0-49", "hs_email_subject")

TYPES = (CONTACTS, COMPANIES, DEALS, TICKETS, TASKS, NOTES, MEETINGS, CALLS, EMAILS)
BY_NAME = {alias: each for each in TYPES for alias in (each.name, each.singular, each.type_id)}


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One direction of one kind of link. `wire` is its name in the inline associations of v3."""

    id: int
    source: ObjectType
    target: ObjectType
    inverse: int
    label: str | None = None
    category: str = "HUBSPOT_DEFINED"
    wire: str = ""


def _pair(source: ObjectType, target: ObjectType, there: int, back: int, label: str | None = None, *,
          category: str = "HUBSPOT_DEFINED", suffix: str = "") -> list[AssociationType]:  # fmt: skip
    def wire(start: ObjectType, end: ObjectType) -> str:
        return f"{start.singular}_to_{end.singular}{suffix}"

    pair = [AssociationType(there, source, target, back, label, category, wire(source, target))]
    if source is not target:
        pair.append(AssociationType(back, target, source, there, label, category, wire(target, source)))
    return pair


ASSOCIATION_TYPES = [
    *_pair(CONTACTS, COMPANIES, 1, 2, "Primary"),
    *_pair(CONTACTS, COMPANIES, 279, 280, suffix="_unlabeled"),
    *_pair(DEALS, COMPANIES, 5, 6, "Primary"),
    *_pair(DEALS, COMPANIES, 341, 342, suffix="_unlabeled"),
    *_pair(DEALS, CONTACTS, 3, 4),
    *_pair(CONTACTS, CONTACTS, 449, 449),
    *_pair(COMPANIES, COMPANIES, 450, 450),
    *_pair(DEALS, DEALS, 451, 451),
    *_pair(TICKETS, CONTACTS, 16, 15),
    *_pair(TICKETS, COMPANIES, 26, 25, "Primary"),
    *_pair(TICKETS, COMPANIES, 339, 340, suffix="_unlabeled"),
    *_pair(TICKETS, DEALS, 28, 27),
    *_pair(TICKETS, TICKETS, 452, 452),
    *_pair(CONTACTS, COMPANIES, 115, 116, "Billing contact", category="USER_DEFINED", suffix="_billing_contact"),
    *_pair(DEALS, CONTACTS, 137, 138, "Decision maker", category="USER_DEFINED", suffix="_decision_maker"),
]
for activity, (to_contact, to_company, to_deal, to_ticket) in {
    TASKS: (204, 192, 216, 230), NOTES: (202, 190, 214, 228), CALLS: (194, 182, 206, 220),
    MEETINGS: (200, 188, 212, 226), EMAILS: (198, 186, 210, 224),
}.items():  # fmt: skip
    ASSOCIATION_TYPES += _pair(activity, CONTACTS, to_contact, to_contact - 1)
    ASSOCIATION_TYPES += _pair(activity, COMPANIES, to_company, to_company - 1)
    ASSOCIATION_TYPES += _pair(activity, DEALS, to_deal, to_deal - 1)
    ASSOCIATION_TYPES += _pair(activity, TICKETS, to_ticket, to_ticket - 1)

ASSOCIATION_BY_ID = {each.id: each for each in ASSOCIATION_TYPES}
PRIMARY = {each.id for each in ASSOCIATION_TYPES if each.label == "Primary"}


def types_between(source: ObjectType, target: ObjectType) -> list[AssociationType]:
    return [each for each in ASSOCIATION_TYPES if each.source is source and each.target is target]


def default_between(source: ObjectType, target: ObjectType) -> AssociationType | None:
    return next((each for each in types_between(source, target) if each.label is None), None)


def primary_between(source: ObjectType, target: ObjectType) -> AssociationType | None:
    return next((each for each in types_between(source, target) if each.id in PRIMARY), None)


ALL_SCOPES = frozenset(
    {"oauth", "crm.objects.owners.read", "tickets"}
    | {f"crm.objects.{each}.{right}" for each in ("contacts", "companies", "deals") for right in ("read", "write")}
    | {f"crm.schemas.{each}.{right}" for each in ("contacts", "companies", "deals") for right in ("read", "write")}
)
