"""The values that Zoho works out itself when others change."""

from typing import Any

from local.simulators.zoho.catalogue import RATES, exchange_rate
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row


def derive(org: Org, module: str, before: Row, after: Row, now_ms: int) -> Row:
    """What to write on top of `after`; None empties a field."""
    return _own(org, module, before, after, now_ms) | _money(org, module, before, after)


def _own(org: Org, module: str, before: Row, after: Row, now_ms: int) -> Row:
    if module in {"Contacts", "Leads"}:
        return {"Full_Name": " ".join(filter(None, (after.get("First_Name"), after.get("Last_Name"))))}
    if module == "Deals":
        return _deal(org, before, after)
    if module == "Tasks":
        done = after.get("Status") == "Completed"
        return {"Closed_Time": after.get("Closed_Time", now_ms) if done else None}
    if module == "Calls":
        return {"Call_Duration_in_seconds": _seconds(after.get("Call_Duration"))}
    return {}


def _deal(org: Org, before: Row, after: Row) -> Row:
    """A stage brings its probability along unless somebody wrote another one with it."""
    wanted: dict[str, Any] = {"Pipeline": org.pipeline_of(after).actual}
    stage = org.pipeline_of(after).stage(after.get("Stage"))
    moved = before.get("Stage") != after.get("Stage")
    if stage and moved and before.get("Probability") == after.get("Probability"):
        wanted["Probability"] = stage.probability
    likely = wanted.get("Probability", after.get("Probability"))
    amount = after.get("Amount")
    if amount is None or likely is None:
        return wanted | {"Expected_Revenue": None}
    return wanted | {"Expected_Revenue": round(amount * likely / 100, 2)}


def _money(org: Org, module: str, before: Row, after: Row) -> Row:
    """Every amount has a currency, and the rate of the day on which it was chosen."""
    if "Currency" not in org.modules[module].fields:
        return {}
    home = org.facts.iso_code
    code = after.get("Currency", home)
    if code not in RATES:
        return {"Currency": code}
    chosen = before.get("Currency") != code and before.get("Exchange_Rate") == after.get("Exchange_Rate")
    return {"Currency": code, "Exchange_Rate": exchange_rate(code, home) if chosen else after.get("Exchange_Rate")}


def _seconds(duration: object) -> int | None:
    """`06:30` is minutes and seconds, `01:06:30` has hours too; anything else nobody knows."""
    parts = str(duration).split(":")
    if not 2 <= len(parts) <= 3 or not all(each.isdecimal() for each in parts):
        return None
    total = 0
    for each in parts:
        total = total * 60 + int(each)
    return total


def applied(row: Row, changes: Row) -> Row:
    """A new row; what became empty is not kept."""
    return {name: value for name, value in {**row, **changes}.items() if value is not None}
