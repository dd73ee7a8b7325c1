"""`/search`: by criteria, address, number or word, over an index that lags behind."""

import re
from collections.abc import Callable
from typing import Any

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.conditions import WrongType, literal, matches
from local.simulators.zoho.errors import Refused, Reply, invalid_param, missing_param
from local.simulators.zoho.store import Row
from local.simulators.zoho.values import shown_row

MOST = 2_000
CONDITION = re.compile(r"\((\w+):(\w+):((?:\\.|[^()\\])*)\)")
OPERATORS = {"equals": "=", "not_equal": "!=", "greater_than": ">", "greater_equal": ">=", "less_than": "<",
             "less_equal": "<=", "starts_with": "starts", "contains": "contains", "in": "in",
             "between": "between"}  # fmt: skip
Fits = Callable[[Row], bool]


def search(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module)
    fits, (page, size) = _fits(call, module), call.page()
    if page * size > MOST:
        raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", param_name="page", limit=MOST)
    rows = call.org.stores[module].indexed(call.org.clock.now_ms())
    shows = {"both": (True, False), "true": (True,)}.get(call.query.get("converted", "false"), (False,))
    found = sorted((row for row in rows if bool(row.get("Converted__s")) in shows and fits(row)),
                   key=lambda row: str(row["id"]), reverse=True)  # fmt: skip
    names = [each for each in call.query.get("fields", "").split(",") if each]
    names = names or list(call.org.modules[module].fields)
    shown = [shown_row(call.org, module, row, names) for row in found[(page - 1) * size : page * size]]
    if not shown:
        return Reply(204)
    info = {"per_page": size, "count": len(shown), "page": page, "more_records": len(found) > page * size}
    return Reply(200, {"data": shown, "info": info})


def _fits(call: Call, module: str) -> Fits:
    fields, asked = call.org.modules[module].fields, call.query
    if "criteria" in asked:
        return _criteria(call, module, asked["criteria"])
    for name, types in (("email", {"email"}), ("phone", {"phone"})):
        if name in asked:
            wanted = asked[name].casefold()
            names = [each.name for each in fields.values() if each.type in types]
            return lambda row: any(str(row.get(each, "")).casefold() == wanted for each in names)
    if "word" in asked:
        words = asked["word"].casefold().split()
        names = [each.name for each in fields.values() if each.type in {"text", "email", "phone", "website"}]
        return lambda row: all(any(word in str(row.get(each, "")).casefold() for each in names) for word in words)
    raise missing_param("criteria")


def _criteria(call: Call, module: str, text: str) -> Fits:
    """`((A:equals:b)and(C:equals:d))`: conditions become numbered words, and the rest is read from inside out."""
    parts: list[Fits] = []

    def keep(found: re.Match[str]) -> str:
        parts.append(_condition(call, module, *found.groups()))
        return f"#{len(parts) - 1}#"

    rest, before = re.sub(r"\s+", "", CONDITION.sub(keep, text)), ""
    while rest != before:
        before = rest
        rest = re.sub(r"\((#\d+#)\)", r"\1", rest)
        rest = re.sub(r"#(\d+)#(and|or)#(\d+)#", lambda found: _joined(parts, found), rest, count=1)
    if not re.fullmatch(r"#\d+#", rest):
        raise Refused(400, "INVALID_QUERY", "Invalid query formed", reason=f"criteria: {rest}")
    return parts[int(rest.strip("#"))]


def _joined(parts: list[Fits], found: re.Match[str]) -> str:
    left, right = parts[int(found[1])], parts[int(found[3])]
    if found[2] == "and":
        parts.append(lambda row: left(row) and right(row))
    else:
        parts.append(lambda row: left(row) or right(row))
    return f"#{len(parts) - 1}#"


def _condition(call: Call, module: str, name: str, operator: str, text: str) -> Fits:
    field = call.org.modules[module].fields.get(name)
    if field is None or operator not in OPERATORS:
        raise invalid_param("criteria", "Invalid query formed", api_name=name)
    plain = re.sub(r"\\(.)", r"\1", text)
    several = operator in {"in", "between"}
    try:
        wanted: Any = [literal(field, each) for each in plain.split(",")] if several else literal(field, plain)
    except WrongType as wrong:
        raise invalid_param("criteria", "invalid data", api_name=name, expected_data_type=str(wrong)) from wrong
    sign = OPERATORS[operator]
    return lambda row: matches(sign, row.get(name), wanted)


ROUTES = [RouteSpec("GET", "/v8/{module}/search", search)]
