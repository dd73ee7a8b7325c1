"""POSTs that look like Pipedrive's and that a receiver must refuse, or at least survive."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from local.simulators.clock import iso
from local.simulators.deliveries import Post
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.events import Subscription, active, hook_auth, posted
from local.simulators.simulator import BadCommand

KINDS = ("valid", "bad_password", "no_auth", "wrong_company", "v1", "junk", "raw")


def forged(company: Company, spec: Mapping[str, Any]) -> Post:
    """`kind`, and optionally `webhook`, `url`, `entity`, `action`, `id` or a raw `body`."""
    kind = str(spec.get("kind", "valid"))
    if kind not in KINDS:
        raise BadCommand(f"forge: no such kind: {kind}; there are {', '.join(KINDS)}")
    hook = _hook(company, spec)
    url, auth = str(spec.get("url", hook.url)), hook_auth(hook)
    if kind == "no_auth":
        auth = None
    if kind == "bad_password":
        auth = (auth[0] if auth else "somebody", "somebody-else's-password")
    return posted(url, _body(company, hook, spec, kind), auth)


def _hook(company: Company, spec: Mapping[str, Any]) -> Subscription:
    hooks = [each for each in active(company.webhooks.values()) if spec.get("webhook") in {None, each.id}]
    if hooks:
        return hooks[0]
    if "url" not in spec:
        raise BadCommand("forge: there is no webhook; say to which url")
    return Subscription(1, company.id, company.admin.id, str(spec["url"]), "*", "*", "forged", 0)


def _body(company: Company, hook: Subscription, spec: Mapping[str, Any], kind: str) -> Any:
    if kind == "junk":
        return b'{"meta": {"action": [], "entity": 7}, "data"'
    if kind == "raw":
        return str(spec.get("body", "")).encode()
    entity, action, number = (spec.get(name, default) for name, default in
                              (("entity", "person"), ("action", "change"), ("id", 1)))  # fmt: skip
    if kind == "v1":
        meta = {"v": 1, "action": "updated", "object": entity, "id": number, "company_id": company.id}
        meta |= {"host": company.host, "timestamp": int(time.time()), "webhook_id": str(hook.id)}
        return {"v": 1, "event": f"updated.{entity}", "meta": meta, "current": {"id": number}, "previous": None}
    meta = {
        "action": action,
        "entity": entity,
        "company_id": str(company.id) if kind != "wrong_company" else "1",
        "correlation_id": str(uuid.uuid4()),
        "entity_id": str(number),
        "id": str(uuid.uuid4()),
        "is_bulk_edit": False,
        "timestamp": iso(int(time.time() * 1000)),
        "type": "application",
        "user_id": str(company.admin.id),
        "version": "2.0",
        "webhook_id": str(hook.id),
        "change_source": "app",
        "attempt": 1,
        "host": company.host if kind != "wrong_company" else "elsewhere.pipedrive.com",
    }
    return {"meta": meta, "data": {"id": number}, "previous": {}}
