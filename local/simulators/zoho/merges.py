"""Merging records, converting leads, and the people of a deal."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.simulators.zoho.errors import Refused, invalid, invalid_record
from local.simulators.zoho.fields import POINTERS
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row
from local.simulators.zoho.writes import Desk

COPIED = ("First_Name", "Last_Name", "Email", "Secondary_Email", "Phone", "Mobile", "Title", "Lead_Source",
          "Description", "Email_Opt_Out")  # fmt: skip


def merge(desk: Desk, module: str, master_id: str, loser_ids: Sequence[str]) -> Row:
    """The master keeps its values and takes what it lacks; what pointed at a loser points at it."""
    master, losers = desk.row(module, master_id), [desk.row(module, each) for each in loser_ids]
    if not losers or master_id in loser_ids:
        raise invalid("id", "$.merge[0].data[0].id")
    for loser in losers:
        desk.vanish(module, loser, master_id)
        _repoint(desk, loser["id"], master_id)
    extra: Row = {}
    for loser in losers:
        extra = {**{name: value for name, value in loser.items() if name not in master}, **extra}
    return desk.change(module, desk.row(module, master_id), extra)


def _repoint(desk: Desk, loser: str, master: str) -> None:
    org = desk.org
    for name, store in org.stores.items():
        names = [each.name for each in org.modules[name].fields.values() if each.type in POINTERS]
        for row in [row for row in store.rows.values() if any(row.get(each) == loser for each in names)]:
            moved = {each: master for each in names if row.get(each) == loser}
            if org.settings.merge_touches_children:
                desk.change(name, row, moved)
            else:
                store.put({**row, **moved})
    org.roles.move_contact(loser, master, org.now_ms())
    org.roles.move_deal(loser, master, org.now_ms())


def convert(desk: Desk, lead_id: str, wish: Mapping[str, Any], path: str = "$.data[0]") -> Row:
    """`Accounts` and `Contacts` name existing records, `Deals` describes a new one; answers the lead."""
    lead = desk.row("Leads", lead_id)
    if lead.get("Converted__s"):
        raise Refused(400, "ID_ALREADY_CONVERTED", "id already converted", id=lead_id)
    account = _account(desk, lead, wish)
    contact = _contact(desk, lead, wish, account)
    deal = _deal(desk, wish, account, contact, path)
    now = desk.org.now_ms() if desk.at_ms is None else desk.at_ms
    marks = {"Converted__s": True, "Converted_Date_Time": now, "Converted_Account": account,
             "Converted_Contact": contact, "Converted_Deal": deal}  # fmt: skip
    return desk.change("Leads", lead, marks)


def _account(desk: Desk, lead: Row, wish: Mapping[str, Any]) -> str | None:
    named = (wish.get("Accounts") or {}).get("id")
    if named is not None:
        return str(desk.row("Accounts", str(named))["id"])
    if not lead.get("Company"):
        return None
    fields = {"Account_Name": lead["Company"], "Phone": lead.get("Phone"), "Website": lead.get("Website")}
    return str(desk.create("Accounts", fields)["id"])


def _contact(desk: Desk, lead: Row, wish: Mapping[str, Any], account: str | None) -> str:
    named = (wish.get("Contacts") or {}).get("id")
    if named is not None:
        return str(desk.row("Contacts", str(named))["id"])
    fields: dict[str, Any] = {name: lead[name] for name in COPIED if name in lead}
    return str(desk.create("Contacts", fields | ({"Account_Name": {"id": account}} if account else {}))["id"])


def _deal(desk: Desk, wish: Mapping[str, Any], account: str | None, contact: str, path: str) -> str | None:
    asked = wish.get("Deals")
    if not asked:
        return None
    links = {"Contact_Name": {"id": contact}, "Account_Name": {"id": account} if account else None}
    return str(desk.create("Deals", {**links, **asked}, f"{path}.Deals")["id"])


def add_role(desk: Desk, deal_id: str, contact_id: str, role: object = None) -> None:
    """`role` by its id or its name; without one the contact has no role there."""
    org = desk.org
    desk.row("Contacts", contact_id)
    deal = desk.row("Deals", deal_id)
    org.roles.put(deal_id, contact_id, role_id(org, role), org.now_ms())
    _after_role(desk, deal)


def remove_role(desk: Desk, deal_id: str, contact_id: str) -> None:
    deal = desk.row("Deals", deal_id)
    if not desk.org.roles.drop(deal_id, contact_id):
        raise invalid_record(3)
    _after_role(desk, deal)


def role_id(org: Org, role: object) -> str:
    wanted = role.get("id", role.get("name")) if isinstance(role, dict) else role
    found = next((each for each, name in org.roles.names.items() if wanted in (each, name)), "")
    if wanted is not None and not found:
        raise invalid("Contact_Role", "$.data[0].Contact_Role")
    return found


def _after_role(desk: Desk, deal: Row) -> None:
    if desk.org.settings.roles_touch_modified:
        desk.change("Deals", deal, {})
