"""A rule in trouble says so: it is paused when it goes in circles or acts too often, and the chat app hears of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from crmbridge.domain.errors import NotFound, Problem, Stale
from crmbridge.domain.records import instant_text
from crmbridge.domain.rules import Firing, FiringStatus, Rule, Stop, Trouble
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps

ROUNDS: Final = 5


def stop_rule(deps: Deps, rule: Rule, firing: Firing, stop: Stop, why: str) -> Firing:
    """The firing as it ends. Before it is stored the chat app is told, under a name that a repetition has, too."""
    rules = tuple(dict.fromkeys(id for id in (firing.by.get("rule"), rule.id) if id))
    trouble = Trouble(stop, why, firing.at, rules)
    _tell(deps, rule, firing, trouble)
    _rewrite(deps, rule, lambda known: known if known.paused else replace(known, paused=True, trouble=trouble))
    return replace(firing, status=FiringStatus.STOPPED, note=why)


def note_refusals(deps: Deps, rule: Rule, firing: Firing, problems: Sequence[Problem]) -> None:
    """The rule goes on: another record may be as it should be."""
    why = "; ".join(f"{one.field}: {one.message}" for one in problems[:5])
    trouble = Trouble(Stop.REFUSED, why, firing.at, (rule.id,))
    if rule.trouble is None or (rule.trouble.stop, rule.trouble.why) != (Stop.REFUSED, why):
        _rewrite(deps, rule, lambda known: known if known.paused else replace(known, trouble=trouble))


def note_success(deps: Deps, rule: Rule) -> None:
    """What was refused before is no trouble any more."""
    if _is_refused(rule):
        _rewrite(deps, rule, lambda known: replace(known, trouble=None) if _is_refused(known) else known)


def _is_refused(rule: Rule) -> bool:
    return rule.trouble is not None and rule.trouble.stop is Stop.REFUSED


def _tell(deps: Deps, rule: Rule, firing: Firing, trouble: Trouble) -> None:
    record = firing.record
    data = {
        "rule": rule.id,
        "name": rule.name,
        "reason": str(trouble.stop),
        "message": f"{rule.name}: {trouble.why}",
        "rules": list(trouble.rules),
        "record": record
        and {"connection": record.connection, "object": record.object, "external_id": record.external_id},
        "since": instant_text(trouble.at),
        "next_step": f'GET /v1/rules/{rule.id}/firings says why; PATCH /v1/rules/{rule.id} {{"paused": false}} goes on',
    }
    notify_chat(deps, rule.workspace, f"rule.{rule.id}.{rule.epoch}", "rule.stopped", data)


def _rewrite(deps: Deps, rule: Rule, change: Callable[[Rule], Rule]) -> None:
    """A rule that was edited meanwhile is another one; one that is gone is in no trouble."""
    for _ in range(ROUNDS):
        try:
            known = deps.rules.get(rule.workspace, rule.id)
            changed = change(known)
            if known.epoch == rule.epoch and changed != known:
                deps.rules.save(changed)
        except NotFound:
            return
        except Stale:
            continue
        return
    raise Stale("the rule keeps changing while it is stopped")
