"""Whether what somebody says of a smart group makes sense: every setting read, the rules held to the group's CRMs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.groups import Group, Members
from crmbridge.domain.predicates import compile_predicate
from crmbridge.domain.records import Json, Kind
from crmbridge.services.ports import Deps

MAX_TEXT: Final = 200
MAX_CONNECTIONS: Final = 100
MAX_HOLD: Final = 2000
KINDS: Final = (Kind.DEAL, Kind.CONTACT, Kind.COMPANY, Kind.TASK)
"""What groups may be about, and may ask of across links."""


def checked_settings(
    deps: Deps, workspace: str, body: Mapping[str, Json], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What the body says of a new group, ready for one. Raises Invalid naming every wrong field."""
    missing = [Problem(name, "is required") for name in required if name not in body]
    known, problems = _read(body)
    problems += missing + _unknown_connections(deps, workspace, known.get("connections", ()))
    if problems:
        raise Invalid(*problems)
    if "rules" in known:
        _check_rules(known["rules"], known.get("kind", Kind.DEAL))
    known.setdefault("time_zone", _usual_time_zone(deps, workspace, known.get("connections", ())))
    return known


def checked_change(deps: Deps, group: Group, body: Mapping[str, Json]) -> dict[str, Any]:
    """What the body changes of a group. Raises Invalid naming every wrong field."""
    known, problems = _read(body)
    problems += _unknown_connections(deps, group.workspace, known.get("connections", ()))
    if known.get("kind", group.kind) is not group.kind:
        problems.append(Problem("kind", "cannot be changed", "make another group, delete this one"))
    if problems:
        raise Invalid(*problems)
    if "rules" in known:
        _check_rules(known["rules"], group.kind)
    return known


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


def _check_rules(rules: Mapping[str, Json], kind: Kind) -> None:
    try:
        beyond = compile_predicate(rules, kind=kind).needs_links.difference(KINDS)
    except Invalid as refused:
        raise Invalid(*_within("rules", refused)) from None
    if beyond:
        raise Invalid(Problem("rules", f"ask for linked {' and '.join(sorted(beyond))}", f"only {', '.join(KINDS)}"))


def _usual_time_zone(deps: Deps, workspace: str, connections: tuple[str, ...]) -> str:
    """That of the first account the group draws from."""
    for connection in deps.connections.list(workspace):
        if not connections or connection.id in connections:
            known = deps.connections.directories(workspace, connection.id)
            if known and _is_zone(known.account.time_zone):
                return known.account.time_zone
    return "UTC"


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


def read_time_zone(value: Json) -> str:
    if not isinstance(value, str) or not _is_zone(value):
        raise Invalid(Problem("", "is not a time zone", 'an IANA name such as "Europe/Berlin"'))
    return value


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name).key == name
    except (KeyError, OSError, ValueError):  # not found, a directory of zones, or no name at all
        return False


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
    "time_zone": read_time_zone,
    "members": _members,
    "include_closed": _flag,
    "connections": _connections,
    "paused": _flag,
    "owns_channel": _flag,
    "hold_people": _number(MAX_HOLD),
    "hold_percent": _number(100),
}
