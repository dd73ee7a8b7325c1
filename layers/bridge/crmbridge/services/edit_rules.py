"""Make, change, pause and delete rules. Admins do; everybody may look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Problem, Stale
from crmbridge.domain.records import Json
from crmbridge.domain.rules import Firing, Rule, Stop
from crmbridge.domain.stored import PageOf
from crmbridge.services.check_rule import checked_changes, checked_rule, troubles_of
from crmbridge.services.list_by_id import page_by_id
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin
from crmbridge.services.survey_crms import Survey, survey_crms

DECIDING: Final = ("trigger", "condition", "actions", "time_zone", "currency", "types", "paused")
"""What says when a rule acts, and how."""


class State(StrEnum):
    """`stopped`: it paused itself. `broken`: something that it names is gone."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """A rule as it stands today; `problems` are what has become wrong since it was saved."""

    rule: Rule
    state: State
    problems: Sequence[Problem]


def create_rule(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> Rule:
    """`name`, `trigger`, `actions` and optionally `condition`, `time_zone`, `currency`, `per_hour`, `paused`.

    Raises Invalid naming every wrong field, Clash when the workspace has as many rules as it may have, Forbidden.
    """
    require_admin(caller)
    known, now = checked_rule(deps, caller, body), deps.now()
    who: dict[str, Any] = {"workspace": caller.workspace, "acts_as": caller.user, "created_by": caller.user}
    rule = Rule(id=deps.new_id(), created_at=now, since=now, **who, **known)
    deps.rules.add(rule, deps.max_rules)
    deps.journal.audit(caller.workspace, "rule.created", caller.user, {"rule": rule.id})
    return rule


def update_rule(deps: Deps, caller: Caller, id: str, body: Mapping[str, Json]) -> Rule:
    """Only what is given changes. What happened before does not concern what the rule has become, and whoever saves it
    answers for what it does."""
    require_admin(caller)
    rule = deps.rules.get(caller.workspace, id)
    changed = replace(rule, **checked_changes(deps, caller, rule, body), acts_as=caller.user)
    if any(getattr(changed, name) != getattr(rule, name) for name in DECIDING):
        changed = replace(changed, since=deps.now(), epoch=rule.epoch + 1)
    try:
        saved = deps.rules.save(changed if changed.paused else replace(changed, trouble=None))
    except Stale:
        raise Clash("somebody else has just changed the rule; read it again") from None
    deps.journal.audit(caller.workspace, "rule.changed", caller.user, {"rule": id})
    return saved


def delete_rule(deps: Deps, caller: Caller, id: str) -> None:
    """What it has asked for stays asked for."""
    require_admin(caller)
    deps.rules.delete(deps.rules.get(caller.workspace, id))
    deps.journal.audit(caller.workspace, "rule.deleted", caller.user, {"rule": id})


def list_rules(deps: Deps, caller: Caller, *, limit: int = 100, cursor: str | None = None) -> PageOf[RuleSeen]:
    """The oldest first. What many rules are held to is looked at once."""
    page = page_by_id(deps.rules.snapshot(caller.workspace)[1], limit=limit, cursor=cursor)
    surveys = {drawn: survey_crms(deps, caller.workspace, drawn) for drawn in {_drawn(rule) for rule in page.items}}
    return PageOf([_seen(deps, caller, rule, surveys[_drawn(rule)]) for rule in page.items], page.cursor)


def read_rule(deps: Deps, caller: Caller, id: str) -> RuleSeen:
    rule = deps.rules.get(caller.workspace, id)
    return _seen(deps, caller, rule, survey_crms(deps, caller.workspace, _drawn(rule)))


def read_firings(deps: Deps, caller: Caller, id: str, *, limit: int = 20, cursor: str | None = None) -> PageOf[Firing]:
    """What the rule did and why, the newest first; kept for 90 days."""
    deps.rules.get(caller.workspace, id)
    return deps.firings.of_rule(caller.workspace, id, limit=limit, cursor=cursor)


def _drawn(rule: Rule) -> tuple[str, ...]:
    return tuple(sorted(rule.trigger.connections))


def _seen(deps: Deps, caller: Caller, rule: Rule, survey: Survey) -> RuleSeen:
    problems = troubles_of(deps, caller, rule, survey)
    if rule.paused:
        stopped = rule.trouble is not None and rule.trouble.stop is not Stop.REFUSED
        return RuleSeen(rule, State.STOPPED if stopped else State.PAUSED, problems)
    return RuleSeen(rule, State.BROKEN if problems else State.ACTIVE, problems)
