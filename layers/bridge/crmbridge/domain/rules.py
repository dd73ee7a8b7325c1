"""An automation: when something happens (the trigger), and a record is so (the condition), ask for these actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from crmbridge.domain.changes import What
from crmbridge.domain.errors import Problem
from crmbridge.domain.occasions import ChatMessage, RecordChange
from crmbridge.domain.predicates.words import facts, word
from crmbridge.domain.records import Json, Kind, RecordKey, State, Type, Value

MAX_HOPS: Final = 5
"""So many rules in a row may have caused each other; the next one does not act."""
RECORD_PERIOD: Final = timedelta(minutes=10)
PER_RECORD: Final = 5
"""So often within that period a rule may act because of one record."""
PER_HOUR: Final = 200
"""So often a rule may act within an hour unless it says otherwise."""
SKEW: Final = timedelta(minutes=1)
"""How far a CRM's clock may be behind ours."""


class On(StrEnum):
    CHANGE = "change"
    MESSAGE = "message"


WHATS: Final = (What.CREATED, What.UPDATED, What.DELETED, What.MERGED, What.CONVERTED, What.RESTORED)
"""What may happen to a record, as far as rules may ask for it."""

_GONE: Final = (State.DELETED, State.ARCHIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """On a change: `what` happened to a record of `kind`, in one of `connections` (empty: in any). `fields`: an update
    counts whenever one of these has changed, rather than when the record comes to satisfy the condition.

    On a message: one of `labels`, case-folded, in one of `chats` (empty: in any); `kind` is then that of the record
    the chat is linked to, of which the condition is asked."""

    on: On
    kind: Kind = Kind.DEAL
    what: tuple[What, ...] = (What.CREATED, What.UPDATED)
    fields: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The facts of a record behind `fields`."""
        found = (word(name, self.kind) for name in self.fields)
        return tuple(one.sources[0] for one in found if one)

    def hears(self, message: ChatMessage) -> bool:
        said = {label.strip().casefold() for label in message.labels}
        return (
            self.on is On.MESSAGE
            and not said.isdisjoint(self.labels)
            and (message.chat in self.chats or not self.chats)
        )

    def sees(self, change: RecordChange, since: datetime) -> What | None:
        """What happened, if it concerns this trigger. Nothing that was there before `since` is new."""
        record = change.after.record
        if self.on is not On.CHANGE or record.kind is not self.kind:
            return None
        if self.connections and change.key.connection not in self.connections:
            return None
        what = what_happened(change)
        made = record.remote_created_at
        if what is What.CREATED and made is not None and made < since - SKEW:
            return None
        return what if what in self.what else None


def what_happened(change: RecordChange) -> What | None:
    """None for what nobody would call a change: a record that is not shown any more, or a tombstone's second death."""
    before, now = change.before.record.state if change.before else None, change.after.record.state
    if now is State.LIVE:
        return _to_life(before)
    if before is None or now is before or now is State.HIDDEN:
        return None
    if now in _GONE:
        return What.DELETED if before in (State.LIVE, State.HIDDEN) else None
    return What.MERGED if now is State.MERGED else What.CONVERTED


def _to_life(before: State | None) -> What:
    """What was hidden was there all the time."""
    if before is None:
        return What.CREATED
    return What.UPDATED if before in (State.LIVE, State.HIDDEN) else What.RESTORED


def changed_among(names: tuple[str, ...], change: RecordChange) -> bool:
    """Whether one of these facts has another value; one that is not there and one that is empty are the same."""
    now = facts(change.after.record)
    before: Mapping[str, Value] = facts(change.before.record) if change.before else {}
    return any(now.get(name) != before.get(name) for name in names)


def is_edge(trigger: Trigger, what: What, change: RecordChange, *, held: bool | None, holds: bool | None) -> bool:
    """Whether the trigger acts. `held` and `holds` are the condition's answers before and now."""
    if holds is not True:
        return False
    if what is not What.UPDATED:
        return True
    return changed_among(trigger.sources, change) if trigger.fields else held is not True


class Stop(StrEnum):
    """Why a rule is in trouble: it went in circles, it acted too often, or what it asked for was refused."""

    LOOP = "loop"
    STORM = "storm"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`rules` are the ids of all that had a part in it."""

    stop: Stop
    why: str
    at: datetime
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`condition` is a predicate as saved, about records of the trigger's kind; None: none. `actions` are as they were
    given: requests for actions, or uses of a template.

    `time_zone`, `currency` and `types` are what the condition is asked with, as those of a smart group. `acts_as` is
    the admin who saved it last. `epoch` counts its edits; `since`: what happened before does not concern it. A rule
    that was stopped is paused and says why in `trouble`."""

    id: str
    workspace: str
    name: str
    trigger: Trigger
    condition: Mapping[str, Json] | None = None
    actions: tuple[Mapping[str, Json], ...]
    time_zone: str = "UTC"
    currency: str | None = None
    types: Mapping[str, Type] = field(default_factory=dict)
    per_hour: int = PER_HOUR
    paused: bool = False
    trouble: Trouble | None = None
    acts_as: str
    created_by: str
    created_at: datetime
    since: datetime
    epoch: int = 1
    version: int = 0


class FiringStatus(StrEnum):
    """`asking`: its actions are being asked for. `failed`: at least one was refused. `stopped`: the rule was, before
    all were asked for."""

    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A rule acted, once for one thing that happened. `why` is the condition as it was then, each clause with what the
    record said; `what` is what happened, and `by` whose doing it was: an origin, with the action and rule of our own.
    `hops` counts the rules in a row, this one included. `acts_as` is in whose name it began: its actions are found
    again under it, whoever saves the rule meanwhile."""

    id: str
    workspace: str
    rule: str
    epoch: int
    acts_as: str
    at: datetime
    what: str
    record: RecordKey | None = None
    chat: str = ""
    message: str = ""
    why: Mapping[str, Json] | None = None
    by: Mapping[str, Json] = field(default_factory=dict)
    hops: int = 1
    status: FiringStatus = FiringStatus.ASKING
    actions: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    note: str = ""


def firing_id(rule: Rule, occasion: str) -> str:
    """Without the rule's epoch: an edit between a worker's death and its successor must not have it act twice."""
    return sha256("\0".join((rule.workspace, rule.id, occasion)).encode()).hexdigest()[:32]
