"""What a connection's filters leave out is not kept; what is kept already is hidden, as if it were not shown to us."""

from collections.abc import Sequence
from datetime import UTC, datetime

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.filters import filters_of
from crmbridge.domain.merging import Sighting
from crmbridge.domain.predicates import When, zone_named
from crmbridge.domain.records import State
from crmbridge.domain.views import asked_of
from crmbridge.platforms.spec import Platform


def filter_sightings(
    platform: Platform, connection: Connection, directories: Directories, seen: Sequence[Sighting], now: datetime
) -> Sequence[Sighting]:
    """A record that does not match becomes one that is hidden; what was not read decides nothing. "Today" is the CRM
    account's."""
    filters = filters_of(connection.settings)
    when = When(now, zone_named(directories.account.time_zone) or UTC)

    def is_inside(one: Sighting) -> bool:
        if one.state is not State.LIVE or one.raw is None or one.kind not in filters:
            return True
        context = ReadContext.of(directories, one.object)
        record = platform.read(one.kind, one.raw, context, object=one.object, links=one.links or None)
        return filters[one.kind].may_stay(asked_of(record, directories), when)

    return [one if is_inside(one) else _outside(one) for one in seen]


def _outside(one: Sighting) -> Sighting:
    return one._replace(state=State.HIDDEN, raw=None, whole=None, fingerprint="", links={}, outside=True)
