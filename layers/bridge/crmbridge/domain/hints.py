"""What deliveries hint at: which records to read again, and what a CRM said of those it may not show any more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crmbridge.domain.changes import Change, What
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import State


@dataclass(frozen=True, slots=True)
class Fate:
    """What the CRM said had become of a record, should it not show it any more."""

    state: State
    successor_id: str | None = None
    successor_object: str | None = None


def hints_of(changes: Iterable[Change], links: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Fate | None]]:
    """Per object the ids to read again, each once however often it was named: both sides of a merge, and of a link the
    end that owns it. `links` are the targets that each object owns links to."""
    hints: dict[str, dict[str, Fate | None]] = {}
    for change in changes:
        if change.object is None or change.external_id is None:
            continue
        told = hints.setdefault(change.object, {})
        for id, fate in _told(change, change.external_id):
            told[id] = fate or told.get(id)
        if change.successor:
            hints.setdefault(change.successor_object or change.object, {}).setdefault(change.successor, None)
        if change.link and change.link.object not in links.get(change.object, ()):
            hints.setdefault(change.link.object, {}).setdefault(change.link.external_id, None)
    return hints


def _told(change: Change, id: str) -> list[tuple[str, Fate | None]]:
    told: list[tuple[str, Fate | None]] = [(id, _fate(change))]
    survivor = change.successor or id
    return told + [(loser, Fate(State.MERGED, survivor)) for loser in change.losers if loser != survivor]


def _fate(change: Change) -> Fate | None:
    if change.what == What.CONVERTED and change.successor:
        return Fate(State.CONVERTED, change.successor, change.successor_object)
    return Fate(State.DELETED) if change.what == What.DELETED else None


def believing(fate: Fate | None, seen: Sighting) -> Sighting:
    """A 404 alone is no deletion; a 404 after the CRM said "deleted" is one."""
    if fate is None or seen.state is not State.HIDDEN:
        return seen
    return seen._replace(state=fate.state, successor_id=fate.successor_id, successor_object=fate.successor_object)


def gone(changes: Iterable[Change]) -> set[tuple[str, str]]:
    return {
        (change.object, id)
        for change in changes
        if change.object and change.what in (What.DELETED, What.MERGED, What.CONVERTED)
        for id in (change.external_id, *change.losers)
        if id
    }
