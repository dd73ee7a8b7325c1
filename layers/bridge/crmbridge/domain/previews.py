"""What a group would become, gathered record by record: who is brought, who is kept out by what nobody knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmbridge.domain.errors import Invalid
from crmbridge.domain.groups import Group, Members, Support, predicate_of
from crmbridge.domain.predicates import Predicate, When
from crmbridge.domain.records import Json, Kind, RecordKey
from crmbridge.domain.views import View, left_out, supported, takes


@dataclass(slots=True)
class Leaf:
    """One clause of the rules, asked alone: of how many undecided records it is not known, and how often because the
    field is empty (rather than never read)."""

    rule: Mapping[str, Json]
    asks: Predicate
    asks_empty: Predicate | None
    unknown: int = 0
    empty: int = 0

    def look(self, view: View, when: When) -> None:
        if self.asks(view.facts, when) is None:
            self.unknown += 1
            self.empty += bool(self.asks_empty and self.asks_empty(view.facts, when))


@dataclass(slots=True)
class Glance:
    """`held` are the supports the group has now, by record; `brought` one support for each person it would have."""

    group: Group
    predicate: Predicate
    held: Mapping[RecordKey, Sequence[Support]]
    leaves: list[Leaf]
    looked_at: set[RecordKey] = field(default_factory=set)
    matching: int = 0
    unknown: int = 0
    brought: dict[str, Support] = field(default_factory=dict)
    maybe: dict[str, RecordKey] = field(default_factory=dict)
    bring_nobody: list[RecordKey] = field(default_factory=list)
    left_out: list[tuple[RecordKey, str, str]] = field(default_factory=list)
    """Of matching records, a contact or owner who brings nobody, and why."""
    let_go: dict[RecordKey, str] = field(default_factory=dict)

    def kinds(self) -> frozenset[Kind]:
        return frozenset({self.group.kind})

    def needs_links(self, _: Kind) -> frozenset[Kind]:
        return self.predicate.needs_links

    def bring_contacts_of(self, view: View) -> bool:
        """Also of records of which nobody knows whether they match."""
        return self.group.members is not Members.OWNER and takes(self.group, view) and self._asked(view) is not False

    def look(self, key: RecordKey, view: View | None) -> None:
        """`view` is None for what is not a live record of the group's kind."""
        self.looked_at.add(key)
        if view is None or not takes(self.group, view):
            self.let_go[key] = "the record is gone" if view is None else _not_taken(self.group, view)
            return
        answer = self._asked(view)
        found = supported(self.group, self.predicate, view, self.held.get(key, ()))
        supports = [support for support in found if not support.left_out]
        for support in supports:
            self.brought.setdefault(support.person, support)
        if answer is None:
            self._count_unknown(view)
        elif answer:
            self._count_match(view, supports)
        else:
            self.let_go[key] = "the record does not match"

    def forget(self, person: str) -> None:
        self.brought.pop(person, None)
        self.maybe.pop(person, None)

    def is_settled(self, key: RecordKey) -> bool:
        """Whether all is known of a record that keeps somebody in now."""
        drawn_from = self.group.connections
        return key in self.looked_at or bool(drawn_from and key.connection not in drawn_from)

    def _asked(self, view: View) -> bool | None:
        return self.predicate(view.facts, view.when(self.group.time_zone))

    def _count_match(self, view: View, supports: Sequence[Support]) -> None:
        self.matching += 1
        if not supports:
            self.bring_nobody.append(view.key)
        self.left_out += [(view.key, who, why) for who, why in left_out(self.group, view).items()]
        self.let_go[view.key] = "the record matches and does not bring them any more"

    def _count_unknown(self, view: View) -> None:
        self.unknown += 1
        self.let_go[view.key] = "nobody knows whether the record matches: a field is empty"
        for person in {**(view.contacts or {}), **(view.owners or {})}:
            self.maybe.setdefault(person, view.key)
        for leaf in self.leaves:
            leaf.look(view, view.when(self.group.time_zone))


def glance_at(group: Group, held: Mapping[RecordKey, Sequence[Support]]) -> Glance:
    """Raises Invalid when the group's rules are not valid."""
    leaves = [_leaf(group, rule) for rule in _clauses(group.rules)]
    return Glance(group, predicate_of(group), held, leaves)


def _leaf(group: Group, rule: Mapping[str, Json]) -> Leaf:
    try:
        empty = predicate_of(replace(group, rules={"field": rule["field"], "operator": "is_empty"}))
    except Invalid:
        empty = None
    return Leaf(rule, predicate_of(replace(group, rules=rule)), empty)


def _clauses(rules: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    if "rules" not in rules:
        yield rules
    for part in rules.get("rules", ()):
        yield from _clauses(part)


def _not_taken(group: Group, view: View) -> str:
    if view.is_closed and not group.include_closed:
        return "the deal is closed"
    return "the group does not draw from that connection"
