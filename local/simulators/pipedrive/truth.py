"""`GET /_sim/state`: everything the simulator knows, also what its API hides."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.simulators.clock import iso
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.kinds import BY_NAME
from local.simulators.pipedrive.store import Record, Store
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

PAGE = 100_000


def told(drive: "Drive", query: Mapping[str, str]) -> dict[str, Any]:
    """Without `object` an overview; with it the records, of which the live ones are paged by `after` and `limit`."""
    if "object" not in query:
        return _overview(drive, query)
    company = drive.company(query.get("company"))
    if query["object"] not in BY_NAME:
        raise BadCommand(f"no object {query['object']}; there are {', '.join(company.stores)}")
    return _records(company, company.stores[BY_NAME[query["object"]].name], query)


def _overview(drive: "Drive", query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "platform": drive.name,
        "now": iso(drive.clock.now_ms()),
        "app": {"client_id": drive.options.client_id, "scopes": sorted(drive.tokens.scopes)},
        "events_lost_in_bans": drive.teller.lost,
        "companies": {str(number): _company(drive, company, query) for number, company in drive.companies.items()},
    }


def _company(drive: "Drive", company: Company, query: Mapping[str, str]) -> dict[str, Any]:
    installs = drive.tokens.installs_of(company)
    return {
        "id": company.id,
        "name": company.name,
        "domain": company.domain,
        "currency": company.currency,
        "time_zone": company.time_zone,
        "contact_sync": company.contact_sync,
        "firm_fields": company.firm_fields,
        "installed": bool(installs),
        "refresh_tokens": [each.refresh_token for each in installs],
        "api_tokens": drive.tokens.api_tokens(company),
        "tokens_used_today": drive.limits.used_by(company.id),
        "tokens_a_day": drive.settings.daily,
        "users": [company.user_wire(user, 0) for user in company.users.values()],
        "pipelines": [each.wire() for each in company.pipelines.values()],
        "stages": [each.wire() for each in company.stages.values()],
        "custom_fields": {
            name: [each.wire(frozenset()) for each in known.values()] for name, known in company.customs.items()
        },
        "webhooks": [
            hook.wire() | {"failures": hook.failures, "banned_until": iso(hook.banned_until_ms)}
            for hook in company.webhooks.values()
        ],
        "call_logs": list(company.call_logs.values()),
        "objects": {
            name: {"counts": _counts(store)} if _flag(query, "summary") else _records(company, store, query)
            for name, store in company.stores.items()
        },
    }  # fmt: skip


def _counts(store: Store) -> dict[str, int]:
    counts = {
        "live": store.count(),
        "deleted": sum(1 for _ in store.deleted()),
        "merged": len(store.merged),
        "erased": len(store.erased),
    }
    if store.kind.name == "deals":
        counts["archived"] = sum(1 for each in store.live() if each.values["is_archived"])
    return counts


def _records(company: Company, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
    ids_only = _flag(query, "ids_only")
    limit, after = int(query.get("limit", str(PAGE))), int(query.get("after", "0"))
    wanted = {store.survivor(int(each)) for each in query.get("id", "").split(",") if each}

    def one(record: Record) -> Any:
        return str(record.id) if ids_only else told_record(company, store, record)

    live = (record for record in store.live(after) if not wanted or record.id in wanted)
    page = list(islice(live, limit + 1))
    return {
        "object": store.kind.name,
        "company": company.id,
        "counts": _counts(store),
        "live": [one(record) for record in page[:limit]],
        "next": str(page[limit - 1].id) if len(page) > limit else None,
        "deleted": [one(record) for record in store.deleted()],
        "merged": {str(loser): str(store.survivor(loser)) for loser in store.merged},
        "erased": sorted(map(str, store.erased)),
    }


def told_record(company: Company, store: Store, record: Record) -> dict[str, Any]:
    """Every field, shown by this company's API or not; custom ones that are not null."""
    known = company.customs.get(store.kind.name, {})
    body = record.values | {"custom_fields": {key: value for key, value in record.custom.items() if key in known}}
    if store.kind.name == "deals":
        body["participants"] = sorted(filter(company.stores["persons"].find, company.participants.get(record.id, {})))
    return body


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true", "yes"}
