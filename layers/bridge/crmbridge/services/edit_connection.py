"""Change what an admin may set of a connection."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Json, Kind
from crmbridge.services.check_filters import checked_filters
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

DIRECTIONS: Final = ("both", "from_crm", "to_crm")
CONFLICT_STRATEGIES: Final = ("crm_wins", "chat_wins", "newest_wins", "ask")
MAX_NAME: Final = 200


def edit_connection(deps: Deps, caller: Caller, id: str, body: Mapping[str, Json]) -> Connection:
    """`display_name`, `direction`, `frequency_minutes`, `full_every_hours`, `kinds`, `filters` (kind -> rules),
    `conflict_strategy`; only what is given changes. Raises Invalid naming every wrong field. Other filters bring a full
    run at once."""
    require_admin(caller)
    deps.connections.get(caller.workspace, id)
    known = _checked(body)
    if "filters" in known:
        known |= checked_filters(deps, caller.workspace, id, known["filters"])

    def edited(stored: Connection) -> Connection:
        settings = {name: value for name, value in known.items() if name != "display_name"}
        name = known.get("display_name", stored.display_name)
        changed = replace(stored, display_name=name, settings=replace(stored.settings, **settings))
        return _sooner(changed, deps, filters_changed=changed.settings.filters != stored.settings.filters)

    deps.journal.audit(caller.workspace, "connection.edited", caller.user, {"connection": id, "fields": [*known]})
    return rewrite_connection(deps, caller.workspace, id, edited)


def _sooner(changed: Connection, deps: Deps, *, filters_changed: bool) -> Connection:
    """A shorter interval counts from now, not from the end of the longer one. What other filters take is known once
    everything was read again."""
    incremental, full = changed.incremental_due_at, changed.full_due_at
    now, settings = deps.now(), changed.settings
    wait = timedelta() if filters_changed else settings.full_every
    return replace(
        changed,
        incremental_due_at=incremental and min(incremental, now + settings.frequency),
        full_due_at=full and min(full, now + wait),
    )


def _checked(body: Mapping[str, Json]) -> dict[str, Any]:
    """Our names and values of what the body says."""
    problems: list[Problem] = []
    known: dict[str, Any] = {}
    for name, value in body.items():
        if name not in _READERS:
            problems.append(Problem(str(name)[:MAX_NAME], "is not a setting", f"one of {', '.join(_READERS)}"))
            continue
        ours, read = _READERS[name]
        try:
            known[ours] = read(value)
        except Invalid as refused:
            problems += [replace(problem, field=".".join(filter(None, (name, problem.field))))
                         for problem in refused.problems]  # fmt: skip
    if problems:
        raise Invalid(*problems)
    return known


def _name(value: Json) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_NAME:
        raise Invalid(Problem("", "must be a text", f"1 to {MAX_NAME} characters"))
    return value.strip()


def _one_of(*words: str) -> Callable[[Json], str]:
    def read(value: Json) -> str:
        if value not in words:
            raise Invalid(Problem("", "is not one of the choices", f"one of {', '.join(words)}"))
        return str(value)

    return read


def _span(unit: timedelta, least: int, most: int) -> Callable[[Json], timedelta]:
    def read(value: Json) -> timedelta:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Invalid(Problem("", "is not a whole number in range", f"from {least} to {most}"))
        return value * unit

    return read


def _kinds(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(kind in tuple(Kind) for kind in value):
        raise Invalid(Problem("", "must be a list of kinds", f"some of {', '.join(Kind)}"))
    return tuple(kind.value for kind in Kind if kind in value)


def _filters(value: Json) -> dict[str, Json]:
    if not isinstance(value, Mapping):
        raise Invalid(Problem("", "must be an object", "kind -> rules"))
    fix = f"one of {', '.join(Kind)}"
    problems = [Problem(str(kind)[:MAX_NAME], "is not a kind", fix) for kind in value if kind not in tuple(Kind)]
    if problems:
        raise Invalid(*problems)
    return dict(value)


_READERS: Final[Mapping[str, tuple[str, Callable[[Json], Any]]]] = {
    "display_name": ("display_name", _name),
    "direction": ("direction", _one_of(*DIRECTIONS)),
    "frequency_minutes": ("frequency", _span(timedelta(minutes=1), 5, 7 * 24 * 60)),
    "full_every_hours": ("full_every", _span(timedelta(hours=1), 1, 31 * 24)),
    "kinds": ("kinds", _kinds),
    "filters": ("filters", _filters),
    "conflict_strategy": ("conflict_strategy", _one_of(*CONFLICT_STRATEGIES)),
}
"""What a request calls it -> what it is called here, and how it is read."""
