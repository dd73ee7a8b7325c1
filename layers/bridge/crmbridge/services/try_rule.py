"""A rule tried out: whether it would act, why, and what it would ask for. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crmbridge.domain.changes import What
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import BridgeError, Invalid, NotFound, Problem
from crmbridge.domain.inputs import plain
from crmbridge.domain.occasions import ChatMessage, Occasion, RecordChange
from crmbridge.domain.records import Json, RecordKey, State
from crmbridge.domain.rules import WHATS, On, Rule
from crmbridge.domain.stored import Stored
from crmbridge.services.check_action import check_action
from crmbridge.services.draft_actions import draft_body
from crmbridge.services.find_linked import Sources
from crmbridge.services.fire_rule import acting_for, refusal
from crmbridge.services.ports import Deps
from crmbridge.services.run_rules import Look, condition_holds, explain_condition
from crmbridge.services.start_connect import require_admin

OF_THE_GONE: Final = frozenset(WHATS) - {What.CREATED, What.UPDATED}


@dataclass(frozen=True, slots=True)
class Drafted:
    """An action as it would be asked for, and what is wrong with it."""

    body: Mapping[str, Json] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """`would_act`: if this record changed so now, or this message came now. `because` says in words what stands in the
    way, and is empty when nothing does; `why` is the condition, each clause with what the record says."""

    would_act: bool
    because: str
    why: Mapping[str, Json] | None
    actions: Sequence[Drafted]


def try_rule(deps: Deps, caller: Caller, id: str, *, record: RecordKey | None, message: ChatMessage | None) -> Tried:
    """For a record, or a message, as the rule's trigger asks. Raises NotFound, Invalid, and Forbidden for members: it
    shows what an admin's rule would write."""
    require_admin(caller)
    rule, look = deps.rules.get(caller.workspace, id), Look(Sources(deps, caller.workspace))
    about = _about(look, caller, rule, record, message)
    occasion = _occasion(deps, rule, about, message)
    holds = condition_holds(look, rule, about, occasion)
    because = _untriggered(rule, about, message) or _unmet(holds, about)
    actions = [_drafted(deps, rule, wish, occasion, at) for at, wish in enumerate(rule.actions)]
    return Tried(not because, because, explain_condition(look, rule, about, occasion), actions)


def _about(
    look: Look, caller: Caller, rule: Rule, record: RecordKey | None, message: ChatMessage | None
) -> Stored | None:
    deps = look.sources.deps
    if rule.trigger.on is On.MESSAGE:
        if message is None:
            raise Invalid(Problem("message", "is required", "this rule listens to messages"))
        return look.linked(message.chat)
    if record is None:
        raise Invalid(Problem("record", "is required", "this rule listens to changes of records"))
    deps.connections.get(caller.workspace, record.connection)
    found = deps.records.get(record)
    if found is None:
        raise NotFound("record: there is no such record; it may not be synced yet")
    return found


def _occasion(deps: Deps, rule: Rule, about: Stored | None, message: ChatMessage | None) -> Occasion:
    if rule.trigger.on is On.MESSAGE:
        return Occasion(id="", workspace=rule.workspace, at=deps.now(), message=message)
    change = RecordChange(about.key, about, about) if about else None
    return Occasion(id="", workspace=rule.workspace, at=deps.now(), change=change)


def _untriggered(rule: Rule, about: Stored | None, message: ChatMessage | None) -> str:
    trigger = rule.trigger
    if rule.paused:
        return "the rule is paused"
    if trigger.on is On.MESSAGE:
        return "" if message and trigger.hears(message) else "the rule does not listen to such a message, or chat"
    if about and about.record.kind is not trigger.kind:
        return f"the rule is about a {trigger.kind}, and this is a {about.record.kind}"
    if about and about.record.state is not State.LIVE and not OF_THE_GONE.intersection(trigger.what):
        return f"the record is {about.record.state} in the CRM"
    if about and trigger.connections and about.key.connection not in trigger.connections:
        return "the rule does not listen to that connection"
    return ""


def _unmet(holds: bool | None, about: Stored | None) -> str:
    if holds is None:
        return "nobody knows whether the condition holds" if about else "the chat is linked to no record"
    return "" if holds else "the condition does not hold"


def _drafted(deps: Deps, rule: Rule, wish: Mapping[str, Json], occasion: Occasion, at: int) -> Drafted:
    body: Mapping[str, Json] = {}
    try:
        body = draft_body(deps, acting_for(rule, rule.acts_as), wish, occasion)
        checked = check_action(deps, rule.workspace, body)
    except BridgeError as error:
        return Drafted(body, refusal(error, at))
    links = [{"object": link.object, "external_id": link.external_id} for link in checked.links]
    fields = {name: plain(value) for name, value in checked.fields.items()}
    return Drafted({**body, "fields": fields, "custom_fields": checked.custom_fields, "links": links})
