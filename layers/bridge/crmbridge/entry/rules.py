"""Automation rules in the API: kept by admins, seen by everybody."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crmbridge.domain.records import RecordKey
from crmbridge.domain.rules import Rule
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.messages import MessageGiven, message_of
from crmbridge.entry.models import Cursor, Given, Limit, Page, RecordGiven, Shown
from crmbridge.services import edit_rules, try_rule
from crmbridge.services.edit_rules import RuleSeen

router = new_router()
TAGS = ["Rules"]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Trigger = Annotated[
    dict[str, Any],
    Field(
        description='What must happen: `{"on": "change", "kind": "deal", "what": ["created", "updated"]}`, optionally'
        ' with `fields` and `connections`; or `{"on": "message", "labels": ["quote"]}`, optionally with `chats` and the'
        " `kind` of the linked record"
    ),
]
Condition = Annotated[
    dict[str, Any], Field(description="What must be so, as the rules of a smart group; left out: nothing more")
]
Actions = Annotated[
    list[dict[str, Any]],
    Field(
        max_length=10,
        description="What to do: requests as `POST /v1/actions` takes them, or"
        ' `{"template": id, "fields": {...}}`; texts may hold the placeholders of action templates',
    ),
]
TimeZone = Annotated[str, Field(max_length=100, description='Where "today" is: an IANA name')]
Currency = Annotated[str, Field(min_length=3, max_length=3, description="Of amounts beside which none is named")]
PerHour = Annotated[int, Field(ge=1, le=10_000, description="A rule that acts more often pauses itself")]


class RuleGiven(Given):
    name: Name
    trigger: Trigger
    condition: Condition | None = None
    actions: Actions
    time_zone: TimeZone | None = None
    currency: Currency | None = None
    per_hour: PerHour = 200
    paused: bool = False


class RuleChange(Given):
    """Only what is given changes; `"paused": false` also lets a rule go on that has stopped itself."""

    name: Name | None = None
    trigger: Trigger | None = None
    condition: Condition | None = None
    actions: Actions | None = None
    time_zone: TimeZone | None = None
    currency: Currency | None = None
    per_hour: PerHour | None = None
    paused: bool | None = None


class TroubleShown(Shown):
    """`loop`: rules have caused each other, `storm`: it acted too often; both pause it. `refused`: an action was."""

    stop: Literal["loop", "storm", "refused"]
    why: str
    at: datetime
    rules: list[str]


class ProblemShown(Shown):
    field: str
    message: str
    fix: str


class RuleShown(Shown):
    id: str
    name: str
    trigger: dict[str, Any]
    condition: dict[str, Any] | None
    actions: list[dict[str, Any]]
    time_zone: str
    currency: str | None
    per_hour: int
    paused: bool
    trouble: TroubleShown | None
    acts_as: Annotated[str, Field(description="The admin who saved it last: the rule's actions are theirs")]
    created_by: str
    created_at: datetime


class RuleRead(RuleShown):
    state: Annotated[
        Literal["active", "paused", "stopped", "broken"],
        Field(description="`stopped`: it paused itself; `broken`: something that it names is gone"),
    ]
    problems: Annotated[list[ProblemShown], Field(description="What has become wrong since it was saved")]


class RulePage(Page[RuleRead]):
    pass


class RecordPlace(Shown):
    connection: str
    object: str
    external_id: str


class FiringShown(Shown):
    """`why` is the condition as it was then, each clause with what the record said; `by` whose doing the change was;
    `hops` how many rules in a row have caused each other. `failed`: an action was refused, `problems` say why;
    `stopped`: the rule was, before all were asked for, and `note` says why."""

    id: str
    at: datetime
    what: str
    record: RecordPlace | None
    chat: str
    message: str
    why: dict[str, Any] | None
    by: dict[str, Any]
    hops: int
    status: Literal["asking", "done", "failed", "stopped"]
    actions: list[str]
    problems: list[ProblemShown]
    note: str


class FiringPage(Page[FiringShown]):
    pass


class TestGiven(Given):
    """A record for a rule on changes, a message for one on messages."""

    __test__ = False  # no test of pytest's
    record: RecordGiven | None = None
    message: MessageGiven | None = None


class DraftedShown(Shown):
    body: Annotated[dict[str, Any], Field(description="As `POST /v1/actions` would take it")]
    problems: list[ProblemShown]


class TriedShown(Shown):
    would_act: bool
    because: Annotated[str, Field(description="What stands in the way; empty when nothing does")]
    why: dict[str, Any] | None
    actions: list[DraftedShown]


@router.get("/v1/rules", summary="List rules", tags=TAGS)
def list_rules(ask: Ask, limit: Limit = 100, cursor: Cursor = None) -> RulePage:
    page = edit_rules.list_rules(ask.deps, ask.caller, limit=limit, cursor=cursor)
    return RulePage(items=[_read(each) for each in page.items], cursor=page.cursor)


@router.post("/v1/rules", summary="Make a rule", tags=TAGS, status_code=201)
def create_rule(ask: Ask, rule: RuleGiven) -> RuleShown:
    return _shown(edit_rules.create_rule(ask.deps, ask.caller, rule.model_dump(exclude_unset=True)))


@router.get("/v1/rules/<id>", summary="Read a rule, and how it is", tags=TAGS)
def read_rule(ask: Ask, id: str) -> RuleRead:
    return _read(edit_rules.read_rule(ask.deps, ask.caller, id))


@router.patch("/v1/rules/<id>", summary="Change a rule", tags=TAGS)
def update_rule(ask: Ask, id: str, change: RuleChange) -> RuleShown:
    return _shown(edit_rules.update_rule(ask.deps, ask.caller, id, change.model_dump(exclude_unset=True)))


@router.delete("/v1/rules/<id>", summary="Delete a rule; what it asked for stays asked for", tags=TAGS, status_code=204)
def delete_rule(ask: Ask, id: str) -> None:
    edit_rules.delete_rule(ask.deps, ask.caller, id)


@router.post("/v1/rules/<id>/test", summary="Try a rule; nothing is written", tags=TAGS)
def test_rule(ask: Ask, id: str, given: TestGiven) -> TriedShown:
    record = RecordKey(ask.caller.workspace, **given.record.model_dump()) if given.record else None
    message = message_of(given.message) if given.message else None
    return TriedShown.model_validate(try_rule.try_rule(ask.deps, ask.caller, id, record=record, message=message))


@router.get("/v1/rules/<id>/firings", summary="List what a rule did, the newest first", tags=TAGS)
def list_firings(ask: Ask, id: str, limit: Limit = 20, cursor: Cursor = None) -> FiringPage:
    return FiringPage.model_validate(edit_rules.read_firings(ask.deps, ask.caller, id, limit=limit, cursor=cursor))


def _shown(rule: Rule) -> RuleShown:
    trigger = {name: getattr(rule.trigger, name) for name in _TRIGGER[rule.trigger.on]}
    named = {name: getattr(rule, name) for name in RuleShown.model_fields if name != "trigger"}
    return RuleShown.model_validate({**named, "trigger": trigger}, from_attributes=True)


def _read(seen: RuleSeen) -> RuleRead:
    problems = [ProblemShown.model_validate(each) for each in seen.problems]
    return RuleRead(**_shown(seen.rule).model_dump(), state=seen.state.value, problems=problems)


_TRIGGER = {
    "change": ("on", "kind", "what", "fields", "connections"),
    "message": ("on", "kind", "labels", "chats"),
}
