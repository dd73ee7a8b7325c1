"""SOQL: built with every value quoted, sent so that it fits, and asked again without a column that has vanished."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import orjson

from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import EMPTY
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.salesforce import paths

URL_ROOM: Final = 12_000
"""Characters of a request's path: with its headers it may have 16,384, and a token alone may be 2,000."""
VANISHED: Final = 20
"""Columns that may have gone since the schema was read, before a query is given up."""

_UNKNOWN: Final = re.compile(r"(?:No such column|Didn't understand relationship) '([\w.]+)'")


@dataclass(frozen=True, slots=True)
class Soql:
    """One query. `names` are columns, paths to a parent's, and nested queries."""

    names: tuple[str, ...]
    source: str
    where: str = ""
    order: str = ""
    limit: int = 0

    def __str__(self) -> str:
        text = f"SELECT {','.join(self.names)} FROM {self.source}"  # noqa: S608 - names come from the schema
        text += f" WHERE {self.where}" if self.where else ""
        text += f" ORDER BY {self.order}" if self.order else ""
        return text + (f" LIMIT {self.limit}" if self.limit else "")

    def without(self, name: str) -> "Soql":
        """Without what names that column or that relationship."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        return replace(self, names=tuple(each for each in self.names if not word.search(each)))


@dataclass(frozen=True, slots=True)
class Rows:
    """`total`: rows the query has, whatever a page holds; `following` leads to the next page where there is one."""

    records: list[dict[str, Any]]
    total: int
    following: str = ""


def literal(text: str) -> str:
    """A quoted text. Nothing in it can end the quotation."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def instant(moment: datetime) -> str:
    """Unquoted, in UTC; fractions of a second only where there are any, because Salesforce's stamps have none."""
    moment = moment.astimezone(UTC)
    fine = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=fine).replace("+00:00", "Z")


def any_of(column: str, values: list[str]) -> str:
    return f"{column} IN ({','.join(map(literal, values))})"


def both(*conditions: str) -> str:
    return " AND ".join(f"({condition})" if " OR " in condition else condition for condition in conditions if condition)


def run(api: Api, soql: Soql, *, deleted: bool = False) -> Rows:
    """The first page, of up to 2,000 rows. `deleted`: those in the recycle bin and the archived ones, too.

    A column that the connected user may not see any more, or that was deleted, is left out and the rest asked again."""
    for _ in range(VANISHED):
        try:
            return rows_of(ask(api, str(soql), deleted=deleted))
        except Rejected as error:
            found = _UNKNOWN.search(str(error)) if error.code == "INVALID_FIELD" else None
            fewer = soql.without(found[1]) if found else soql
            if len(fewer.names) in (0, len(soql.names)):
                raise
            soql = fewer
    return rows_of(ask(api, str(soql), deleted=deleted))


def run_all(api: Api, soql: Soql) -> list[dict[str, Any]]:
    """Every row of a short list, page after page."""
    page = run(api, soql)
    return page.records + follow(api, page.following)


def follow(api: Api, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while path:
        page = rows_of(api.get(path))
        found, path = found + page.records, page.following
    return found


def url(soql: str, *, deleted: bool = False) -> str:
    query = quote(soql, safe="(),.:*'")
    return f"{paths.QUERY_ALL if deleted else paths.QUERY}?q={query}"


def rows_of(answer: Any) -> Rows:
    body: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    records = body.get("records")
    total, done = body.get("totalSize"), body.get("done")
    return Rows(
        records if isinstance(records, list) else [],
        total if isinstance(total, int) else 0,
        "" if done is not False else str(body.get("nextRecordsUrl") or ""),
    )


def ask(api: Api, soql: str, *, deleted: bool = False, headers: Mapping[str, str] = EMPTY) -> Any:
    """In the URL, or in the body of a composite request where the URL has no room for it."""
    path = url(soql, deleted=deleted)
    if len(path) <= URL_ROOM:
        return api.call(Call(method="GET", path=path, headers=headers)).json
    part = {"method": "GET", "url": path, "referenceId": "rows", **({"httpHeaders": dict(headers)} if headers else {})}
    answer = api.call(Call(method="POST", path=paths.COMPOSITE, body={"compositeRequest": [part]}))
    told = answer.json["compositeResponse"][0]
    if told["httpStatusCode"] >= 300:
        raise api.explain(told["httpStatusCode"], answer.headers, orjson.dumps(told["body"]), sent_write=False)
    return told["body"]
