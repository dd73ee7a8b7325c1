"""What Salesforce works out by itself from what was written."""

import re
from base64 import b64decode
from datetime import date
from html import unescape
from typing import TYPE_CHECKING

from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import day_of

if TYPE_CHECKING:
    from local.simulators.salesforce.org import Org

TAG = re.compile("<[^>]*>")
CATEGORIES = {"Best Case": "BestCase", "Commit": "Forecast"}


def derive(org: "Org", name: str, row: Row, changes: Row, now_ms: int) -> None:
    """Complete a row that was just created or changed; `changes` are what was asked for."""
    worker = {
        "Contact": _person,
        "Lead": _person,
        "User": _person,
        "Account": _account,
        "Opportunity": _opportunity,
        "Task": _task,
        "Event": _event,
        "ContentNote": _note,
    }.get(name)
    if worker:
        worker(org, row, changes, now_ms)


def _person(_: "Org", row: Row, __: Row, ___: int) -> None:
    row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _account(_: "Org", row: Row, __: Row, ___: int) -> None:
    if row.get("IsPersonAccount"):
        row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _opportunity(org: "Org", row: Row, changes: Row, now_ms: int) -> None:
    stage = org.stage(row.get("StageName"))
    if stage and "StageName" in changes:
        row["LastStageChangeDate"] = now_ms
        if changes.get("Probability") is None:
            row["Probability"] = stage["DefaultProbability"]
        if changes.get("ForecastCategoryName") is None:
            row["ForecastCategoryName"] = stage["ForecastCategoryName"]
    row["IsClosed"] = bool(stage and stage["IsClosed"])
    row["IsWon"] = bool(stage and stage["IsWon"])
    category = row.get("ForecastCategoryName")
    row["ForecastCategory"] = CATEGORIES.get(category or "", category)
    amount = row.get("Amount")
    row["ExpectedRevenue"] = None if amount is None else round(amount * (row.get("Probability") or 0) / 100, 2)
    closes = date.fromisoformat(row["CloseDate"])
    row["FiscalYear"], row["FiscalQuarter"] = closes.year, (closes.month + 2) // 3


def _task(org: "Org", row: Row, _: Row, now_ms: int) -> None:
    was_closed = bool(row.get("IsClosed"))
    row["IsClosed"] = row.get("Status") == "Completed"
    row["IsHighPriority"] = row.get("Priority") == "High"
    if row["IsClosed"] != was_closed:
        row["CompletedDateTime"] = now_ms if row["IsClosed"] else None
    row["AccountId"] = _account_of(org, row)


def _event(org: "Org", row: Row, changes: Row, _: int) -> None:
    start = changes.get("StartDateTime") or changes.get("ActivityDateTime") or row.get("StartDateTime")
    if start is not None:
        minutes = changes.get("DurationInMinutes")
        end = start + minutes * 60_000 if minutes is not None else row.get("EndDateTime") or start + 3_600_000
        row["StartDateTime"] = row["ActivityDateTime"] = start
        row["EndDateTime"] = end
        row["DurationInMinutes"] = (end - start) // 60_000
        row["ActivityDate"] = day_of(start)
    row["AccountId"] = _account_of(org, row)


def _note(_: "Org", row: Row, __: Row, ___: int) -> None:
    row["FileExtension"], row["FileType"] = "snote", "SNOTE"
    content = b64decode(row.get("Content") or "")
    markup, row["ContentSize"] = content.decode(errors="replace"), len(content)
    row["TextPreview"] = unescape(TAG.sub("", markup))[:255] or None


def _account_of(org: "Org", row: Row) -> str | None:
    """An activity belongs to the account that its record belongs to."""
    for reference in ("WhatId", "WhoId"):
        target = org.find(row.get(reference))
        if target:
            found: str | None = target["Id"] if target["Id"].startswith("001") else target.get("AccountId")
            return found
    return None
