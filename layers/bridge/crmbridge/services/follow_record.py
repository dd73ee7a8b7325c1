"""The record that lives on: routes, targets and pending actions follow merges and conversions."""

from typing import Final

from crmbridge.domain.records import RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps

HOPS: Final = 10


def follow_record(deps: Deps, key: RecordKey) -> Stored | None:
    """What is stored under this key or lives on under another; None when it was never seen."""
    found = deps.records.get(key)
    for _ in range(HOPS):
        if found is None or found.record.state not in (State.MERGED, State.CONVERTED) or not found.record.successor_id:
            return found
        object = found.record.successor_object or found.key.object
        successor = deps.records.get(found.key._replace(object=object, external_id=found.record.successor_id))
        if successor is None:
            return found
        found = successor
    return found
