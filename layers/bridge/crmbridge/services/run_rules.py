"""What happened -> which rules act because of it. Every rule is asked once about every occasion."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Final, NamedTuple

from crmbridge.domain.errors import BridgeError, Stale
from crmbridge.domain.explanations import abridged, explained
from crmbridge.domain.occasions import Occasion
from crmbridge.domain.predicates import Facts, Predicate, When, zone_named
from crmbridge.domain.predicates.proofs import decided_clauses
from crmbridge.domain.records import Json, Kind
from crmbridge.domain.rules import Rule, is_edge
from crmbridge.domain.stored import Stored
from crmbridge.services.compile_rules import compile_rules, condition_of
from crmbridge.services.find_linked import Sources
from crmbridge.services.fire_rule import Acting, fire_rule, go_on
from crmbridge.services.follow_record import follow_record
from crmbridge.services.look_at_records import facts_of
from crmbridge.services.ports import Deps
from crmbridge.services.wake_records import one_by_one

MESSAGE: Final = "message"


@dataclass(frozen=True, slots=True)
class Look:
    """A workspace's records as its rules see them on one occasion: each is looked at once, however many rules ask."""

    sources: Sources
    _seen: dict[tuple[int, frozenset[Kind]], Facts] = field(default_factory=dict)
    _linked: dict[str, Stored | None] = field(default_factory=dict)

    def facts(self, stored: Stored, kinds: frozenset[Kind]) -> Facts:
        """With what is linked to it, of these kinds."""
        place = id(stored), kinds
        if place not in self._seen:
            self._seen[place] = facts_of(self.sources, stored.key, stored.record, kinds)
        return self._seen[place]

    def linked(self, chat: str) -> Stored | None:
        """The record that a chat is linked to."""
        if chat not in self._linked:
            deps = self.sources.deps
            link = deps.sidepanels.link(self.sources.workspace, chat)
            self._linked[chat] = follow_record(deps, link.record) if link else None
        return self._linked[chat]


def run_rules(deps: Deps, body: Mapping[str, Json]) -> None:
    """`{"workspace", "occasions": [id, ...]}`. Trouble with one keeps no other waiting: they come back together, and
    what is settled by then is not looked at again."""
    sources = Sources(deps, body["workspace"])
    try:
        one_by_one(body["occasions"], lambda id: ask_rules(sources, id))
    except ExceptionGroup as troubles:
        if bugs := troubles.split(BridgeError)[1]:
            raise bugs from None
        why = "; ".join(sorted({str(trouble) for trouble in _leaves(troubles)}))
        raise Stale(f"not every rule could be asked; they are asked again: {why}") from troubles


def _leaves(trouble: Exception) -> Iterator[Exception]:
    if not isinstance(trouble, ExceptionGroup):
        yield trouble
        return
    for each in trouble.exceptions:
        yield from _leaves(each)


def ask_rules(sources: Sources, id: str) -> None:
    """Settled last: whoever dies before leaves it to the next, and no rule acts twice."""
    deps, workspace = sources.deps, sources.workspace
    occasion, look = deps.occasions.get(workspace, id), Look(sources)
    if occasion is None:
        return
    one_by_one(compile_rules(deps, workspace).rules, lambda rule: _ask(look, rule, occasion))
    deps.occasions.settle(workspace, id, deps.now())


def _ask(look: Look, rule: Rule, occasion: Occasion) -> None:
    is_asked = not rule.paused and occasion.at >= rule.since
    acting = _acting(look, rule, occasion) if is_asked else None
    if acting:
        fire_rule(look.sources, rule, occasion, acting)
    elif rule.id in occasion.begun:
        go_on(look.sources.deps, rule, occasion)


def _acting(look: Look, rule: Rule, occasion: Occasion) -> Acting | None:
    return _by_change(look, rule, occasion) if occasion.change else _by_message(look, rule, occasion)


def _by_change(look: Look, rule: Rule, occasion: Occasion) -> Acting | None:
    change = occasion.change
    what = rule.trigger.sees(change, rule.since) if change else None
    if change is None or what is None:
        return None
    holds = condition_holds(look, rule, change.after, occasion)
    held = condition_holds(look, rule, change.before, occasion) if holds else None
    if not is_edge(rule.trigger, what, change, held=held, holds=holds):
        return None
    return Acting(str(what), change.key, explain_condition(look, rule, change.after, occasion))


def _by_message(look: Look, rule: Rule, occasion: Occasion) -> Acting | None:
    message = occasion.message
    if message is None or not rule.trigger.hears(message):
        return None
    about = look.linked(message.chat)
    if not condition_holds(look, rule, about, occasion):
        return None
    return Acting(MESSAGE, about.key if about else None, explain_condition(look, rule, about, occasion))


def condition_holds(look: Look, rule: Rule, stored: Stored | None, occasion: Occasion) -> bool | None:
    """None: nobody knows. Time stands still at the occasion: whoever asks again hears the same."""
    if rule.condition is None:
        return True
    asked = _asked(look, rule, stored, occasion)
    return asked.predicate(asked.known, asked.when) if asked else None


def explain_condition(look: Look, rule: Rule, stored: Stored | None, occasion: Occasion) -> Mapping[str, Json] | None:
    """The condition, each clause with what the record says; None where there is nothing to say."""
    asked = _asked(look, rule, stored, occasion)
    if asked is None:
        return None
    leaves = decided_clauses(asked.predicate.tree, asked.known, asked.when)
    return abridged(explained(asked.predicate.tree, leaves))


class _Asked(NamedTuple):
    predicate: Predicate
    known: Facts
    when: When


def _asked(look: Look, rule: Rule, stored: Stored | None, occasion: Occasion) -> _Asked | None:
    predicate = condition_of(rule)
    if predicate is None or stored is None or stored.record.kind is not predicate.kind:
        return None
    known = look.facts(stored, predicate.needs_links)
    return _Asked(predicate, known, When(occasion.at, zone_named(rule.time_zone) or UTC))
