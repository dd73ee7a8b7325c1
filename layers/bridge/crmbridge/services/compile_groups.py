"""The smart groups of a workspace, made ready to be asked all at once."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

from crmbridge.domain.group_index import GroupIndex, Panel
from crmbridge.domain.groups import Group
from crmbridge.domain.predicates import MaskIndex
from crmbridge.domain.records import Kind
from crmbridge.services.compile_terms import Terms, compiled, newest, terms_of
from crmbridge.services.group_ports import Groups
from crmbridge.services.ports import Deps

_KEPT: Final[WeakKeyDictionary[Groups, dict[str, GroupIndex]]] = WeakKeyDictionary()


def compile_groups(deps: Deps, workspace: str) -> GroupIndex:
    kept, groups = _KEPT.setdefault(deps.groups, {}), deps.groups.snapshot
    return newest(kept, workspace, deps.groups.version, lambda workspace: _compiled(*groups(workspace)))


def _compiled(version: int, groups: Sequence[Group]) -> GroupIndex:
    shelves: dict[tuple[Kind, str | None], list[tuple[Group, Terms]]] = defaultdict(list)
    for group in groups:
        terms = terms_of(group.rules, group.kind, group.currency, group.types)
        zone = group.time_zone if _minds_zone(terms) else None
        shelves[group.kind, zone].append((group, terms))
    panels: dict[Kind, list[Panel]] = defaultdict(list)
    for (kind, zone), entries in shelves.items():
        panels[kind].append(_panel(zone, entries))
    return GroupIndex(version, dict(panels))


def _panel(zone: str | None, entries: list[tuple[Group, Terms]]) -> Panel:
    """Rules that nobody can read any more let nobody go."""
    terms = tuple(each for _, each in entries)
    return Panel(zone, [(group, compiled(each)) for group, each in entries], _index(terms))


@lru_cache(maxsize=32)
def _index(terms: tuple[Terms, ...]) -> MaskIndex:
    return MaskIndex([compiled(each) for each in terms])


@lru_cache(maxsize=4096)
def _minds_zone(terms: Terms) -> bool:
    predicate = compiled(terms)
    return predicate is not None and predicate.minds_zone
