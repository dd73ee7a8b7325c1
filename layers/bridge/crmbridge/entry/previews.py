"""All smart groups of a workspace in the API: how often they are checked, and one that is not saved yet."""

from typing import Annotated, Any

from pydantic import Field

from crmbridge.entry.groups import TAGS, GroupDraft, LeftOut, NotChecked, RecordNamed
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Given, Shown
from crmbridge.services import check_groups
from crmbridge.services import preview_group as previews

router = new_router()


class Foreseen(Shown):
    """One person, with the record that decides; `user` is null without a chat user."""

    person: str
    user: str | None
    record: RecordNamed | None
    reason: str
    clauses: Annotated[list[dict[str, Any]], Field(description="Those that hold, with the record's `actual` values")]


class People(Shown):
    """The first hundred of `count`."""

    count: int
    people: list[Foreseen]


class Unanswered(Shown):
    field: str
    unknown: Annotated[int, Field(description="Records of which nobody knows the answer")]
    empty: Annotated[int, Field(description="Of these, where the field is empty")]
    instead: Annotated[dict[str, Any] | None, Field(description="The clause that would take the empty ones, too")]


class Preview(Shown):
    looked_at: int
    complete: Annotated[bool, Field(description="False: there are more records than could be looked at")]
    matching: Annotated[int, Field(description="Records that match")]
    join: People
    leave: People
    stay: People
    unknown: Annotated[People, Field(description="They come with records of which nobody knows whether they match")]
    not_known: Annotated[int, Field(description="Members kept in by records that were not looked at")]
    unanswered: list[Unanswered]
    bring_nobody: Annotated[
        list[RecordNamed], Field(description="Matching records that bring nobody, the first hundred")
    ]
    bring_nobody_count: int
    left_out: Annotated[
        list[LeftOut],
        Field(
            description="Contacts and owners of matching records who bring nobody, the first hundred: without an "
            "e-mail, with e-mails of several chat users; queues, teams, inactive owners"
        ),
    ]
    left_out_count: int
    without_user: Annotated[list[str], Field(description="Who matches and has no chat user yet, the first hundred")]
    without_user_count: int
    not_checked: NotChecked
    overridden: Annotated[int, Field(description="Pinned or excluded by somebody: no rule moves them")]


@router.post("/v1/groups/preview", summary="Who would join, leave and stay; nothing is saved", tags=TAGS)
def preview_group(ask: Ask, draft: GroupDraft) -> Preview:
    found = previews.preview_group(ask.deps, ask.caller, draft.model_dump(exclude_none=True))
    return Preview.model_validate(found)


Minutes = Annotated[
    int | None,
    Field(
        ge=15,
        le=1440,
        description="Null: with every full run of a connection, and once a day where there is none every day",
    ),
]


class CheckGiven(Given):
    minutes: Minutes


class CheckShown(Shown):
    minutes: Minutes


@router.get("/v1/groups/check", summary="How often all smart groups are evaluated in full", tags=TAGS)
def read_check(ask: Ask) -> CheckShown:
    return CheckShown(minutes=check_groups.read_check(ask.deps, ask.caller))


@router.put("/v1/groups/check", summary="Say how often all smart groups are evaluated in full", tags=TAGS)
def set_check(ask: Ask, given: CheckGiven) -> CheckShown:
    return CheckShown(minutes=check_groups.set_check(ask.deps, ask.caller, given.minutes))
