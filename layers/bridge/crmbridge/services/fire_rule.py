"""A rule acts, once for one thing that happened: the firing is the claim, and its actions have keys of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from crmbridge.domain.actions import action_id
from crmbridge.domain.changes import Cause
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import BridgeError, Invalid, Problem
from crmbridge.domain.occasions import Occasion
from crmbridge.domain.records import Json, RecordKey
from crmbridge.domain.rules import MAX_HOPS, PER_RECORD, Firing, FiringStatus, Rule, Stop, firing_id
from crmbridge.services.draft_actions import draft_body
from crmbridge.services.find_linked import Sources
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import ask_once, known_action
from crmbridge.services.stop_rule import note_refusals, note_success, stop_rule
from crmbridge.services.trace_cause import trace_cause


@dataclass(frozen=True, slots=True)
class Acting:
    """What happened, to which record if any, and why that is the rule's concern."""

    what: str
    record: RecordKey | None
    why: Mapping[str, Json] | None


def fire_rule(sources: Sources, rule: Rule, occasion: Occasion, acting: Acting) -> None:
    """Whoever finds a firing that somebody has begun and not ended goes on with it. Raises what will not last."""
    sources.deps.occasions.begin(rule.workspace, occasion.id, rule.id)
    firing, is_new = sources.deps.firings.claim(_firing(sources, rule, occasion, acting))
    if firing.status is FiringStatus.ASKING:
        _act(sources.deps, rule, occasion, firing, is_new=is_new)


def go_on(deps: Deps, rule: Rule, occasion: Occasion) -> None:
    """With what somebody has begun, though it would not be begun now: the rule, or what is linked, is another since. A
    rule that is paused asks for nothing more; what it has asked for stays asked for."""
    firing = deps.firings.get(rule.workspace, firing_id(rule, occasion.id))
    if firing is None or firing.status is not FiringStatus.ASKING:
        return
    if rule.paused:
        deps.firings.save(_left(deps, rule, firing))
    else:
        _act(deps, rule, occasion, firing, is_new=False)


def _left(deps: Deps, rule: Rule, firing: Firing) -> Firing:
    keys = (_key(firing, at) for at in range(len(rule.actions)))
    known = (known_action(deps, firing.workspace, action_id(firing.workspace, firing.acts_as, key)) for key in keys)
    asked = tuple(action.id for action in known if action)
    return replace(firing, status=FiringStatus.STOPPED, actions=asked, note="the rule was paused meanwhile")


def _act(deps: Deps, rule: Rule, occasion: Occasion, firing: Firing, *, is_new: bool) -> None:
    if stopped := _stopped(deps, rule, firing, is_new=is_new):
        deps.firings.save(stopped)
        return
    asked, problems = _ask(deps, rule, occasion, firing)
    if problems:
        note_refusals(deps, rule, firing, problems)
    else:
        note_success(deps, rule)
    status = FiringStatus.FAILED if problems else FiringStatus.DONE
    deps.firings.save(replace(firing, status=status, actions=tuple(asked), problems=tuple(problems)))


def _firing(sources: Sources, rule: Rule, occasion: Occasion, acting: Acting) -> Firing:
    change, message = occasion.change, occasion.message
    cause = trace_cause(sources, change, occasion.at) if change else None
    return Firing(
        id=firing_id(rule, occasion.id),
        workspace=rule.workspace,
        rule=rule.id,
        epoch=rule.epoch,
        acts_as=rule.acts_as,
        at=sources.deps.now(),
        what=acting.what,
        record=acting.record,
        chat=message.chat if message else "",
        message=message.id if message else "",
        why=acting.why,
        by=_told(cause) if cause else {},
        hops=1 + (cause.hops if cause else 0),
    )


def _told(cause: Cause) -> Mapping[str, Json]:
    told = {"origin": str(cause.origin), "action": cause.action, "rule": cause.rule}
    return {name: value for name, value in told.items() if value}


def _stopped(deps: Deps, rule: Rule, firing: Firing, *, is_new: bool) -> Firing | None:
    """Circles are seen by their length; storms are counted, each firing once."""
    if firing.hops > MAX_HOPS:
        why = f"{MAX_HOPS} rules in a row have caused each other; this one would be the next"
        return stop_rule(deps, rule, firing, Stop.LOOP, why)
    if not is_new:
        return None
    counted = f"{rule.id}.{rule.epoch}"  # whoever lets a stopped rule go on has it counted anew
    fluttering = None if firing.message else firing.record  # people may well say a lot about one record
    in_hour, of_record = deps.firings.count(rule.workspace, counted, fluttering, firing.at)
    if of_record > PER_RECORD:
        why = f"it acted {PER_RECORD} times within ten minutes because of one record"
        return stop_rule(deps, rule, firing, Stop.STORM, why)
    if in_hour > rule.per_hour:
        return stop_rule(deps, rule, firing, Stop.STORM, f"it acted {rule.per_hour} times within an hour")
    return None


def _ask(deps: Deps, rule: Rule, occasion: Occasion, firing: Firing) -> tuple[list[str], list[Problem]]:
    """The actions that were asked for, and what is wrong with the others. What was asked for before is found again by
    its key, whatever has become of the rule, the template or the record since."""
    caller = acting_for(rule, firing.acts_as, firing.hops)
    asked: list[str] = []
    problems: list[Problem] = []
    for at, wish in enumerate(rule.actions):
        same = {"firing": firing.id, "number": at}
        body = partial(draft_body, deps, caller, wish, occasion)
        try:
            action, _ = ask_once(deps, caller, same, _key(firing, at), body)
        except BridgeError as error:
            if error.retryable:
                raise
            problems += refusal(error, at)
        else:
            asked.append(action.id)
    return asked, problems


def _key(firing: Firing, at: int) -> str:
    return f"{firing.id}.{at}"


def acting_for(rule: Rule, user: str, hops: int = 1) -> Caller:
    """Rules act as admins: the one who had saved it last when it began to act."""
    return Caller(rule.workspace, user, "admin", rule=rule.id, hops=hops)


def refusal(error: BridgeError, at: int) -> Sequence[Problem]:
    path = f"actions[{at}]"
    if isinstance(error, Invalid):
        return [replace(one, field=f"{path}.{one.field}".rstrip(".")) for one in error.problems]
    return [Problem(path, str(error))]
