"""`GET /_sim/state`: everything the simulator knows, also what its API hides."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.simulators.clock import iso
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.store import Row, Store
from local.simulators.salesforce.values import shown
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

PAGE = 100_000


def told(cloud: "Cloud", query: Mapping[str, str]) -> dict[str, Any]:
    """Without `object` an overview; with it the rows, of which the live ones are paged by `after` and `limit`."""
    if "object" not in query:
        return _overview(cloud)
    org = cloud.org(query.get("org"))
    kind = org.known(query["object"])
    if kind is None:
        raise BadCommand(f"no object {query['object']}; there are {', '.join(org.kinds)}")
    return _rows(org, org.stores[kind.name], query)


def _overview(cloud: "Cloud") -> dict[str, Any]:
    return {
        "platform": cloud.name,
        "now": iso(cloud.clock.now_ms()),
        "app": {"client_id": cloud.options.client_id, "webhook_url": cloud.settings.webhook_url},
        "orgs": {each: _org(cloud, org) for each, org in cloud.orgs.items()},
    }


def _org(cloud: "Cloud", org: Org) -> dict[str, Any]:
    approvals = [each for each in cloud.tokens.approvals.values() if each.org is org]
    facts = org.facts
    return {
        "id": facts.id,
        "name": facts.name,
        "my_domain": f"{facts.domain}.my.salesforce.com",
        "instance_url": cloud.instance_url(org),
        "sandbox": facts.sandbox,
        "currency": facts.currency,
        "multi_currency": facts.multi_currency,
        "person_accounts": facts.person_accounts,
        "time_zone": facts.time_zone,
        "user_id": org.user_id,
        "username": org.stores["User"].rows[org.user_id]["Username"],
        "installed": bool(approvals),
        "refresh_tokens": [each.refresh_token for each in approvals],
        "lasting_tokens": [
            each.token for each in cloud.tokens.sessions.values() if each.org is org and each.lasts and not each.revoked
        ],
        "api_usage": cloud.limits.used(org),
        "outbound_messages": [{"object": each.object, "url": each.url, "action": each.action_id}
                              for each in org.outbound],
        "objects": {name: _counts(store) for name, store in org.stores.items()},
    }  # fmt: skip


def _counts(store: Store) -> dict[str, int]:
    deleted = sum(1 for row in store.rows.values() if row.get("IsDeleted"))
    merged = sum(1 for row in store.rows.values() if row.get("IsDeleted") and row.get("MasterRecordId"))
    counts = {"live": len(store.rows) - deleted, "deleted": deleted, "merged": merged}
    return {**counts, "erased": len(store.erased), "hidden": len(store.hidden)}


def _rows(org: Org, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
    ids_only = query.get("ids_only", "").lower() in {"1", "true", "yes"}
    limit, after = int(query.get("limit", str(PAGE))), query.get("after", "")
    wanted = {long_id(each) for each in query.get("id", "").split(",") if each}

    def one(row: Row) -> Any:
        return row["Id"] if ids_only else told_row(store, row)

    live = (row for row in store.rows.values() if not row.get("IsDeleted") and row["Id"] > after)
    page = list(islice((row for row in live if not wanted or row["Id"] in wanted), limit + 1))
    gone = [row for row in store.rows.values() if row.get("IsDeleted")]
    return {
        "object": store.kind.name,
        "org": org.facts.id,
        "counts": _counts(store),
        "live": [one(row) for row in page[:limit]],
        "next": page[limit - 1]["Id"] if len(page) > limit else None,
        "deleted": [one(row) for row in gone],
        "merged": {row["Id"]: row["MasterRecordId"] for row in gone if row.get("MasterRecordId")},
        "erased": sorted(store.erased),
        "hidden": sorted(store.hidden),
    }


def told_row(store: Store, row: Row) -> dict[str, Any]:
    """What is not null, moments as the API shows them."""
    return {name: shown(store.kind.fields[name], value) for name, value in row.items()}
