"""Single members of smart groups in the API: why they are in, and who is pinned or excluded."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from crmbridge.domain.groups import Override
from crmbridge.entry.groups import TAGS, MemberShown, RecordNamed
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Cursor, Limit, Page, Shown
from crmbridge.services import override_members, read_members

router = new_router()


class ReasonShown(Shown):
    record: RecordNamed
    rules: Annotated[
        dict[str, Any],
        Field(
            description="The rules as a tree; each clause `holds` or not (null: not known, or not needed), with the "
            "`actual` value of the record"
        ),
    ]
    rules_changed_since: Annotated[bool, Field(description="Decided under earlier rules; the next look is on its way")]
    through: Annotated[str | None, Field(description="The contact or owner by whom they come")]
    since: datetime | None
    change: Annotated[dict[str, Any] | None, Field(description="What had changed the record when it began to count")]


class MovedShown(Shown):
    person: str
    sequence: int
    wanted: Literal["in", "out"]
    at: datetime
    supports: Annotated[int, Field(description="Records that kept them in then")]
    user: str | None
    reason: str


class WhyShown(Shown):
    member: MemberShown
    reasons: Annotated[list[ReasonShown], Field(description="The first hundred records that keep them in")]
    moved: Annotated[MovedShown | None, Field(description="When and why they came or went last; null: they never did")]


class History(Page[MovedShown]):
    pass


OfPerson = Annotated[str | None, Query(max_length=320, description="Only of this e-mail")]


@router.get("/v1/groups/<id>/history", summary="Who joined and left, when and why, the newest first", tags=TAGS)
def read_history(ask: Ask, id: str, person: OfPerson = None, limit: Limit = 100, cursor: Cursor = None) -> History:
    found = read_members.read_history(ask.deps, ask.caller, id, person, limit=limit, cursor=cursor)
    return History.model_validate(found)


@router.get("/v1/groups/<id>/members/<person>/why", summary="Why somebody is in a smart group", tags=TAGS)
def explain_member(ask: Ask, id: str, person: str) -> WhyShown:
    return WhyShown.model_validate(read_members.explain_member(ask.deps, ask.caller, id, unquote(person)))


@router.put("/v1/groups/<id>/members/<person>/pin", summary="Pin somebody: in, whatever the rules say", tags=TAGS)
def pin_member(ask: Ask, id: str, person: str) -> MemberShown:
    return _override(ask, id, person, Override.PINNED)


@router.delete("/v1/groups/<id>/members/<person>/pin", summary="Let the rules decide again", tags=TAGS, status_code=204)
def unpin_member(ask: Ask, id: str, person: str) -> None:
    override_members.lift_override(ask.deps, ask.caller, id, unquote(person), Override.PINNED)


@router.put(
    "/v1/groups/<id>/members/<person>/exclusion", summary="Exclude somebody: out, whatever the rules say", tags=TAGS
)
def exclude_member(ask: Ask, id: str, person: str) -> MemberShown:
    return _override(ask, id, person, Override.EXCLUDED)


@router.delete(
    "/v1/groups/<id>/members/<person>/exclusion", summary="Let the rules decide again", tags=TAGS, status_code=204
)
def readmit_member(ask: Ask, id: str, person: str) -> None:
    override_members.lift_override(ask.deps, ask.caller, id, unquote(person), Override.EXCLUDED)


def _override(ask: Ask, id: str, person: str, override: Override) -> MemberShown:
    said = override_members.override_member(ask.deps, ask.caller, id, unquote(person), override)
    return MemberShown.model_validate(said)
