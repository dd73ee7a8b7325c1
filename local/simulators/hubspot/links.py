"""The associations of one portal, kept in both directions."""

from collections import defaultdict
from dataclasses import dataclass

from local.simulators.hubspot.schema import ASSOCIATION_BY_ID, PRIMARY, AssociationType, ObjectType, primary_between

Types = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """One direction of one label that came or went; webhooks are made of these."""

    type: AssociationType
    source: int
    target: int
    removed: bool


class Links:
    def __init__(self) -> None:
        self._edges: dict[tuple[str, str], dict[int, dict[int, Types]]] = defaultdict(dict)

    def of(self, source: ObjectType, source_id: int, target: ObjectType) -> dict[int, Types]:
        """Linked ids with the ids of the association types, by ascending id."""
        found = self._edges[source.name, target.name].get(source_id, {})
        return dict(sorted(found.items()))

    def primary(self, source: ObjectType, source_id: int, target: ObjectType) -> int | None:
        wanted = primary_between(source, target)
        linked = self._edges[source.name, target.name].get(source_id, {})
        return next((each for each, types in linked.items() if wanted and wanted.id in types), None)

    def add(self, kind: AssociationType, source: int, target: int) -> list[LinkChange]:
        """Add one label both ways. A record has one primary company: a new one takes the label from the old."""
        changes = self._demote(kind, source, target) if kind.id in PRIMARY else []
        if kind.id in PRIMARY:
            changes += self.add(_unlabelled(kind), source, target)
        if self._put(kind, source, target):
            self._put(ASSOCIATION_BY_ID[kind.inverse], target, source)
            changes += _both(kind, source, target, removed=False)
        return changes

    def seed(self, kind: AssociationType, source: int, target: int) -> None:
        self._put(kind, source, target)
        self._put(ASSOCIATION_BY_ID[kind.inverse], target, source)

    def remove(self, source: ObjectType, source_id: int, target: ObjectType, target_id: int,
               only: frozenset[int] | None = None) -> list[LinkChange]:  # fmt: skip
        types = self._edges[source.name, target.name].get(source_id, {}).get(target_id, ())
        changes: list[LinkChange] = []
        for type_id in types:
            if only is None or type_id in only:
                changes += self._take(ASSOCIATION_BY_ID[type_id], source_id, target_id)
        return changes

    def clear(self, kind: ObjectType, record_id: int) -> list[LinkChange]:
        changes: list[LinkChange] = []
        for each in list(ASSOCIATION_BY_ID.values()):
            if each.source is kind:
                for target_id, types in self.of(kind, record_id, each.target).items():
                    changes += self._take(each, record_id, target_id) if each.id in types else []
        return changes

    def move(self, kind: ObjectType, old: int, new: int) -> None:
        """Give the links of a merged record to its survivor, whose own primary company stays."""
        for change in self.clear(kind, old):
            if change.type.source is not kind or change.source != old or change.target == new:
                continue
            held = self.primary(change.type.source, new, change.type.target)
            if change.type.id not in PRIMARY or held is None:
                self.seed(change.type, new, change.target)

    def _demote(self, kind: AssociationType, source: int, target: int) -> list[LinkChange]:
        """Whichever way the primary label is set, it is the contact or the deal that has only one."""
        if kind.source.name == "companies":
            kind, source, target = ASSOCIATION_BY_ID[kind.inverse], target, source
        held = self.primary(kind.source, source, kind.target)
        return self._take(kind, source, held) if held is not None and held != target else []

    def _put(self, kind: AssociationType, source: int, target: int) -> bool:
        linked = self._edges[kind.source.name, kind.target.name].setdefault(source, {})
        types = linked.get(target, ())
        if kind.id in types:
            return False
        linked[target] = (*types, kind.id)
        return True

    def _take(self, kind: AssociationType, source: int, target: int) -> list[LinkChange]:
        self._drop(kind, source, target)
        self._drop(ASSOCIATION_BY_ID[kind.inverse], target, source)
        return _both(kind, source, target, removed=True)

    def _drop(self, kind: AssociationType, source: int, target: int) -> None:
        linked = self._edges[kind.source.name, kind.target.name].get(source, {})
        left = tuple(each for each in linked.get(target, ()) if each != kind.id)
        if left:
            linked[target] = left
        else:
            linked.pop(target, None)


def _unlabelled(kind: AssociationType) -> AssociationType:
    return next(
        each for each in ASSOCIATION_BY_ID.values()
        if each.source is kind.source and each.target is kind.target and each.label is None
    )  # fmt: skip


def _both(kind: AssociationType, source: int, target: int, *, removed: bool) -> list[LinkChange]:
    back = ASSOCIATION_BY_ID[kind.inverse]
    return [LinkChange(kind, source, target, removed), LinkChange(back, target, source, removed)]
