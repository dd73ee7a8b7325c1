"""Whether what somebody says of a smart group makes sense: every setting read, the rules held to the group's CRMs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.groups import Group, Members
from crmbridge.domain.predicates import asks_for_closed, compile_predicate, custom_types, zone_named
from crmbridge.domain.records import Json, Kind
from crmbridge.domain.workspaces import Usual
from crmbridge.services.ports import Deps
from crmbridge.services.survey_crms import Survey, survey_crms

MAX_TEXT: Final = 200
MAX_CONNECTIONS: Final = 100
MAX_HOLD: Final = 2000
KINDS: Final = (Kind.DEAL, Kind.CONTACT, Kind.COMPANY, Kind.TASK)
"""What groups may be about."""


def checked_settings(
    deps: Deps, workspace: str, body: Mapping[str, Json], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What the body says of a new group, ready for one. Raises Invalid naming every wrong field."""
    known, problems = _read(body)
    problems += [Problem(name, "is required") for name in required if name not in body]
    problems += _unknown_connections(deps, workspace, known.get("connections", ()))
    survey, usual = survey_crms(deps, workspace, known.get("connections", ())), deps.workspaces.usual(workspace)
    currency = known.get("currency") or usual.currency or _only(survey.currencies)
    of_rules: Mapping[str, Any] = {}
    if "rules" in known and ("kind" in known or "kind" not in body):
        of_rules, wrong = _read_rules(known["rules"], known.get("kind", Kind.DEAL), currency, survey)
        problems += wrong
    if problems:
        raise Invalid(*problems)
    zones = [account.time_zone for account in survey.accounts if zone_named(account.time_zone)]
    zone = usual.time_zone or next(iter(zones), "UTC")
    return {"time_zone": zone, **of_rules, **known, "currency": currency}


def checked_change(deps: Deps, group: Group, body: Mapping[str, Json]) -> dict[str, Any]:
    """What the body changes of a group. Raises Invalid naming every wrong field. Rules hold for the CRMs they were
    saved for: whatever moves one of the two has them checked again."""
    known, problems = _read(body)
    problems += _unknown_connections(deps, group.workspace, known.get("connections", ()))
    if known.get("kind", group.kind) is not group.kind:
        problems.append(Problem("kind", "cannot be changed", "make another group, delete this one"))
    if known.keys() & {"rules", "connections"}:
        survey = survey_crms(deps, group.workspace, known.get("connections", group.connections))
        usual = deps.workspaces.usual(group.workspace).currency
        currency = known.get("currency") or group.currency or usual or _only(survey.currencies)
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
    known, problems = _read({name: value for name, value in given.items() if value is not None})
    if problems:
        raise Invalid(*problems)
    return Usual(**known)


def _read(body: Mapping[str, Json]) -> tuple[dict[str, Any], list[Problem]]:
    problems: list[Problem] = []
    known: dict[str, Any] = {}
    for name, value in body.items():
        if name not in _READERS:
            fix = f"one of {', '.join(_READERS)}"
            problems.append(Problem(str(name)[:MAX_TEXT], "is not a setting of a group", fix))
            continue
        try:
            known[name] = _READERS[name](value)
        except Invalid as refused:
            problems += _within(name, refused)
    return known, problems


def _within(name: str, refused: Invalid) -> list[Problem]:
    return [
        replace(one, field=f"{name}.{one.field}" if one.field and not one.field.startswith("[") else name + one.field)
        for one in refused.problems
    ]


def _read_rules(
    rules: Mapping[str, Json], kind: Kind, currency: str | None, survey: Survey
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings that follow from the rules (as what custom fields were read; that closed deals count, where they are
    asked for), and what is wrong with them."""
    try:
        predicate = compile_predicate(rules, kind=kind, schema=survey.schema, currency=currency)
    except Invalid as refused:
        return {}, _within("rules", refused)
    problems = []
    if predicate.compares_bare_amounts and len(survey.currencies) > 1:
        said = f"is needed: the CRM accounts have {', '.join(survey.currencies)}"
        problems.append(Problem("currency", said, "name one here or in the rule, or set it with PUT /v1/workspace"))
    includes = {"include_closed": True} if asks_for_closed(predicate.tree, survey.closed_stages) else {}
    return {"types": custom_types(predicate, survey.schema), **includes}, problems


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _unknown_connections(deps: Deps, workspace: str, ids: tuple[str, ...]) -> list[Problem]:
    known = {connection.id for connection in deps.connections.list(workspace)} if ids else set()
    fix = "GET /v1/connections lists them"
    return [Problem(f"connections[{at}]", "no such connection", fix) for at, id in enumerate(ids) if id not in known]


def _text(value: Json) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_TEXT:
        raise Invalid(Problem("", "must be a text", f"1 to {MAX_TEXT} characters"))
    return value.strip()


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise Invalid(Problem("", "must be a flag", "true or false"))
    return value


def _rules(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise Invalid(Problem("", "must be an object", '{"operator": "AND", "rules": [...]}'))
    return dict(value)


def _kind(value: Json) -> Kind:
    if value not in KINDS:
        raise Invalid(Problem("", "says what the rules are about", f"one of {', '.join(KINDS)}"))
    return Kind(value)


def _time_zone(value: Json) -> str:
    if not isinstance(value, str) or not zone_named(value):
        raise Invalid(Problem("", "is not a time zone", 'an IANA name such as "Europe/Berlin"'))
    return value


def _currency(value: Json) -> str:
    if not isinstance(value, str) or not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise Invalid(Problem("", "must be a currency", 'three letters such as "EUR"'))
    return value.upper()


def _members(value: Json) -> Members:
    if value not in tuple(Members):
        raise Invalid(Problem("", "says whom a matching record brings", f"one of {', '.join(Members)}"))
    return Members(value)


def _number(most: int) -> Callable[[Json], int]:
    def read(value: Json) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise Invalid(Problem("", "must be a whole number", f"1 to {most}"))
        return value

    return read


def _connections(value: Json) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_CONNECTIONS:
        raise Invalid(Problem("", "must be a list of connections", f"at most {MAX_CONNECTIONS}; empty means all"))
    wrong = [at for at, id in enumerate(value) if not isinstance(id, str)]
    if wrong:
        raise Invalid(*(Problem(f"[{at}]", "must be the id of a connection") for at in wrong))
    return tuple(dict.fromkeys(value))


_READERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "name": _text,
    "channel": _text,
    "rules": _rules,
    "kind": _kind,
    "time_zone": _time_zone,
    "currency": _currency,
    "members": _members,
    "include_closed": _flag,
    "connections": _connections,
    "paused": _flag,
    "owns_channel": _flag,
    "hold_people": _number(MAX_HOLD),
    "hold_percent": _number(100),
}
