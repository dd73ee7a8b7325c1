"""`/search` (SOSL) and `/parameterizedSearch`; picklist values by record type for user interfaces."""

import re
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.soql.run import run
from local.simulators.salesforce.store import Row

FIND = re.compile(r"^\s*FIND\s*\{(.*?)\}\s*(?:IN\s+(\w+)\s+FIELDS)?\s*(?:RETURNING\s+(.*))?$", re.I | re.S)
TARGET = re.compile(r"(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
SELECTED = re.compile(r"^([\w.,\s]+?)(\s+(?:WHERE|ORDER|LIMIT|OFFSET)\b.*)?$", re.I | re.S)
MOST = 2_000
SEARCHED = ("Account", "Contact", "Lead", "Opportunity")
TEXTS = ("Name", "Email", "Phone", "MobilePhone", "Company", "Title", "Website")


def search(call: Call) -> Reply:
    found = FIND.match(call.query.get("q", ""))
    if found is None:
        raise Refused(400, "MALFORMED_SEARCH", "unexpected token: a search begins with FIND {words}")
    words, _, returning = found.groups()
    targets = TARGET.findall(returning) if returning else [(name, "") for name in SEARCHED]
    records = [record for name, inside in targets for record in _hits(call, words, name, inside)]
    return Reply(200, {"searchRecords": records})


def parameterized(call: Call) -> Reply:
    if not call.query.get("q"):
        raise Refused(400, "MALFORMED_SEARCH", "q is required")
    names = [each for each in call.query.get("sobject", "").split(",") if each] or list(SEARCHED)
    shared = call.query.get("fields", "")
    records = []
    for name in names:
        records += _hits(call, call.query["q"], name, call.query.get(f"{name}.fields", shared))
    return Reply(200, {"searchRecords": records})


def picklists(call: Call) -> Reply:
    """Every record type offers every value here."""
    fields = [each for each in call.kind.visible() if each.type == "picklist"]
    values = {each.name: _choices(call, call.kind, each.name) for each in fields}
    return Reply(200, {"eTag": "simulated", "picklistFieldValues": values})


def _choices(call: Call, kind: Kind, name: str) -> dict[str, Any]:
    field = kind.fields[name]
    shown: dict[object, Any] = {}
    for choice in field.choices:
        shown[choice.value] = {"attributes": None, "label": choice.value, "validFor": [], "value": choice.value}
    url = f"{call.base}/ui-api/object-info/{kind.name}/picklist-values/{call.params['type']}/{name}"
    return {"controllerValues": {}, "defaultValue": shown.get(field.default), "eTag": "simulated", "url": url,
            "values": list(shown.values())}  # fmt: skip


def _hits(call: Call, words: str, name: str, inside: str) -> list[dict[str, Any]]:
    parts = SELECTED.match(inside.strip() or "Id")
    if parts is None:
        raise Refused(400, "MALFORMED_SEARCH", f"unexpected token: '{inside}'")
    tail, _, most = re.sub(r"(?i)\bLIMIT\b", "LIMIT", parts[2] or "").partition("LIMIT")
    found = run(call.org, " ".join(("SELECT", parts[1], "FROM", name, tail)))
    wanted = [word.strip('*"').casefold() for word in words.replace("\\", "").split()]
    rows = [row for row in found.rows if _matches(row, wanted)][: int(most) if most.strip().isdecimal() else MOST]
    return [found.plan.show(call.base, row) for row in rows if found.plan]


def _matches(row: Row, wanted: list[str]) -> bool:
    """Each word begins a word of one of the row's texts."""
    text = " ".join(str(row.get(name) or "") for name in TEXTS).casefold()
    return all(re.search(rf"(?:^|[^\w]){re.escape(word)}", text) for word in wanted)


ROUTES: list[RouteSpec] = [
    ("GET", "/search", search),
    ("GET", "/parameterizedSearch", parameterized),
    ("GET", "/ui-api/object-info/{object}/picklist-values/{type}", picklists),
]
