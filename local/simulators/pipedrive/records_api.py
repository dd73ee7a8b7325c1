"""v2: persons, organizations, deals and activities."""

from collections.abc import Callable, Iterator
from typing import Any

from starlette.responses import Response

from local.simulators.pipedrive.call import Call, Handler, Op, found
from local.simulators.pipedrive.errors import invalid, not_found
from local.simulators.pipedrive.kinds import ACTIVITIES, DEALS, ORGANIZATIONS, PERSONS, Kind
from local.simulators.pipedrive.listing import Test, equals, list_records, shower
from local.simulators.pipedrive.participants_api import people_of
from local.simulators.pipedrive.store import Record

STATUSES = ("open", "won", "lost", "deleted")


def list_persons(call: Call) -> Response:
    tests = equals("org_id", call.number("org_id"))
    deal = call.number("deal_id")
    if deal is not None:
        tests.append(_takes_part(call, deal))
    return list_records(call, PERSONS, tests)


def list_organizations(call: Call) -> Response:
    return list_records(call, ORGANIZATIONS, [])


def list_deals(call: Call) -> Response:
    """Archived deals are elsewhere; deleted ones are shown when asked for, and for 30 days."""
    if _status(call) == "deleted":
        call.company.forget_old()
        return list_records(call, DEALS, [_is_archived(False)], call.company.stores["deals"].deleted())
    return list_records(call, DEALS, [_is_archived(False), *equals("status", _status(call))])


def list_archived(call: Call) -> Response:
    source: Iterator[Record] | None = None
    tests: list[Test] = [_is_archived(True)]
    if _status(call) == "deleted":
        source = call.company.stores["deals"].deleted()
    else:
        tests += equals("status", _status(call))
    return list_records(call, DEALS, tests, source)


def list_activities(call: Call) -> Response:
    """`person_id` finds primary participants only."""
    tests = equals("done", call.flag("done"))
    for code in ("deal_id", "person_id", "org_id"):
        tests += equals(code, call.number(code))
    tests += equals("lead_id", call.query("lead_id") or None)
    return list_records(call, ACTIVITIES, tests)


def getter(kind: Kind) -> Handler:
    def get(call: Call) -> Response:
        record = call.desk.any_record(kind, call.param("id"))
        if record.is_deleted and not call.company.settings.deleted_readable:
            raise not_found(kind.singular)
        return found(shower(call, kind)(record))

    return get


def creator(kind: Kind) -> Handler:
    def create(call: Call) -> Response:
        record = call.desk.create(kind, call.fields())
        return found(_written(call, kind, record), 201)

    return create


def updater(kind: Kind) -> Handler:
    def update(call: Call) -> Response:
        fields = call.fields()
        if not fields:
            raise invalid("body: at least one field is required")
        desk = call.desk
        return found(_written(call, kind, desk.update(kind, desk.record(kind, call.param("id")), fields)))

    return update


def deleter(kind: Kind) -> Handler:
    def delete(call: Call) -> Response:
        desk = call.desk
        record = desk.record(kind, call.param("id"))
        desk.delete(kind, record)
        return found({"id": record.id})

    return delete


def _written(call: Call, kind: Kind, record: Record) -> dict[str, Any]:
    body = call.company.wire(kind, record)
    return body | ({"attendees": record.values["attendees"]} if kind is ACTIVITIES else {})


def _status(call: Call) -> str | None:
    status = call.query("status") or None
    if status not in {None, *STATUSES}:
        raise invalid(f"status: must be one of {', '.join(STATUSES)}")
    return status


def _is_archived(wanted: bool) -> Test:
    return lambda record: record.values["is_archived"] is wanted


def _takes_part(call: Call, number: int) -> Test:
    """Of a deal that nobody can see no person is part."""
    deal = call.company.stores["deals"].find(number)
    people = people_of(call.company, deal) if deal else {}
    return lambda record: record.id in people


LISTS: tuple[tuple[Kind, Callable[[Call], Response]], ...] = (
    (PERSONS, list_persons), (ORGANIZATIONS, list_organizations), (DEALS, list_deals), (ACTIVITIES, list_activities),
)  # fmt: skip
OPS = [Op("GET", "/api/v2/deals/archived", list_archived, 20, DEALS.read_scopes)]
for _kind, _list in LISTS:
    _path = f"/api/v2/{_kind.name}"
    OPS += [
        Op("GET", _path, _list, 10, _kind.read_scopes),
        Op("POST", _path, creator(_kind), 5, _kind.write_scopes),
        Op("GET", _path + "/{id}", getter(_kind), 1, _kind.read_scopes),
        Op("PATCH", _path + "/{id}", updater(_kind), 5, _kind.write_scopes),
        Op("DELETE", _path + "/{id}", deleter(_kind), 3, _kind.write_scopes),
    ]
