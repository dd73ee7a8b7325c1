"""All smart groups of a workspace asked at once, so that a record costs what the few groups cost that it concerns."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from crmbridge.domain.groups import Group, Members, Support
from crmbridge.domain.predicates import MaskIndex, Predicate
from crmbridge.domain.records import Kind
from crmbridge.domain.views import View, supported_so, takes

Concerned = tuple[Group, Predicate, bool | None]
"""A group with its predicate, and what that says of the record."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Groups about one kind of record, to whom it is the same day; `time_zone` None: they do not ask. A predicate is
    None when today's code cannot read it. `index` is of their predicates, in the same order."""

    time_zone: str | None
    groups: Sequence[tuple[Group, Predicate | None]]
    index: MaskIndex

    def unreadable(self) -> list[str]:
        return [group.id for group, predicate in self.groups if predicate is None]

    def concerned(self, view: View, holding: Collection[str]) -> Iterator[Concerned]:
        """All others bring nobody and keep nobody: what is unknown keeps only whom the record brought before, into the
        groups that are `holding`."""
        when = view.when(self.time_zone) if self.time_zone else None
        true, unknown = self.index.matches(view.facts, when)
        yield from self._of(true, True)
        if holding:
            yield from (one for one in self._of(unknown, None) if one[0].id in holding)

    def _of(self, mask: int, answer: bool | None) -> Iterator[Concerned]:
        for at in self.index.numbers(mask):
            group, predicate = self.groups[at]
            if predicate is not None:
                yield group, predicate, answer

    def next_flip(self, view: View) -> datetime | None:
        if self.time_zone is None or not any(takes(group, view) for group, _ in self.groups):
            return None
        return self.index.next_flip(view.facts, view.when(self.time_zone))


@dataclass(frozen=True)
class GroupIndex:
    """The groups a decision is made with; `version` is that of their list. What depends on all of them is worked out
    once."""

    version: int
    panels: Mapping[Kind, Sequence[Panel]]

    def kinds(self) -> frozenset[Kind]:
        """What the groups are about."""
        return frozenset(self.panels)

    def needs_links(self, kind: Kind) -> frozenset[Kind]:
        """The kinds of linked records that rules about `kind` ask for."""
        return self._links.get(kind, frozenset())

    def looks_at(self, kind: Kind) -> frozenset[Kind]:
        """Of which linked records a change is a change of a record of `kind`."""
        return self.needs_links(kind) | ({Kind.CONTACT} if kind in self._take_contacts else frozenset())

    def time_zones(self) -> frozenset[str]:
        """Of the groups that ask what day it is."""
        panels = (panel for panels in self.panels.values() for panel in panels)
        return frozenset(panel.time_zone for panel in panels if panel.time_zone)

    def bring_contacts_of(self, view: View, held: Sequence[Support]) -> bool:
        """`held` is what the record brings so far."""
        return any(
            group.members is not Members.OWNER and takes(group, view)
            for group, _, _ in self._concerned(view, {support.group for support in held})
        )

    def wanted(self, view: View | None, held: Sequence[Support]) -> list[Support]:
        """Everybody whom the record brings into any group; None is a record that is gone, or that nobody asks about."""
        if view is None:
            return []
        wanted = [support for support in held if support.group in self._unreadable]
        by_group: dict[str, list[Support]] = defaultdict(list)
        for support in held:
            by_group[support.group].append(support)
        for group, predicate, answer in self._concerned(view, by_group):
            wanted += supported_so(group, predicate, view, by_group.get(group.id, ()), answer)
        return wanted

    def next_flip(self, view: View | None) -> datetime | None:
        """The next moment at which the passing of time alone may change whom the record brings; None: never."""
        flips = [panel.next_flip(view) for panel in self.panels.get(view.kind, ())] if view else []
        return min((flip for flip in flips if flip), default=None)

    @cached_property
    def _unreadable(self) -> frozenset[str]:
        return frozenset(id for panels in self.panels.values() for panel in panels for id in panel.unreadable())

    @cached_property
    def _links(self) -> Mapping[Kind, frozenset[Kind]]:
        asked = {kind: [predicate for _, predicate in self._of(kind) if predicate] for kind in self.panels}
        return {kind: frozenset(link for one in found for link in one.needs_links) for kind, found in asked.items()}

    @cached_property
    def _take_contacts(self) -> frozenset[Kind]:
        """A contact's contact is itself."""
        beside = self.panels.keys() - {Kind.CONTACT}
        return frozenset(
            kind for kind in beside if any(group.members is not Members.OWNER for group, _ in self._of(kind))
        )

    def _of(self, kind: Kind) -> Iterator[tuple[Group, Predicate | None]]:
        return (entry for panel in self.panels.get(kind, ()) for entry in panel.groups)

    def _concerned(self, view: View, holding: Collection[str]) -> Iterator[Concerned]:
        for panel in self.panels.get(view.kind, ()):
            yield from panel.concerned(view, holding)
