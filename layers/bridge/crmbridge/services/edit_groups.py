"""Make, change and delete smart groups; every change of whom they want is followed by a full evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, Problem
from crmbridge.domain.groups import Group, Members
from crmbridge.domain.predicates import compile_predicate
from crmbridge.domain.records import Json, Kind
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_records, queue_scans
from crmbridge.services.ring_untold import ring_untold

MAX_TEXT: Final = 200
MAX_CONNECTIONS: Final = 100
MAX_HOLD: Final = 2000
EDITORS: Final = ("admin", "member")
ACROSS: Final = (Kind.CONTACT, Kind.COMPANY)
"""What a group may ask of the records that a deal is linked to."""
DECIDING: Final = frozenset({"rules", "members", "include_closed", "connections"})
"""What says who belongs; a change of any of them makes everything decided before it old."""


def create_group(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> Group:
    """`{"name", "channel", "rules"}` and optionally `members`, `include_closed`, `connections`, `paused`,
    `hold_people`, `hold_percent`, `owns_channel`.

    Raises Invalid naming every wrong field, Clash when the workspace has as many groups as it may have.
    """
    if caller.role not in EDITORS:
        raise Forbidden("only admins and members may make smart groups; ask an admin")
    known = checked_settings(deps, caller, body, required=("name", "channel", "rules"))
    group = Group(id=deps.new_id(), workspace=caller.workspace, created_by=caller.user, created_at=deps.now(), **known)
    deps.groups.add(group, deps.max_groups)
    queue_scans(deps, caller.workspace, group.connections)
    return group


def update_group(deps: Deps, caller: Caller, id: str, body: Mapping[str, Json]) -> Group:
    """Only what is given changes. Asking for the same again evaluates again, so that a lost answer can be repeated.

    While `paused` nothing is delivered; a group that goes on tells at once what has come of it all meanwhile."""
    group = own_group(deps, caller, id)
    known = checked_settings(deps, caller, body)
    if known.get("channel", group.channel) != group.channel:
        raise Invalid(Problem("channel", "cannot be changed", "make a group for the other channel, delete this one"))
    saved = deps.groups.save(redrawn(group, known))
    if DECIDING & known.keys():
        queue_scans(deps, caller.workspace, _drawn_from(group, saved))
    if known.get("paused") is False:
        ring_untold(deps, caller.workspace, id)
    return saved


def sync_group(deps: Deps, caller: Caller, id: str) -> int:
    """Evaluate everything the group draws from, now; returns the number of parts queued."""
    group = deps.groups.get(caller.workspace, id)
    return queue_scans(deps, caller.workspace, group.connections)


def delete_group(deps: Deps, caller: Caller, id: str) -> None:
    """Its supports are let go; the channel keeps its people, and is the chat app's own again."""
    group = own_group(deps, caller, id)
    deps.groups.delete(group)
    queue_records(deps, deps.memberships.forget_group(caller.workspace, id))


def own_group(deps: Deps, caller: Caller, id: str) -> Group:
    """A group that the caller may change; raises NotFound, Forbidden."""
    group = deps.groups.get(caller.workspace, id)
    is_creator = caller.role in EDITORS and caller.user == group.created_by
    if not (caller.is_admin or is_creator):
        raise Forbidden("only an admin or who made the smart group may change it")
    return group


def redrawn(group: Group, settings: Mapping[str, Any]) -> Group:
    """In a new epoch when who belongs is decided anew."""
    changed = replace(group, **settings)
    return changed if _decides(changed) == _decides(group) else replace(changed, epoch=group.epoch + 1)


def _decides(group: Group) -> tuple[Json, ...]:
    return tuple(getattr(group, name) for name in sorted(DECIDING))


def _drawn_from(before: Group, after: Group) -> tuple[str, ...]:
    """Both old and new connections: what no longer counts must be let go. None named: all."""
    return (*before.connections, *after.connections) if before.connections and after.connections else ()


def checked_settings(
    deps: Deps, caller: Caller, body: Mapping[str, Json], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What the body says, ready for a Group. Raises Invalid naming every wrong field."""
    problems = [Problem(name, "is required") for name in required if name not in body]
    known: dict[str, Any] = {}
    for name, value in body.items():
        if name not in _READERS:
            problems.append(
                Problem(str(name)[:MAX_TEXT], "is not a setting of a group", f"one of {', '.join(_READERS)}")
            )
            continue
        try:
            known[name] = _READERS[name](value)
        except Invalid as refused:
            problems += [replace(problem, field=_within(name, problem.field)) for problem in refused.problems]
    problems += _unknown_connections(deps, caller, known.get("connections", ()))
    if problems:
        raise Invalid(*problems)
    return known


def _within(name: str, path: str) -> str:
    return f"{name}.{path}" if path and not path.startswith("[") else f"{name}{path}"


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
    beyond = compile_predicate(value).needs_links.difference(ACROSS)
    if beyond:
        raise Invalid(Problem("", f"ask for a deal's {' and '.join(sorted(beyond))}", f"only {' or '.join(ACROSS)}"))
    return dict(value)


def _members(value: Json) -> Members:
    if value not in tuple(Members):
        raise Invalid(Problem("", "says whom a matching deal brings", f"one of {', '.join(Members)}"))
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


def _unknown_connections(deps: Deps, caller: Caller, ids: tuple[str, ...]) -> list[Problem]:
    known = {connection.id for connection in deps.connections.list(caller.workspace)} if ids else set()
    fix = "GET /v1/connections lists them"
    return [Problem(f"connections[{at}]", "no such connection", fix) for at, id in enumerate(ids) if id not in known]


_READERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "name": _text,
    "channel": _text,
    "rules": _rules,
    "members": _members,
    "include_closed": _flag,
    "connections": _connections,
    "paused": _flag,
    "owns_channel": _flag,
    "hold_people": _number(MAX_HOLD),
    "hold_percent": _number(100),
}
