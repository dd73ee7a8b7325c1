"""What happened -> which rules act because of it. Every rule is asked once about every occasion."""

from collections.abc import Mapping
from datetime import UTC
from typing import Final, NamedTuple

from crmbridge.domain.errors import BridgeError, Stale
from crmbridge.domain.explanations import explained
from crmbridge.domain.occasions import Occasion, RecordChange
from crmbridge.domain.predicates import When, zone_named
from crmbridge.domain.predicates.proofs import decided_clauses
from crmbridge.domain.records import Json
from crmbridge.domain.rules import Rule, is_edge
from crmbridge.domain.stored import Stored
from crmbridge.services.compile_rules import compile_rules, condition_of
from crmbridge.services.find_linked import Sources
from crmbridge.services.fire_rule import Acting, fire_rule
from crmbridge.services.follow_record import follow_record
from crmbridge.services.look_at_records import facts_of
from crmbridge.services.ports import Deps
from crmbridge.services.wake_records import one_by_one

MESSAGE: Final = "message"


class Answer(NamedTuple):
    """What a condition says of a record: whether it holds (None: nobody knows), and its clauses with what the record
    says there. A rule without a condition has nothing to say."""

    holds: bool | None
    why: Mapping[str, Json] | None


def run_rules(deps: Deps, body: Mapping[str, Json]) -> None:
    """`{"workspace", "occasions": [id, ...]}`. Trouble with one keeps no other waiting: they come back together, and
    what is settled by then is not looked at again."""
    sources = Sources(deps, body["workspace"])
    try:
        one_by_one(body["occasions"], lambda id: ask_rules(sources, id))
    except ExceptionGroup as troubles:
        if bugs := troubles.split(BridgeError)[1]:
            raise bugs from None
        raise Stale("not every rule could be asked; they are asked again") from troubles


def ask_rules(sources: Sources, id: str) -> None:
    """Settled last: whoever dies before leaves it to the next, and no rule acts twice."""
    deps, workspace = sources.deps, sources.workspace
    occasion = deps.occasions.get(workspace, id)
    if occasion is None:
        return
    one_by_one(compile_rules(deps, workspace).active(), lambda rule: _ask(sources, rule, occasion))
    deps.occasions.settle(workspace, id, deps.now())


def _ask(sources: Sources, rule: Rule, occasion: Occasion) -> None:
    if occasion.at < rule.since:
        return
    acting = _by_change(sources, rule, occasion) if occasion.change else _by_message(sources, rule, occasion)
    if acting:
        fire_rule(sources, rule, occasion, acting)


def _by_change(sources: Sources, rule: Rule, occasion: Occasion) -> Acting | None:
    change = occasion.change
    what = rule.trigger.sees(change, rule.since) if change else None
    if change is None or what is None:
        return None
    now = answer(sources, rule, change.after, occasion)
    held = _held(sources, rule, change, occasion) if now.holds else None
    if not is_edge(rule.trigger, what, change, held=held, holds=now.holds):
        return None
    return Acting(str(what), change.key, now.why)


def _held(sources: Sources, rule: Rule, change: RecordChange, occasion: Occasion) -> bool | None:
    return answer(sources, rule, change.before, occasion).holds if change.before else None


def _by_message(sources: Sources, rule: Rule, occasion: Occasion) -> Acting | None:
    message = occasion.message
    if message is None or not rule.trigger.hears(message):
        return None
    link = sources.deps.sidepanels.link(rule.workspace, message.chat)
    about = follow_record(sources.deps, link.record) if link else None
    asked = answer(sources, rule, about, occasion)
    return Acting(MESSAGE, about.key if about else None, asked.why) if asked.holds else None


def answer(sources: Sources, rule: Rule, stored: Stored | None, occasion: Occasion) -> Answer:
    """Time stands still at the occasion: whoever asks again hears the same."""
    if rule.condition is None:
        return Answer(True, None)
    predicate = condition_of(rule)
    if predicate is None or stored is None or stored.record.kind is not predicate.kind:
        return Answer(None, None)
    known = facts_of(sources, stored.key, stored.record, predicate.needs_links)
    when = When(occasion.at, zone_named(rule.time_zone) or UTC)
    leaves = decided_clauses(predicate.tree, known, when)
    return Answer(predicate(known, when), explained(predicate.tree, leaves))
