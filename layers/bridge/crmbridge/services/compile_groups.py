"""The smart groups of a workspace, made ready to be asked; what was compiled before is not compiled again."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import orjson

from crmbridge.domain.errors import Invalid
from crmbridge.domain.group_index import GroupIndex, Panel
from crmbridge.domain.groups import Group
from crmbridge.domain.predicates import MaskIndex, Predicate, compile_predicate, schema_of_types
from crmbridge.domain.records import Kind, Type
from crmbridge.services.group_ports import Groups
from crmbridge.services.ports import Deps


class Terms(NamedTuple):
    """All that a group's predicate is made of."""

    rules: bytes
    kind: Kind
    currency: str | None
    types: tuple[tuple[str, Type], ...]


_KEPT: Final[WeakKeyDictionary[Groups, dict[str, GroupIndex]]] = WeakKeyDictionary()
MOST_KEPT: Final = 16
"""Workspaces whose groups one process keeps compiled."""


def compile_groups(deps: Deps, workspace: str) -> GroupIndex:
    """While nobody edits a group, this costs one read. What is kept may be newer than its version, never older."""
    kept = _KEPT.setdefault(deps.groups, {})
    found = kept.pop(workspace, None)
    if found is None or found.version != deps.groups.version(workspace):
        found = _compiled(*deps.groups.snapshot(workspace))
    kept[workspace] = found
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
    return found


def _compiled(version: int, groups: Sequence[Group]) -> GroupIndex:
    shelves: dict[tuple[Kind, str | None], list[tuple[Group, Terms]]] = defaultdict(list)
    for group in groups:
        terms = _terms(group)
        zone = group.time_zone if _minds_zone(terms) else None
        shelves[group.kind, zone].append((group, terms))
    panels: dict[Kind, list[Panel]] = defaultdict(list)
    for (kind, zone), entries in shelves.items():
        panels[kind].append(_panel(zone, entries))
    return GroupIndex(version, dict(panels))


def _panel(zone: str | None, entries: list[tuple[Group, Terms]]) -> Panel:
    terms = tuple(each for _, each in entries)
    return Panel(zone, [(group, _predicate(each)) for group, each in entries], _index(terms))


def _terms(group: Group) -> Terms:
    rules = orjson.dumps(group.rules, default=str)
    return Terms(rules, group.kind, group.currency, tuple(sorted(group.types.items())))


@lru_cache(maxsize=32)
def _index(terms: tuple[Terms, ...]) -> MaskIndex:
    return MaskIndex([_predicate(each) for each in terms])


@lru_cache(maxsize=4096)
def _minds_zone(terms: Terms) -> bool:
    predicate = _predicate(terms)
    return predicate is not None and predicate.minds_zone


@lru_cache(maxsize=4096)
def _predicate(terms: Terms) -> Predicate | None:
    """Saved rules were checked; those of a newer version of ours may be unreadable to this one, and let nobody go."""
    try:
        schema = schema_of_types(dict(terms.types))
        return compile_predicate(terms.rules, kind=terms.kind, schema=schema, currency=terms.currency, saved=True)
    except Invalid:
        return None
