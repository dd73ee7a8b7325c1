"""What people want a record's fields to be: edits under way, and those that came to nothing a short while ago."""

from typing import Final

from crmbridge.domain.actions import Action
from crmbridge.domain.edits import Edits, edits_of
from crmbridge.domain.records import RecordKey, read_started_at
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps

LOOKED_AT: Final = 25
"""So many of a record's newest actions; older ones have long ended."""


def actions_of_record(deps: Deps, stored: Stored, asked: RecordKey) -> list[Action]:
    """Those asked for under the id that a merge swallowed, too: `asked` is what people know the record by."""
    keys = dict.fromkeys((stored.key, asked))
    found = [action for key in keys for action in deps.actions.of_record(key, limit=LOOKED_AT)]
    return list({action.id: action for action in found}.values())


def follow_edits(deps: Deps, stored: Stored, asked: RecordKey) -> Edits:
    return edits_among(deps, stored, actions_of_record(deps, stored, asked))


def edits_among(deps: Deps, stored: Stored, actions: list[Action]) -> Edits:
    """Only what was asked of this record counts, not what merely names it in its links."""
    changing = [action for action in actions if action.target]
    return edits_of(stored.record, read_started_at(stored.ord), changing, deps.now())
