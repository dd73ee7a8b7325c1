"""The rules of a workspace, made ready to be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from crmbridge.domain.predicates import Predicate
from crmbridge.domain.rules import Rule
from crmbridge.services.compile_terms import compiled, newest, terms_of
from crmbridge.services.ports import Deps
from crmbridge.services.rule_ports import Rules


@dataclass(frozen=True)
class RuleBook:
    version: int
    rules: Sequence[Rule]


_KEPT: Final[WeakKeyDictionary[Rules, dict[str, RuleBook]]] = WeakKeyDictionary()


def compile_rules(deps: Deps, workspace: str) -> RuleBook:
    kept, rules = _KEPT.setdefault(deps.rules, {}), deps.rules.snapshot
    return newest(kept, workspace, deps.rules.version, lambda workspace: RuleBook(*rules(workspace)))


def condition_of(rule: Rule) -> Predicate | None:
    """None where there is none, and where this version of ours cannot read it."""
    if rule.condition is None:
        return None
    return compiled(terms_of(rule.condition, rule.trigger.kind, rule.currency, rule.types))
