"""Whether what somebody says of a smart group makes sense: every setting read, the rules held to the group's CRMs."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.groups import Group, Members
from crmbridge.domain.predicates import asks_for_closed, custom_types
from crmbridge.domain.records import Json, Kind
from crmbridge.domain.workspaces import Usual
from crmbridge.services import read_given as read
from crmbridge.services.ports import Deps
from crmbridge.services.survey_crms import Survey, survey_crms

MAX_HOLD: Final = 2000


def checked_settings(
    deps: Deps, workspace: str, body: Mapping[str, Json], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What the body says of a new group, ready for one. Raises Invalid naming every wrong field."""
    known, problems = read.read_given(body, _READERS, "group")
    problems += [Problem(name, "is required") for name in required if name not in body]
    problems += read.unknown_connections(deps, workspace, known.get("connections", ()))
    survey = survey_crms(deps, workspace, known.get("connections", ()))
    currency = known.get("currency") or read.usual_currency(deps, workspace, survey)
    of_rules: Mapping[str, Any] = {}
    if "rules" in known and ("kind" in known or "kind" not in body):
        of_rules, wrong = _read_rules(known["rules"], known.get("kind", Kind.DEAL), currency, survey)
        problems += wrong
    if problems:
        raise Invalid(*problems)
    return {"time_zone": read.usual_zone(deps, workspace, survey), **of_rules, **known, "currency": currency}


def checked_change(deps: Deps, group: Group, body: Mapping[str, Json]) -> dict[str, Any]:
    """What the body changes of a group. Raises Invalid naming every wrong field. Rules hold for the CRMs they were
    saved for: whatever moves one of the two has them checked again."""
    known, problems = read.read_given(body, _READERS, "group")
    problems += read.unknown_connections(deps, group.workspace, known.get("connections", ()))
    if known.get("kind", group.kind) is not group.kind:
        problems.append(Problem("kind", "cannot be changed", "make another group, delete this one"))
    if known.keys() & {"rules", "connections"}:
        survey = survey_crms(deps, group.workspace, known.get("connections", group.connections))
        usual = known.get("currency") or group.currency
        currency = usual or read.usual_currency(deps, group.workspace, survey)
        of_rules, wrong = _read_rules(known.get("rules", group.rules), group.kind, currency, survey)
        problems += wrong
        if known.get("rules", group.rules) == group.rules:
            of_rules.pop("include_closed", None)
        known = {**of_rules, **known, "currency": currency}
    if problems:
        raise Invalid(*problems)
    return known


def checked_usual(currency: str | None, time_zone: str | None) -> Usual:
    """What a workspace's new groups take. Raises Invalid naming every wrong field."""
    given = {"currency": currency, "time_zone": time_zone}
    said = {name: value for name, value in given.items() if value is not None}
    known, problems = read.read_given(said, _READERS, "workspace")
    if problems:
        raise Invalid(*problems)
    return Usual(**known)


def _read_rules(
    rules: Mapping[str, Json], kind: Kind, currency: str | None, survey: Survey
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings that follow from the rules (as what custom fields were read; that closed deals count, where they are
    asked for), and what is wrong with them."""
    predicate, problems = read.held_to_crms(rules, kind, currency, survey, "rules")
    if predicate is None:
        return {}, problems
    includes = {"include_closed": True} if asks_for_closed(predicate.tree, survey.closed_stages) else {}
    return {"types": custom_types(predicate, survey.schema), **includes}, problems


def _members(value: Json) -> Members:
    if value not in tuple(Members):
        raise Invalid(Problem("", "says whom a matching record brings", f"one of {', '.join(Members)}"))
    return Members(value)


_READERS: Final[Mapping[str, read.Read]] = {
    "name": read.text,
    "channel": read.text,
    "rules": read.rules,
    "kind": read.kind,
    "time_zone": read.time_zone,
    "currency": read.currency,
    "members": _members,
    "include_closed": read.flag,
    "connections": read.connections,
    "paused": read.flag,
    "owns_channel": read.flag,
    "hold_people": read.number(MAX_HOLD),
    "hold_percent": read.number(100),
}
