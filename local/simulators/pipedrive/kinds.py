"""The objects of Pipedrive's API and the fields that every company has."""

from dataclasses import dataclass

# What a type of ours is called in the `field_type` of a field definition.
WIRE_TYPES = {
    "text": "text", "int": "int", "number": "double", "boolean": "boolean", "date": "date", "moment": "date",
    "clock": "time", "duration": "time", "user": "user", "person": "people", "org": "org", "deal": "deal",
    "lead": "lead", "stage": "stage", "emails": "varchar", "phones": "phone", "address": "address", "labels": "set",
    "visible": "visible_to", "option": "enum", "status": "status", "participants": "people", "attendees": "json",
    "messengers": "json", "activity_type": "varchar", "currency": "varchar", "pipeline": "int", "probability": "int",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class System:
    """A built-in field. Flags: `w` can be written, `s` only with contact sync, `f` one of the newer firm fields,
    `o` shown on request only, `-` without a definition of its own."""

    code: str
    name: str
    type: str = "varchar"
    flags: str = ""

    @property
    def wire_type(self) -> str:
        return WIRE_TYPES.get(self.type, self.type)


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` as in paths and `/_sim/`, `singular` as in webhooks and field routes."""

    name: str
    singular: str
    title: str
    scope: str
    fields: tuple[System, ...]
    sortable: tuple[str, ...] = ("id", "update_time", "add_time")
    optional: tuple[str, ...] = ()

    @property
    def read_scopes(self) -> frozenset[str]:
        return frozenset({f"{self.scope}:read", f"{self.scope}:full"})

    @property
    def write_scopes(self) -> frozenset[str]:
        return frozenset({f"{self.scope}:full"})

    def field(self, code: str) -> System | None:
        return next((each for each in self.fields if each.code == code), None)


def system(text: str) -> tuple[System, ...]:
    """One field per line: `code | Name | type | flags`."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return tuple(System(*row) for row in rows)


COUNTED = ("next_activity_id", "last_activity_id", "activities_count", "done_activities_count",
           "undone_activities_count", "notes_count", "followers_count", "files_count",
           "email_messages_count", "smart_bcc_email")  # fmt: skip
OF_DEALS = ("open_deals_count", "closed_deals_count", "won_deals_count", "lost_deals_count",
            "related_open_deals_count", "related_closed_deals_count", "related_won_deals_count",
            "related_lost_deals_count")  # fmt: skip
MAIL = ("last_incoming_mail_time", "last_outgoing_mail_time")

PERSONS = Kind("persons", "person", "name", "contacts", system("""
    id | ID | int
    name | Name | varchar | w
    first_name | First name | varchar
    last_name | Last name | varchar
    owner_id | Owner | user | w
    org_id | Organization | org | w
    add_time | Person created | moment | w
    update_time | Update time | moment
    emails | Email | emails | w
    phones | Phone | phones | w
    is_deleted | Deleted | boolean | -
    visible_to | Visible to | visible | w
    label_ids | Labels | labels | w
    picture_id | Profile picture | int
    postal_address | Postal address | address | ws
    notes | Notes | text | ws
    im | Instant messenger | messengers | ws
    birthday | Birthday | date | ws
    job_title | Job title | varchar | ws
"""), optional=(*COUNTED, *OF_DEALS, *MAIL, "participant_open_deals_count", "participant_closed_deals_count",
                "marketing_status", "doi_status"))  # fmt: skip
ORGANIZATIONS = Kind("organizations", "organization", "name", "contacts", system("""
    id | ID | int
    name | Name | varchar | w
    owner_id | Owner | user | w
    add_time | Organization created | moment | w
    update_time | Update time | moment
    is_deleted | Deleted | boolean | -
    visible_to | Visible to | visible | w
    address | Address | address | w
    label_ids | Labels | labels | w
    website | Website | varchar | wf
    linkedin | LinkedIn profile | varchar | wf
    industry | Industry | option | wf
    annual_revenue | Annual revenue | int | wf
    employee_count | Number of employees | int | wf
"""), optional=(*COUNTED, *OF_DEALS, "people_count"))  # fmt: skip
DEALS = Kind("deals", "deal", "title", "deals", system("""
    id | ID | int
    title | Title | varchar | w
    owner_id | Owner | user | w
    creator_user_id | Creator | user
    person_id | Contact person | person | w
    org_id | Organization | org | w
    pipeline_id | Pipeline | pipeline | w
    stage_id | Stage | stage | w
    value | Value | number | w
    currency | Currency of Value | currency | w
    add_time | Deal created | moment | w
    update_time | Update time | moment
    stage_change_time | Last stage change | moment
    is_deleted | Deleted | boolean | w-
    is_archived | Archived | boolean | w
    archive_time | Archive time | moment | w
    status | Status | status | w
    probability | Probability | probability | w
    lost_reason | Lost reason | varchar | w
    visible_to | Visible to | visible | w
    close_time | Deal closed on | moment | w
    won_time | Won time | moment | w
    lost_time | Lost time | moment | w
    local_won_date | Local won date | date
    local_lost_date | Local lost date | date
    local_close_date | Local close date | date
    expected_close_date | Expected close date | date | w
    label_ids | Label | labels | w
    origin | Source origin | varchar
    origin_id | Source origin ID | varchar
    channel | Source channel | int
    channel_id | Source channel ID | varchar
    arr | ARR | number
    mrr | MRR | number
    acv | ACV | number
"""), optional=(*COUNTED, *MAIL, "first_won_time", "products_count", "participants_count",
                "source_lead_id"))  # fmt: skip
ACTIVITIES = Kind("activities", "activity", "subject", "activities", system("""
    id | ID | int
    subject | Subject | varchar | w
    type | Type | activity_type | w
    owner_id | Assigned to user | user | w
    creator_user_id | Creator | user
    is_deleted | Deleted | boolean | -
    add_time | Add time | moment
    update_time | Update time | moment
    deal_id | Deal | deal | w
    lead_id | Lead | lead | w
    person_id | Contact person | person
    org_id | Organization | org | w
    project_id | Project | int | w
    due_date | Due date | date | w
    due_time | Due time | clock | w
    duration | Duration | duration | w
    busy | Free/busy | boolean | w
    done | Done | boolean | w
    marked_as_done_time | Marked as done time | moment
    location | Location | address | w
    participants | Participants | participants | w
    attendees | Attendees | attendees | wo
    conference_meeting_client | Conference client | varchar
    conference_meeting_url | Conference URL | varchar
    conference_meeting_id | Conference ID | varchar
    public_description | Public description | text | w
    priority | Priority | option | w
    note | Note | text | w
"""), sortable=("id", "update_time", "add_time", "due_date"), optional=("attendees",))  # fmt: skip
NOTES = Kind(
    "notes",
    "note",
    "content",
    "deals",
    system("""
    id | ID | int
    content | Content | text | w
    user_id | User | user | w
    deal_id | Deal | deal | w
    person_id | Person | person | w
    org_id | Organization | org | w
    lead_id | Lead | lead | w
    project_id | Project | int | w
    task_id | Task | int | w
    add_time | Add time | moment | w
    update_time | Update time | moment
    last_update_user_id | Last update user | user
    is_deleted | Deleted | boolean | -
    pinned_to_lead_flag | Pinned to lead | flag | w
    pinned_to_deal_flag | Pinned to deal | flag | w
    pinned_to_person_flag | Pinned to person | flag | w
    pinned_to_organization_flag | Pinned to organization | flag | w
    pinned_to_project_flag | Pinned to project | flag | w
    pinned_to_task_flag | Pinned to task | flag | w
"""),
)

KINDS = (PERSONS, ORGANIZATIONS, DEALS, ACTIVITIES, NOTES)
BY_NAME = {name: kind for kind in KINDS for name in (kind.name, kind.singular)}
WITH_CUSTOM_FIELDS = (PERSONS, ORGANIZATIONS, DEALS)
