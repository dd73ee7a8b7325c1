"""Whether what somebody says of a rule makes sense: every setting read, condition and actions held to the CRMs."""

import json
from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates import custom_types
from crmbridge.domain.records import Json
from crmbridge.domain.rules import On, Rule, Trigger
from crmbridge.services import read_given as read
from crmbridge.services.check_wishes import wrong_wishes
from crmbridge.services.ports import Deps
from crmbridge.services.read_trigger import read_trigger, wrong_fields
from crmbridge.services.survey_crms import Survey, survey_crms

MAX_ACTIONS: Final = 10
MAX_SIZE: Final = 100_000
"""Characters of JSON; with a condition that is as large, it lies in one item."""
MOST_PER_HOUR: Final = 10_000
REQUIRED: Final = ("name", "trigger", "actions")


def checked_rule(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> dict[str, Any]:
    """What the body says of a new rule, ready for one. Raises Invalid naming every wrong field."""
    known, problems = read.read_given(body, _READERS, "rule")
    problems += [Problem(name, "is required") for name in REQUIRED if name not in body]
    if "trigger" not in known:
        raise Invalid(*problems)
    trigger: Trigger = known["trigger"]
    survey = survey_crms(deps, caller.workspace, trigger.connections)
    settings = {
        "time_zone": read.usual_zone(deps, caller.workspace, survey),
        "currency": read.usual_currency(deps, caller.workspace, survey),
        **known,
    }
    types, wrong = _held(deps, caller, settings, survey)
    problems += wrong
    if problems:
        raise Invalid(*problems)
    return {**settings, "types": types}


def checked_changes(deps: Deps, caller: Caller, rule: Rule, body: Mapping[str, Json]) -> dict[str, Any]:
    """What the body changes of a rule; all of it is held to the CRMs again, as they are now."""
    known, problems = read.read_given(body, _READERS, "rule")
    settings = {name: known.get(name, getattr(rule, name)) for name in _READERS}
    trigger: Trigger = settings["trigger"]
    if (trigger.on, trigger.kind) != (rule.trigger.on, rule.trigger.kind):
        problems.append(Problem("trigger", "cannot listen to something else", "make another rule, delete this one"))
    survey = survey_crms(deps, caller.workspace, trigger.connections)
    types, wrong = _held(deps, caller, settings, survey)
    problems += wrong
    if problems and not _only_pauses(known):
        raise Invalid(*problems)
    return {**known, "types": types}


def troubles_of(deps: Deps, caller: Caller, rule: Rule, survey: Survey) -> list[Problem]:
    """What has become wrong since the rule was saved: a field, a connection or a template that is gone."""
    settings = {name: getattr(rule, name) for name in _READERS}
    return _held(deps, caller, settings, survey)[1]


def _only_pauses(known: Mapping[str, Any]) -> bool:
    """A rule that has become wrong can be paused, and renamed, all the same."""
    return known.keys() <= {"paused", "name"} and known.get("paused") is True


def _held(
    deps: Deps, caller: Caller, settings: Mapping[str, Any], survey: Survey
) -> tuple[Mapping[str, Any], list[Problem]]:
    """As what custom fields of the condition are read, and all that is wrong with the rule in these CRMs."""
    trigger: Trigger = settings["trigger"]
    problems = read.unknown_connections(deps, caller.workspace, trigger.connections, "trigger.connections")
    problems += wrong_fields(trigger, survey)
    problems += wrong_wishes(deps, caller, trigger, settings.get("actions") or ())
    condition, types = settings.get("condition"), {}
    if condition is not None:
        predicate, wrong = read.held_to_crms(condition, trigger.kind, settings["currency"], survey, "condition")
        problems += wrong
        types = dict(custom_types(predicate, survey.schema)) if predicate else {}
    elif trigger.on is On.CHANGE and not trigger.fields and "updated" in trigger.what:
        said = "is required, or trigger.fields: an update counts when the record comes to satisfy a condition"
        problems.append(Problem("condition", said, 'or "what": ["created"], say'))
    return types, problems


def _actions(value: Json) -> tuple[Mapping[str, Json], ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MAX_ACTIONS:
        raise Invalid(Problem("", "must be a list of actions", f"1 to {MAX_ACTIONS}"))
    wrong = [at for at, each in enumerate(value) if not isinstance(each, Mapping)]
    if wrong:
        fix = '{"type": "create_task", "fields": {...}}, or {"template": id}'
        raise Invalid(*(Problem(f"[{at}]", "must be an object", fix) for at in wrong))
    if len(json.dumps(value, default=str)) > MAX_SIZE:
        raise Invalid(Problem("", "are too large", f"at most {MAX_SIZE} characters of JSON"))
    return tuple(dict(each) for each in value)


def _condition(value: Json) -> Mapping[str, Json] | None:
    return None if value is None else read.rules(value)


_READERS: Final[Mapping[str, read.Read]] = {
    "name": read.text,
    "trigger": read_trigger,
    "condition": _condition,
    "actions": _actions,
    "time_zone": read.time_zone,
    "currency": read.currency,
    "per_hour": read.number(MOST_PER_HOUR),
    "paused": read.flag,
}
