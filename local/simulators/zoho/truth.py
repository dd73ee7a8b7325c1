"""`GET /_sim/state`: everything the simulator knows, also what its API hides."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.simulators.clock import iso
from local.simulators.simulator import BadCommand
from local.simulators.zoho.org import Org
from local.simulators.zoho.records_api import gone_type
from local.simulators.zoho.settings_api import user_wire
from local.simulators.zoho.store import Row, Store
from local.simulators.zoho.values import shown_row

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

PAGE = 100_000


def told(suite: "Suite", query: Mapping[str, str]) -> dict[str, Any]:
    """Everything; with `summary` how many; with `object` its records, the live ones paged by `after` and `limit`."""
    if "object" not in query:
        return _overview(suite, query)
    org = suite.org(query.get("org"))
    if query["object"] not in org.stores:
        raise BadCommand(f"no object {query['object']}; there are {', '.join(org.stores)}")
    return _records(org, org.stores[query["object"]], query)


def _overview(suite: "Suite", query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "platform": suite.name,
        "now": iso(suite.clock.now_ms()),
        "app": {"client_id": suite.options.client_id, "multi_dc": suite.settings.multi_dc},
        "orgs": {each: _org(suite, org, query) for each, org in suite.orgs.items()},
    }


def _org(suite: "Suite", org: Org, query: Mapping[str, str]) -> dict[str, Any]:
    grants = [each for each in suite.tokens.grants.values() if each.org is org]
    centre = org.facts.centre
    lasting = [each for each in suite.tokens.accesses.values() if each.org is org and each.expires is None]
    return {
        "id": org.facts.id,
        "name": org.facts.name,
        "data_centre": centre.name,
        "accounts_server": suite.accounts_server(centre),
        "api_domain": suite.api_domain(centre),
        "time_zone": org.facts.time_zone,
        "currency": org.facts.iso_code,
        "several_currencies": org.facts.several_currencies,
        "installed": bool(grants),
        "refresh_tokens": [each.refresh_token for each in grants],
        "lasting_tokens": [each.token for each in lasting],
        "credits_used": suite.limits.used(org),
        "channels": [{"id": each.id, "user": each.user_id, "url": each.url, "token": each.token,
                      "events": sorted(map(".".join, each.events)), "expires": iso(int(each.expires * 1000))}
                     for each in suite.teller.of(org)],
        "ignored_fields": dict(+org.ignored),
        "users": [user_wire(org, user) for user in org.users.values()],
        "objects": {
            name: {"counts": _counts(store)} if _flag(query, "summary") else _records(org, store, query)
            for name, store in org.stores.items()
        },
    }  # fmt: skip


def _counts(store: Store) -> dict[str, int]:
    return {
        "live": len(store.rows),
        "converted": sum(1 for row in store.rows.values() if row.get("Converted__s")),
        "deleted": len(store.gone),
        "merged": len(store.merged),
        "hidden": len(store.hidden),
    }


def _records(org: Org, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
    ids_only = _flag(query, "ids_only")
    limit, after = int(query.get("limit", str(PAGE))), query.get("after", "")
    wanted = {store.survivor(each) for each in query.get("id", "").split(",") if each}

    def one(row: Row) -> Any:
        return row["id"] if ids_only else _record(org, store, row)

    live = (store.rows[row_id] for _, row_id in store.ordered("id") if row_id > after)
    page = list(islice((row for row in live if not wanted or row["id"] in wanted), limit + 1))
    oldest = org.clock.now_ms() - org.settings.recycle_days * 86_400_000
    return {
        "object": store.module.name,
        "org": org.facts.id,
        "counts": _counts(store),
        "live": [one(row) for row in page[:limit]],
        "next": page[limit - 1]["id"] if len(page) > limit else None,
        "deleted": {each.id: gone_type(each, oldest) for each in store.gone.values()},
        "merged": {loser: store.survivor(loser) for loser in store.merged},
        "hidden": sorted(store.hidden),
        "converted": [row["id"] for row in store.rows.values() if row.get("Converted__s")],
    }


def _record(org: Org, store: Store, row: Row) -> dict[str, Any]:
    """What is not empty, as the API would show it, and a deal's people."""
    name = store.module.name
    shown = shown_row(org, name, row, [*row, "$se_module"])
    people = org.roles.of(row["id"]) if name == "Deals" else None
    if people:
        shown["contact_roles"] = {each: org.roles.names.get(role) for each, role in people.items()}
    return shown


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true", "yes"}
