"""What only people do to records: merging two or three into one, and turning a lead into a contact."""

from typing import Any

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import day_of
from local.simulators.salesforce.writes import Desk

TO_CONTACT = ("FirstName", "LastName", "Salutation", "Email", "Phone", "MobilePhone", "Title", "LeadSource", "OwnerId")
TO_ACCOUNT = {"Company": "Name", "Website": "Website", "Industry": "Industry", "Phone": "Phone",
              "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees"}  # fmt: skip


def merge(desk: Desk, kind: Kind, winner_id: str, loser_ids: list[str]) -> Row:
    """Losers go to the recycle bin with `MasterRecordId`; what hung on them hangs on the winner, blanks are filled."""
    if not kind.mergeable or not 1 <= len(loser_ids) <= 2 or winner_id in loser_ids:
        raise Refused(400, "INVALID_FIELD", "two or three different records of Account, Contact or Lead can be merged")
    winner = dict(desk.row(kind, winner_id))
    for loser_id in loser_ids:
        loser = desk.row(kind, loser_id)
        _move_children(desk, kind, loser_id, winner_id)
        fillable = {name: value for name, value in loser.items() if kind.fields[name].updateable}
        winner = {**fillable, **winner}
        desk.bin(kind, loser_id, MasterRecordId=winner_id)
    before = desk.org.stores[kind.name].rows[winner_id]
    changes = {name: value for name, value in winner.items() if value != before.get(name)}
    return desk.update(kind, winner_id, _as_sent(kind, changes))


def convert(desk: Desk, lead_id: str, account_id: str | None = None, contact_id: str | None = None,
            deal_name: str | None = None) -> Row:  # fmt: skip
    """The lead stays, read-only, and points to the contact, the account and perhaps the deal that it became."""
    kinds = desk.org.kinds
    lead = desk.row(kinds["Lead"], lead_id)
    if lead.get("IsConverted"):
        raise Refused(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    account_id = account_id or desk.create(kinds["Account"], _taken(lead, TO_ACCOUNT))["Id"]
    plain = {name: name for name in TO_CONTACT}
    contact_id = contact_id or desk.create(kinds["Contact"], {**_taken(lead, plain), "AccountId": account_id})["Id"]
    deal_id = _deal(desk, lead, account_id, contact_id, deal_name) if deal_name else None
    for name in ("Task", "Event"):
        for row in [each for each in desk.org.stores[name].scan() if each.get("WhoId") == lead_id]:
            desk.change(kinds[name], row, WhoId=contact_id)
    desk.update(kinds["Lead"], lead_id, {"Status": "Closed - Converted"})
    marks: dict[str, Any] = {"IsConverted": True, "ConvertedDate": day_of(desk.org.now_ms())}
    marks |= {"ConvertedAccountId": account_id, "ConvertedContactId": contact_id, "ConvertedOpportunityId": deal_id}
    desk.change(kinds["Lead"], lead, **marks)
    return desk.org.stores["Lead"].rows[lead_id]


def _deal(desk: Desk, lead: Row, account_id: str, contact_id: str, name: str) -> str:
    closes = day_of(desk.org.now_ms() + 30 * 86_400_000)
    wish = {"Name": name, "StageName": "Prospecting", "CloseDate": closes, "AccountId": account_id}
    deal = desk.create(desk.org.kinds["Opportunity"], {**wish, "OwnerId": lead["OwnerId"]})
    roles = {"OpportunityId": deal["Id"], "ContactId": contact_id, "IsPrimary": True}
    desk.create(desk.org.kinds["OpportunityContactRole"], roles)
    return str(deal["Id"])


def _move_children(desk: Desk, kind: Kind, loser_id: str, winner_id: str) -> None:
    for child in kind.children:
        for row in [each for each in desk.org.stores[child.object].scan() if each.get(child.field) == loser_id]:
            desk.change(desk.org.kinds[child.object], row, **{child.field: winner_id})


def _taken(lead: Row, names: dict[str, str]) -> dict[str, Any]:
    taken = {to: lead[name] for name, to in names.items() if lead.get(name) is not None}
    if str(taken.get("OwnerId", "")).startswith("00G"):
        del taken["OwnerId"]
    return taken


def _as_sent(kind: Kind, changes: Row) -> dict[str, Any]:
    """Stored moments would not pass for input; none of the mergeable objects has one that can be written."""
    return {name: value for name, value in changes.items() if kind.fields[name].type != "datetime"}
