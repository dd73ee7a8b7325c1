"""SOQL as an admin writes it: one SELECT, asked a batch at a time."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.questions import Answers, QuerySpec, Question, Row, only_select, row
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.objects import OBJECTS
from crmbridge.platforms.salesforce.queries import ask as ask_soql
from crmbridge.platforms.salesforce.queries import rows_of

FEWEST: Final = {"Sforce-Query-Options": "batchSize=200"}
"""The smallest batch there is; Salesforce may give fewer rows, or more, all the same."""
LOCATOR: Final = r"[A-Za-z0-9]{0,40}(-\d{1,9})?"
CHANGING: Final = frozenset({"for", "update"})
"""FOR UPDATE locks rows, FOR VIEW and FOR REFERENCE date them, UPDATE TRACKING and VIEWSTAT count them: all that a
SELECT can change. Both words are reserved, so that no column is called so."""


def check(question: Question) -> None:
    only_select(question.text, never=CHANGING)


def ask(api: Api, question: Question) -> Answers:
    """A page of a batch, which is asked for again for its next page. The locator leads on to the next batch."""
    locator = question.place("locator", LOCATOR, "")
    begin = int(question.place("skip", r"\d{1,6}", "0"))
    end = begin + question.limit
    batch = rows_of(_batch(api, question.text, locator))
    following: Mapping[str, Any] | None = None
    if end < len(batch.records):
        following = {"locator": locator, "skip": end}
    elif batch.following:
        following = {"locator": batch.following.rpartition("/")[2]}
    return Answers([_row(raw) for raw in batch.records[begin:end]], following, batch.total)


def _batch(api: Api, text: str, locator: str) -> Any:
    if not locator:
        return ask_soql(api, text, headers=FEWEST)
    return api.call(Call(method="GET", path=f"{paths.QUERY}/{locator}", headers=FEWEST)).json


def _row(raw: Mapping[str, Any]) -> Row:
    told = raw.get("attributes")
    object = told.get("type") if isinstance(told, dict) else None
    return row(raw, object if object in OBJECTS else None, raw.get("Id"))


QUERY: Final = QuerySpec(
    language="SOQL",
    description="One SELECT statement, as the connected user may see it. Not FOR UPDATE, FOR VIEW or FOR REFERENCE.",
    example={"query": "SELECT Id, Name, StageName, Amount FROM Opportunity ORDER BY Amount DESC NULLS LAST"},
    check=check,
    ask=ask,
)
