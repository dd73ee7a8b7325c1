"""What is left of v1: users, activity types, currencies, merging; and followers, which are v2's."""

from starlette.responses import Response

from local.simulators.pipedrive.call import Call, Handler, Op, found, one_of, page
from local.simulators.pipedrive.company import CURRENCIES
from local.simulators.pipedrive.errors import bad_request, not_found, refused
from local.simulators.pipedrive.kinds import DEALS, ORGANIZATIONS, PERSONS, Kind
from local.simulators.pipedrive.offsets import v1_number
from local.simulators.pipedrive.store import Values
from local.simulators.pipedrive.times import in_v1, moment

BASE = one_of("base")
TYPE_READERS = one_of("activities:read", "activities:full", "admin")
# Out of support since August 2026; every one of them has a twin in v2.
ENDED = ("deals", "persons", "organizations", "activities", "products", "pipelines", "stages", "itemSearch")


def me(call: Call) -> Response:
    company = call.company
    facts = company.user_wire(company.users[call.grant.user], call.grant.user)
    facts |= {"company_id": company.id, "company_name": company.name, "company_domain": company.domain}
    facts |= {"company_country": company.country, "company_industry": None}
    return found(facts | {"language": {"language_code": "en", "country_code": "US"}})


def list_users(call: Call) -> Response:
    users = call.company.users.values()
    return found([call.company.user_wire(user, call.grant.user) for user in users if not user.deleted])


def get_user(call: Call) -> Response:
    user = call.company.users.get(int(call.param("id")))
    if user is None:
        raise not_found("user")
    return found(call.company.user_wire(user, call.grant.user))


def list_activity_types(call: Call) -> Response:
    return found([
        {
            "id": each.id,
            "order_nr": place + 1,
            "name": each.name,
            "key_string": each.key,
            "icon_key": "signpost" if each.custom else each.key,
            "active_flag": each.active,
            "color": None,
            "is_custom_flag": each.custom,
            "add_time": "2023-04-03 08:15:00",
            "update_time": None,
        }
        for place, each in enumerate(call.company.types)
    ])  # fmt: skip


def list_currencies(call: Call) -> Response:
    term = call.query("term").casefold()
    return found([
        {"id": place + 1, "code": code, "name": name, "decimal_points": points, "symbol": symbol, "active_flag": True,
         "is_custom_flag": False}
        for place, (code, name, points, symbol) in enumerate(CURRENCIES)
        if term in code.casefold() or term in name.casefold()
    ])  # fmt: skip


def merger(kind: Kind) -> Handler:
    """The record in the path goes, the one in the body stays."""

    def merge(call: Call) -> Response:
        other = v1_number(call.fields(), "merge_with_id")
        if other is None:
            raise bad_request("merge_with_id is required")
        desk = call.desk
        survivor = desk.merge(kind, desk.record(kind, call.param("id")), desk.record(kind, other))
        body: Values = {name: value for name, value in survivor.values.items() if isinstance(value, str | int | float)}
        body |= {name: in_v1(survivor.values[name]) for name in ("add_time", "update_time")}
        return found(body | {"active_flag": True, "merge_what_id": int(call.param("id"))})

    return merge


def list_followers(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        record = call.desk.record(kind, call.param("id"))
        table = call.company.followers.get((kind.name, record.id), {})
        return page([{"user_id": user, "add_time": since} for user, since in table.items()], None)

    return handler


def add_follower(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        record, user = call.desk.record(kind, call.param("id")), call.fields().get("user_id")
        if user not in call.company.users:
            raise bad_request("user_id: user not found")
        table = call.company.followers.setdefault((kind.name, record.id), {})
        table.setdefault(user, moment(call.company.clock.now_ms()))
        return found({"user_id": user, "add_time": table[user]}, 201)

    return handler


def remove_follower(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        record, user = call.desk.record(kind, call.param("id")), int(call.param("user"))
        if call.company.followers.get((kind.name, record.id), {}).pop(user, None) is None:
            raise not_found("follower")
        return found({"user_id": user})

    return handler


def ended(_: Call) -> Response:
    raise refused(410, "This endpoint is no longer supported, please use API v2", errorCode=410)


OPS = [
    Op("GET", "/api/v1/users/me", me, 2, BASE),
    Op("GET", "/api/v1/users", list_users, 20, one_of("users:read", "admin")),
    Op("GET", "/api/v1/users/{id:int}", get_user, 2, one_of("users:read", "admin")),
    Op("GET", "/api/v1/activityTypes", list_activity_types, 20, TYPE_READERS),
    Op("GET", "/api/v1/currencies", list_currencies, 20, BASE),
]
for _kind in (PERSONS, ORGANIZATIONS, DEALS):
    _path = f"/api/v2/{_kind.name}/{{id}}/followers"
    OPS += [
        Op("PUT", f"/api/v1/{_kind.name}/{{id}}/merge", merger(_kind), 40, _kind.write_scopes),
        Op("GET", _path, list_followers(_kind), 10, _kind.read_scopes),
        Op("POST", _path, add_follower(_kind), 5, _kind.write_scopes),
        Op("DELETE", _path + "/{user:int}", remove_follower(_kind), 3, _kind.write_scopes),
    ]
for _name in ENDED:
    OPS += [Op(method, f"/api/v1/{_name}", ended, 0, BASE) for method in ("GET", "POST", "DELETE")]
    OPS += [Op(method, f"/api/v1/{_name}/{{id}}", ended, 0, BASE) for method in ("GET", "PUT", "DELETE")]
