"""Settings that people give of a smart group or a rule, read one by one; a wrong one is named by its path."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates import Predicate, compile_predicate, zone_named
from crmbridge.domain.records import Json, Kind
from crmbridge.services.ports import Deps
from crmbridge.services.survey_crms import Survey

MAX_TEXT: Final = 200
MAX_CONNECTIONS: Final = 100
KINDS: Final = (Kind.DEAL, Kind.CONTACT, Kind.COMPANY, Kind.TASK)
"""What smart groups and rules may be about."""

Read = Callable[[Json], Any]
"""Raises Invalid, whose paths begin at what is read."""


def read_given(
    body: Mapping[str, Json], readers: Mapping[str, Read], what: str
) -> tuple[dict[str, Any], list[Problem]]:
    """What was understood, and what is wrong with the rest; `what` they are settings of."""
    problems: list[Problem] = []
    known: dict[str, Any] = {}
    for name, value in body.items():
        if name not in readers:
            fix = f"one of {', '.join(readers)}"
            problems.append(Problem(str(name)[:MAX_TEXT], f"is not a setting of a {what}", fix))
            continue
        try:
            known[name] = readers[name](value)
        except Invalid as refused:
            problems += within(name, refused)
    return known, problems


def within(name: str, refused: Invalid) -> list[Problem]:
    return [
        replace(one, field=f"{name}.{one.field}" if one.field and not one.field.startswith("[") else name + one.field)
        for one in refused.problems
    ]


def held_to_crms(
    rules: Mapping[str, Json], kind: Kind, currency: str | None, survey: Survey, path: str
) -> tuple[Predicate | None, list[Problem]]:
    """The predicate, and what is wrong with it in these CRMs."""
    try:
        predicate = compile_predicate(rules, kind=kind, schema=survey.schema, currency=currency)
    except Invalid as refused:
        return None, within(path, refused)
    if predicate.compares_bare_amounts and len(survey.currencies) > 1:
        said = f"is needed: the CRM accounts have {', '.join(survey.currencies)}"
        fix = "name one here or in the rule, or set it with PUT /v1/workspace"
        return predicate, [Problem("currency", said, fix)]
    return predicate, []


def usual_zone(deps: Deps, workspace: str, survey: Survey) -> str:
    """The workspace's own, else where the first of the CRM accounts is."""
    zones = (account.time_zone for account in survey.accounts if zone_named(account.time_zone))
    return deps.workspaces.usual(workspace).time_zone or next(zones, "UTC")


def usual_currency(deps: Deps, workspace: str, survey: Survey) -> str | None:
    """The workspace's own, else that of the CRM accounts when they agree."""
    known = survey.currencies
    return deps.workspaces.usual(workspace).currency or (known[0] if len(known) == 1 else None)


def unknown_connections(deps: Deps, workspace: str, ids: Collection[str], path: str = "connections") -> list[Problem]:
    known = {connection.id for connection in deps.connections.list(workspace)} if ids else set()
    fix = "GET /v1/connections lists them"
    return [Problem(f"{path}[{at}]", "no such connection", fix) for at, id in enumerate(ids) if id not in known]


def text(value: Json) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_TEXT:
        raise Invalid(Problem("", "must be a text", f"1 to {MAX_TEXT} characters"))
    return value.strip()


def flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise Invalid(Problem("", "must be a flag", "true or false"))
    return value


def rules(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise Invalid(Problem("", "must be an object", '{"operator": "AND", "rules": [...]}'))
    return dict(value)


def kind(value: Json) -> Kind:
    if value not in KINDS:
        raise Invalid(Problem("", "says what the rules are about", f"one of {', '.join(KINDS)}"))
    return Kind(value)


def time_zone(value: Json) -> str:
    if not isinstance(value, str) or not zone_named(value):
        raise Invalid(Problem("", "is not a time zone", 'an IANA name such as "Europe/Berlin"'))
    return value


def currency(value: Json) -> str:
    if not isinstance(value, str) or not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise Invalid(Problem("", "must be a currency", 'three letters such as "EUR"'))
    return value.upper()


def number(most: int) -> Callable[[Json], int]:
    def read(value: Json) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise Invalid(Problem("", "must be a whole number", f"1 to {most}"))
        return value

    return read


def connections(value: Json) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_CONNECTIONS:
        raise Invalid(Problem("", "must be a list of connections", f"at most {MAX_CONNECTIONS}; empty means all"))
    wrong = [at for at, id in enumerate(value) if not isinstance(id, str)]
    if wrong:
        raise Invalid(*(Problem(f"[{at}]", "must be the id of a connection") for at in wrong))
    return tuple(dict.fromkeys(value))
