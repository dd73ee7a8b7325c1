"""Asking for records: COQL, which pages by id and shows 2,000 a call; by id; and listings with a condition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from crmbridge.domain.records import Json
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.columns import Batches
from crmbridge.platforms.zoho.objects import BATCH
from crmbridge.platforms.zoho.reserved import named

Row = Mapping[str, Any]

PER_PAGE: Final = 200
COSTS: Final = ((200, 1), (1_000, 2), (2_000, 3))
"""(rows that a query may return, credits)."""
DELETED_COST: Final = 2
MODIFIED_SINCE: Final = "If-Modified-Since"
NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Rows:
    """`token` continues a listing, where Zoho gives one."""

    records: list[Row] = field(default_factory=list)
    more: bool = False
    token: str = ""


def query(api: Api, text: str, limit: int, *, after: int = 0) -> Rows:
    """One COQL query, its limit added; nothing found is an answer without a body. `after`: so many rows are skipped."""
    cost = next(credits for rows, credits in COSTS if limit <= rows)
    body = {"select_query": f"{text} limit {f'{after}, ' if after else ''}{limit}"}
    return rows_of(api.call(Call(method="POST", path=paths.COQL, body=body, cost=cost)).json)


def select(api: Api, object: str, batches: Batches, where: Sequence[str], limit: int) -> Rows:
    """The next `limit` rows by id, with all their columns; one that goes while we ask is left out."""
    found = query(api, _text(object, batches[0], where), limit)
    if len(batches) == 1 or not found.records:
        return found
    within = (*where, f"id <= {literal(str(found.records[-1]['id']))}")
    others = [query(api, _text(object, columns, within), limit).records for columns in batches[1:]]
    return Rows(joined(found.records, others), found.more, str(found.records[-1]["id"]))


def _text(object: str, columns: Sequence[str], where: Sequence[str]) -> str:
    return f"select {', '.join(map(named, columns))} from {object} where {both(where)} order by id asc"  # noqa: S608 - literals


def both(criteria: Sequence[str]) -> str:
    """Zoho wants them in pairs: ((a and b) and c)."""
    text = criteria[0]
    for criterion in criteria[1:]:
        text = f"({text} and {criterion})"
    return text


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def second(moment: datetime) -> str:
    """Zoho knows no fractions of one."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def by_ids(api: Api, object: str, ids: Sequence[str], batches: Batches) -> list[Row]:
    """Those of these records that there are, converted leads among them. What is no id of Zoho's can be nobody's."""
    numbers = [id for id in dict.fromkeys(ids) if id.isascii() and id.isdecimal()]
    found: list[Row] = []
    for start in range(0, len(numbers), BATCH):
        asked = {"ids": ",".join(numbers[start : start + BATCH]), "per_page": str(PER_PAGE), **shown(object)}
        parts = [rows_of(api.get(paths.records(object), {**asked, "fields": ",".join(part)})) for part in batches]
        found += joined(parts[0].records, [part.records for part in parts[1:]])
    return found


def shown(object: str, converted: str = "both") -> dict[str, str]:
    return {"converted": converted} if object == "Leads" else {}


def listing(api: Api, path: str, params: Mapping[str, str], since: datetime | None = None, cost: int = 1) -> Rows:
    """One page; `since`: of what was changed from then on, else an answer without a body."""
    headers = {MODIFIED_SINCE: second(since)} if since else {}
    call = Call(method="GET", path=path, params=params, cost=cost, headers=headers, accepts=(NOT_MODIFIED,))
    return rows_of(api.call(call).json)


def all_pages(
    api: Api, path: str, params: Mapping[str, str], *, since: datetime | None = None, most: int
) -> Iterator[Row]:
    for page in range(1, most + 1):
        found = listing(api, path, {**params, "page": str(page), "per_page": str(PER_PAGE)}, since)
        yield from found.records
        if not found.more:
            return


def rows_of(answer: Json, key: str = "data") -> Rows:
    body = answer if isinstance(answer, dict) else {}
    records, more = body.get(key), body.get("info")
    told = more if isinstance(more, dict) else {}
    found: list[Row] = [row for row in records if isinstance(row, dict)] if isinstance(records, list) else []
    return Rows(found, told.get("more_records") is True, str(told.get("next_page_token") or ""))


def joined(first: Iterable[Row], others: Iterable[Iterable[Row]]) -> list[Row]:
    """Parts of the same records put together. Where one changed between the calls its oldest date is kept: so the
    change is still ahead of us, and a later window brings it whole."""
    parts = [{str(row["id"]): row for row in rows if "id" in row} for rows in others]
    whole: list[Row] = []
    for row in first:
        pieces = [part.get(str(row.get("id"))) for part in parts]
        found = [row, *(piece for piece in pieces if piece is not None)]
        if len(found) == len(pieces) + 1:
            whole.append({**{key: value for piece in found for key, value in piece.items()}, **_oldest(found)})
    return whole


def _oldest(pieces: Sequence[Row]) -> dict[str, Any]:
    """Offsets are the same in one account at one moment, but not over the year."""
    dates = {piece.get("Modified_Time") for piece in pieces}
    if len(dates) == 1:
        return {}
    texts = [date for date in dates if isinstance(date, str)]
    return {"Modified_Time": min(texts, key=_instant)} if texts else {}


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
