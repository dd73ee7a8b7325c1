"""Single members of smart groups in the API: why they are in."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import Field

from crmbridge.entry.groups import TAGS, MemberShown
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Shown
from crmbridge.services import read_members

router = new_router()


class RecordNamed(Shown):
    """`name` is null when the record is gone, or has none."""

    connection: str
    object: str
    id: str
    name: str | None


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


class WhyShown(Shown):
    member: MemberShown
    reasons: Annotated[list[ReasonShown], Field(description="The first hundred records that keep them in")]


@router.get("/v1/groups/<id>/members/<person>/why", summary="Why somebody is in a smart group", tags=TAGS)
def explain_member(ask: Ask, id: str, person: str) -> WhyShown:
    return WhyShown.model_validate(read_members.explain_member(ask.deps, ask.caller, id, unquote(person)))
