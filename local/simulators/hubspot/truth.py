"""`GET /_sim/state`: everything the simulator knows, also what its API hides."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.simulators.clock import iso
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.schema import ASSOCIATION_BY_ID, TYPES
from local.simulators.hubspot.store import Record, Store
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

PAGE = 100_000


def told(hub: "Hub", query: Mapping[str, str]) -> dict[str, Any]:
    """Everything; with `summary` how many; with `object` its records, the live ones paged by `after` and `limit`."""
    if "object" not in query:
        return _overview(hub, query)
    portal = hub.portals.get(int(query.get("portal", hub.options.account)))
    if portal is None:
        raise BadCommand(f"no portal {query['portal']}; there are {', '.join(map(str, hub.portals))}")
    if query["object"] not in portal.stores:
        raise BadCommand(f"no object {query['object']}; there are {', '.join(portal.stores)}")
    return _records(portal, portal.stores[query["object"]], query)


def _overview(hub: "Hub", query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "platform": hub.name,
        "now": iso(hub.clock.now_ms()),
        "app": {
            "app_id": hub.options.app_id,
            "client_id": hub.options.client_id,
            "webhook_url": hub.settings.webhook_url,
        },
        "portals": {str(number): _portal(hub, portal, query) for number, portal in hub.portals.items()},
    }


def _portal(hub: "Hub", portal: Portal, query: Mapping[str, str]) -> dict[str, Any]:
    installs = [each for each in hub.tokens.installs.values() if each.portal is portal]
    return {
        "account": portal.account.wire(),
        "installed": bool(installs),
        "webhooks": portal.is_covered,
        "refresh_tokens": [each.refresh_token for each in installs],
        "private_tokens": [
            each.token
            for each in hub.tokens.grants.values()
            if each.portal is portal and each.private and not each.revoked
        ],
        "owners": [owner.wire() for owner in portal.owners],
        "pipelines": [each.wire(place) for place, each in enumerate(portal.pipelines)],
        "ticket_pipelines": [each.wire(place) for place, each in enumerate(portal.ticket_pipelines)],
        "objects": {
            name: {"counts": _counts(store)} if _flag(query, "summary") else _records(portal, store, query)
            for name, store in portal.stores.items()
        },
    }


def _counts(store: Store) -> dict[str, int]:
    return {
        "live": len(store.live),
        "archived": len(store.archived),
        "merged": len(store.merged),
        "erased": len(store.erased),
    }


def _records(portal: Portal, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
    ids_only, linked = _flag(query, "ids_only"), _flag(query, "associations")
    limit, after = int(query.get("limit", str(PAGE))), int(query.get("after", "0"))

    def shown(number: int) -> Any:
        record = store.records[number]
        return str(number) if ids_only else _record(portal, store, record, linked=linked)

    wanted = _wanted_ids(store, query) or store.live
    page = list(islice((number for number in wanted if number > after), limit + 1))
    return {
        "object": store.kind.name,
        "portal": portal.account.id,
        "counts": _counts(store),
        "live": [shown(number) for number in page[:limit]],
        "next": str(page[limit - 1]) if len(page) > limit else None,
        "archived": [shown(number) for number in store.archived],
        "merged": {str(loser): str(store.survivor(loser)) for loser in store.merged},
        "erased": sorted(map(str, store.erased)),
    }


def _wanted_ids(store: Store, query: Mapping[str, str]) -> list[int]:
    """`id=` (several with commas) shows only these, if they live."""
    asked = [int(each) for each in query.get("id", "").split(",") if each]
    return [store.survivor(each) for each in asked if store.find(each)]


def _record(portal: Portal, store: Store, record: Record, *, linked: bool) -> dict[str, Any]:
    body = portal.wire(store.kind, record, sorted(record.values))
    if linked:
        found = {kind.name: portal.links.of(store.kind, record.id, kind) for kind in TYPES}
        body["associations"] = {
            name: [{"id": str(each), "types": [_label(type_id) for type_id in types]} for each, types in links.items()]
            for name, links in found.items()
            if links
        }
    return body


def _label(type_id: int) -> dict[str, Any]:
    kind = ASSOCIATION_BY_ID[type_id]
    return {"typeId": kind.id, "category": kind.category, "label": kind.label}


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true", "yes"}
