"""The smart groups of the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crmbridge.domain.groups import Group
from crmbridge.entry.http import Ask, Asked, new_router
from crmbridge.entry.models import Cursor, Given, Limit, Page, Shown
from crmbridge.services import decide_removals, edit_groups, read_members, survey_crms

router = new_router()
TAGS = ["Smart groups"]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Rules = Annotated[
    dict[str, Any], Field(description='Who belongs: `{"operator": "AND", "rules": [{"field", "operator", "value"}]}`')
]
Kinds = Annotated[
    Literal["deal", "contact", "company", "task"], Field(description="What the rules are about; cannot be changed")
]
TimeZone = Annotated[
    str,
    Field(max_length=100, description='Where "today" is: an IANA name. By default, where the CRM account is'),
]
Currency = Annotated[
    str,
    Field(
        min_length=3,
        max_length=3,
        description="Of amounts beside which the rules name none. By default the workspace's, or the CRM account's",
    ),
]
NotChecked = Annotated[
    list[str],
    Field(description="Connections whose fields and options are not loaded yet, by name: nothing was held to them"),
]
WhomARecordBrings = Literal["contacts", "owner", "both"]
HoldPeople = Annotated[
    int, Field(ge=1, le=2000, description="When more people would leave within ten minutes, they wait for an approval")
]
HoldPercent = Annotated[
    int, Field(ge=1, le=100, description="The same, as a share of the channel; three people may always leave")
]
OwnsChannel = Annotated[
    bool, Field(description="The chat app may also put out people whom the group never brought; said in every event")
]
IncludeClosed = Annotated[
    bool,
    Field(
        description="Closed deals count too. Where it is not said, they do when the rules ask for closed or won deals"
    ),
]
Connections = Annotated[list[str], Field(max_length=100, description="Drawn from these; empty: from all")]


class GroupGiven(Given):
    name: Name
    channel: Annotated[Name, Field(description="The chat channel whose members follow the rules")]
    rules: Rules
    kind: Kinds = "deal"
    time_zone: TimeZone | None = None
    currency: Currency | None = None
    members: WhomARecordBrings = "contacts"
    include_closed: IncludeClosed = False
    connections: Connections = Field(default_factory=list)
    paused: Annotated[bool, Field(description="While true, the channel is told nothing")] = False
    hold_people: HoldPeople = 20
    hold_percent: HoldPercent = 50
    owns_channel: OwnsChannel = False


class GroupChange(Given):
    """Only what is given changes."""

    name: Name | None = None
    rules: Rules | None = None
    time_zone: TimeZone | None = None
    currency: Currency | None = None
    members: WhomARecordBrings | None = None
    include_closed: IncludeClosed | None = None
    connections: Connections | None = None
    paused: bool | None = None
    hold_people: HoldPeople | None = None
    hold_percent: HoldPercent | None = None
    owns_channel: OwnsChannel | None = None


class GroupDraft(GroupChange):
    """A group as it might be; with `group`, one there is as it might become. `rules` are needed without it. What does
    not say who belongs is taken, and makes no difference."""

    group: Annotated[str | None, Field(max_length=200)] = None
    channel: Name | None = None
    kind: Kinds | None = None


class GroupShown(Shown):
    id: str
    name: str
    channel: str
    rules: dict[str, Any]
    kind: Kinds
    time_zone: str
    currency: str | None
    members: WhomARecordBrings
    include_closed: bool
    connections: list[str]
    paused: bool
    hold_people: int
    hold_percent: int
    owns_channel: bool
    created_by: str
    created_at: datetime


class GroupSaved(GroupShown):
    not_checked: NotChecked


class HeldShown(Shown):
    since: datetime
    people: Annotated[int, Field(description="How many would leave")]


class GroupRead(GroupShown):
    removals_held: Annotated[HeldShown | None, Field(description="Removals that wait for an approval")] = None


class GroupPage(Page[GroupShown]):
    pass


class MemberShown(Shown):
    """`wanted` in or out; `user` is null while the e-mail is not mapped to a chat user; `supports` counts records. An
    `override` by somebody wins over the rules."""

    person: str
    user: str | None
    wanted: Literal["in", "out"]
    undecided: Annotated[
        bool, Field(validation_alias="is_undecided", description="Something has changed; what follows is on its way")
    ]
    supports: int
    since: datetime | None
    sequence: int
    delivered: int
    override: Literal["pinned", "excluded"] | None
    override_by: str
    override_at: datetime | None


class RecordNamed(Shown):
    """`name` is null when the record is gone, or has none."""

    connection: str
    object: str
    id: str
    name: str | None


class LeftOut(Shown):
    record: RecordNamed
    who: Annotated[str, Field(description="A contact (`contacts/12`) or an owner (`owner 7`) of that record")]
    reason: str


class MemberPage(Page[MemberShown]):
    left_out: Annotated[
        list[LeftOut],
        Field(
            description="Contacts and owners of matching records who bring nobody: without an e-mail, with e-mails of "
            "several chat users; queues, teams, inactive owners. `cursor` goes on with these, too"
        ),
    ]


class Queued(Shown):
    """In how many parts the work was queued."""

    parts: int


@router.get("/v1/groups", summary="List smart groups", tags=TAGS)
def list_groups(ask: Ask, limit: Limit = 100, cursor: Cursor = None) -> GroupPage:
    return GroupPage.model_validate(read_members.list_groups(ask.deps, ask.caller, limit=limit, cursor=cursor))


@router.post("/v1/groups", summary="Make a smart group", tags=TAGS, status_code=201)
def create_group(ask: Ask, group: GroupGiven) -> GroupSaved:
    return _saved(ask, edit_groups.create_group(ask.deps, ask.caller, group.model_dump(exclude_unset=True)))


@router.get("/v1/groups/<id>", summary="Read a smart group", tags=TAGS)
def read_group(ask: Ask, id: str) -> GroupRead:
    shown = GroupRead.model_validate(read_members.read_group(ask.deps, ask.caller, id))
    held = decide_removals.read_held_removals(ask.deps, ask.caller, id)
    return shown.model_copy(update={"removals_held": held and HeldShown.model_validate(held)})


@router.patch("/v1/groups/<id>", summary="Change a smart group", tags=TAGS)
def update_group(ask: Ask, id: str, change: GroupChange) -> GroupSaved:
    return _saved(ask, edit_groups.update_group(ask.deps, ask.caller, id, change.model_dump(exclude_unset=True)))


@router.delete(
    "/v1/groups/<id>", summary="Delete a smart group; its channel keeps its people", tags=TAGS, status_code=204
)
def delete_group(ask: Ask, id: str) -> None:
    edit_groups.delete_group(ask.deps, ask.caller, id)


@router.get("/v1/groups/<id>/members", summary="List whom a smart group wants", tags=TAGS)
def list_members(ask: Ask, id: str, limit: Limit = 100, cursor: Cursor = None) -> MemberPage:
    return MemberPage.model_validate(read_members.read_members(ask.deps, ask.caller, id, limit=limit, cursor=cursor))


@router.post("/v1/groups/<id>/sync", summary="Evaluate a smart group in full, now", tags=TAGS, status_code=202)
def sync_group(ask: Ask, id: str) -> Queued:
    return Queued(parts=edit_groups.sync_group(ask.deps, ask.caller, id))


class Kept(Shown):
    kept: int
    waiting: Annotated[bool, Field(description="There are more: ask again")]


class Rung(Shown):
    people: Annotated[int, Field(description="How many leave now")]


@router.post(
    "/v1/groups/<id>/removals/approve", summary="Let those leave whose removal is held", tags=TAGS, status_code=202
)
def approve_removals(ask: Ask, id: str) -> Rung:
    return Rung(people=decide_removals.approve_removals(ask.deps, ask.caller, id))


@router.post("/v1/groups/<id>/removals/reject", summary="Keep those whose removal is held: they are pinned", tags=TAGS)
def reject_removals(ask: Ask, id: str) -> Kept:
    return Kept.model_validate(decide_removals.reject_removals(ask.deps, ask.caller, id))


def _saved(ask: Asked, group: Group) -> GroupSaved:
    not_checked = survey_crms.not_loaded(ask.deps, group.workspace, group.connections)
    return GroupSaved(**GroupShown.model_validate(group).model_dump(), not_checked=not_checked)
