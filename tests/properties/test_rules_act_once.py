"""Whatever happens to records, streams, messages and workers: a rule acts exactly once for each time it should."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import pytest
import requests
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Caller
from crmbridge.domain.rules import FiringStatus, Rule
from crmbridge.services.edit_rules import create_rule, update_rule
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps
from crmbridge.services.run_rules import run_rules
from crmbridge.services.schedule_work import schedule_work
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import Clock
from tests.memory_deps import memory_deps
from tests.mortality import Killed, Life, Mortal
from tests.rules_place import BIG, ON_DEALS, Place, make_place

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")

ADA = Caller("w1", "u1", "admin")
TASKS = [{"type": "create_task", "fields": {"subject": f"{{deal_name}} {number}"}} for number in (1, 2)]
OF_STAGES = {"on": "change", "kind": "deal", "what": ["updated"], "fields": ["stage"]}
QUIET_SECONDS = 700
"""Longer than the breaker looks back: what is tried here is not a storm."""


class Event(NamedTuple):
    """A record is written. Amounts are in EUR; None is an amount that nobody has filled in."""

    id: str
    amount: int | None
    stage: str
    origin: Origin


EVENTS = st.builds(
    Event,
    st.sampled_from("12"),
    st.sampled_from([None, 40_000, 60_000, 70_000]),
    st.sampled_from(["s1", "s2"]),
    st.sampled_from([Origin.WEBHOOK, Origin.WEBHOOK, Origin.INCREMENTAL, Origin.BACKFILL]),
)


class Expected(NamedTuple):
    """How often each record should have made each of the rules act."""

    crossing: Counter[str]
    staged: Counter[str]


def expected(history: Sequence[Event]) -> Expected:
    """Told in the plainest words: was it big before, is it big now, is its stage another."""
    last: dict[str, Event] = {}
    found = Expected(Counter(), Counter())
    for event in history:
        before, last[event.id] = last.get(event.id), event
        is_news = before is None or (before.amount, before.stage) != (event.amount, event.stage)
        if event.origin is Origin.BACKFILL or not is_news or not is_big(event):
            continue
        if before is None or not is_big(before):
            found.crossing[event.id] += 1
        if before is not None and before.stage != event.stage:
            found.staged[event.id] += 1
    return found


def is_big(event: Event) -> bool:
    return event.amount is not None and event.amount >= 50_000


def write(place: Place, event: Event) -> None:
    amount: dict[str, Any] = {} if event.amount is None else {"amount": Decimal(event.amount)}
    place.put(event.id, stage=event.stage, currency="EUR", cause=Cause(event.origin), **amount)


def dying(deps: Deps, life: Life) -> Deps:
    """As a worker sees it who may die at any call that writes."""
    parts: dict[str, Any] = {name: Mortal(getattr(deps, name), life) for name in ("occasions", "firings", "actions")}
    queues = {name: Mortal(getattr(deps.queues, name), life) for name in ("rules", "actions")}
    return replace(deps, **parts, queues=replace(deps.queues, **queues))


def survived(work: Any, deps: Deps, random: Random) -> bool:
    """One try, at which the worker may die."""
    try:
        work(dying(deps, Life(random.randint(1, 60))))
    except Killed:
        return False
    return True


def tell(place: Place, random: Random) -> None:
    """The stream shows its records in batches, again where a worker died, and sometimes again where none did."""
    while place.shown:
        size = random.randint(1, 3)
        batch, rest = place.shown[:size], place.shown[size:]
        done = survived(lambda deps, batch=batch: fan_out(deps, batch), place.deps, random)
        place.shown = rest if done and random.random() < 0.8 else place.shown


def work(place: Place, random: Random) -> None:
    """Messages come late, in any order, more than once, one occasion at a time; some are lost for good."""
    waiting = [
        {"workspace": "w1", "occasions": [id]}
        for bell in place.bells()
        for id in bell["occasions"]
        if random.random() < 0.9
    ]
    while waiting:
        place.clock.advance(QUIET_SECONDS)
        if random.random() < 0.3:
            rename(place, random)
        bell = random.choice(waiting)
        done = survived(lambda deps, bell=bell: run_rules(deps, bell), place.deps, random)
        if done and random.random() < 0.7:
            waiting.remove(bell)


def rename(place: Place, random: Random) -> None:
    """Another admin saves a rule, so that it acts in another name from now on."""
    rule = random.choice(place.deps.rules.snapshot("w1")[1])
    update_rule(place.deps, replace(ADA, user=random.choice("ab")), rule.id, {"name": "n"})


def settle(place: Place) -> None:
    """Every minute the schedule rings for what is left."""
    while place.deps.occasions.due(far(place)):
        place.clock.advance(3600)
        schedule_work(place.deps, place.clock())
        for bell in place.bells():
            for id in bell["occasions"]:
                place.clock.advance(QUIET_SECONDS)
                run_rules(place.deps, {"workspace": "w1", "occasions": [id]})


def far(place: Place) -> Any:
    return place.clock().replace(year=2100)


def acted(place: Place, rule: Rule) -> Counter[str]:
    firings = place.deps.firings.of_rule("w1", rule.id, limit=200, cursor=None).items
    assert {firing.status for firing in firings} <= {FiringStatus.DONE}
    assert all(len(firing.actions) == len(TASKS) for firing in firings)
    return Counter(record.external_id for firing in firings if (record := firing.record))


def asked(place: Place, rules: Sequence[Rule]) -> list[str]:
    return [
        action
        for rule in rules
        for firing in place.deps.firings.of_rule("w1", rule.id, limit=200, cursor=None).items
        for action in firing.actions
    ]


@given(history=st.lists(EVENTS, max_size=10), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_every_edge_is_acted_on_once(history: list[Event], seed: int) -> None:
    clock, random = Clock(), Random(seed)
    place = make_place(lambda **parts: services(clock, **parts), clock)
    rules = [
        create_rule(place.deps, ADA, {"name": "n", "trigger": trigger, "condition": BIG, "actions": TASKS})
        for trigger in (ON_DEALS, OF_STAGES)
    ]
    for event in history:
        write(place, event)
        if random.random() < 0.5:
            tell(place, random)
            work(place, random)

    tell(place, random)
    work(place, random)
    settle(place)

    assert Expected(*(acted(place, rule) for rule in rules)) == expected(history)
    ids = asked(place, rules)
    bells = [message.body for message in place.deps.queues.actions.sent]  # type: ignore[attr-defined]
    rung = {id for bell in bells for id in (*bell.get("actions", ()), bell.get("action")) if id}
    assert (len(ids), set(ids)) == (len(set(ids)), rung)


class Silence:
    def post(self, *told: Any) -> None:
        """Nobody listens."""


def services(clock: Clock, **parts: Any) -> Deps:
    return memory_deps(clock, clock.sleep, apps={}, chat=Silence(), http=requests.Session(), **parts)
