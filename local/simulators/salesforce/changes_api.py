"""`/updated` and `/deleted` windows, limits, and what the root of a version lists."""

from datetime import timedelta
from urllib.parse import unquote

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply
from local.simulators.salesforce.values import parsed_moment, shown_moment

MINUTE_MS = 60_000
DAY_MS = int(timedelta(days=1).total_seconds() * 1000)
UPDATED_DAYS, DELETED_DAYS = 30, 15


def updated(call: Call) -> Reply:
    """Ids of live rows that were created or changed in the window; the seconds of its ends are cut off."""
    store = call.org.stores[call.kind.name]
    start, end = _window(call, UPDATED_DAYS)
    ids = [row["Id"] for row in store.scan() if start <= row["SystemModstamp"] < end]
    _bound(call, len(ids))
    return Reply(200, {"ids": ids, "latestDateCovered": _covered(call, end)})


def deleted(call: Call) -> Reply:
    store = call.org.stores[call.kind.name]
    if not call.kind.recycles:
        raise Refused(400, "INVALID_TYPE_FOR_OPERATION", f"entity type {call.kind.name} does not support replication")
    start, end = _window(call, DELETED_DAYS)
    gone = sorted((moment, each) for each, moment in store.deleted_ms.items() if start <= moment < end)
    _bound(call, len(gone))
    earliest = call.org.clock.now_ms() - call.cloud.settings.recycle_days * DAY_MS
    body = {
        "deletedRecords": [{"id": each, "deletedDate": shown_moment(moment)} for moment, each in gone],
        "earliestDateAvailable": shown_moment(earliest // MINUTE_MS * MINUTE_MS),
        "latestDateCovered": _covered(call, end),
    }
    return Reply(200, body)


def limits(call: Call) -> Reply:
    return Reply(200, call.cloud.limits.told(call.org))


def resources(call: Call) -> Reply:
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs", "search", "recent", "tooling")
    identity = {"identity": call.cloud.identity_url(call.session)}
    return Reply(200, {name: f"{call.base}/{name}" for name in names} | identity)


def _window(call: Call, days: int) -> tuple[int, int]:
    start, end = (_edge(call, name) for name in ("start", "end"))
    if end <= start:
        raise _bad_date("startDate cannot be the same as or later than endDate")
    if start < call.org.clock.now_ms() - days * DAY_MS - MINUTE_MS:
        raise _bad_date(f"startDate cannot be more than {days} days ago")
    return start, end


def _edge(call: Call, name: str) -> int:
    """A plus that somebody forgot to escape arrives as a blank."""
    moment = parsed_moment(unquote(call.query.get(name, "")).replace(" ", "+"))
    if moment is None:
        raise _bad_date(f"{name} is not a valid dateTime")
    return moment // MINUTE_MS * MINUTE_MS


def _bad_date(message: str) -> Refused:
    return Refused(400, "INVALID_REPLICATION_DATE", message)


def _bound(call: Call, count: int) -> None:
    if count > call.cloud.settings.replication_id_limit:
        raise Refused(400, "EXCEEDED_ID_LIMIT", "Too many records have changed; use a shorter window")


def _covered(call: Call, end: int) -> str:
    return shown_moment(min(end, call.org.clock.now_ms() // MINUTE_MS * MINUTE_MS))


ROUTES: list[RouteSpec] = [
    ("GET", "/", resources),
    ("GET", "/limits", limits),
    ("GET", "/sobjects/{object}/updated", updated),
    ("GET", "/sobjects/{object}/deleted", deleted),
]
