"""Fills an org with believable, seeded data; some of it as odd as real accounts are."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from local.simulators.clock import Clock
from local.simulators.zoho import catalogue, names
from local.simulators.zoho.centres import CENTRES
from local.simulators.zoho.derived import applied, derive
from local.simulators.zoho.options import Options, Settings
from local.simulators.zoho.org import Facts, Org, User
from local.simulators.zoho.store import Gone, Row

DAY_MS = 86_400_000
FIRST_NUMBER = 4_150_868
SMALLER = 10  # the other orgs have a tenth of everything
# name, domain, data centre, time zone, currency, code, symbol, several currencies
ORGS: tuple[tuple[str, str, str, str, str, str, str, bool], ...] = (
    ("Alsterblick GmbH", "alsterblick.test", "eu", "Europe/Berlin", "Euro", "EUR", "€", False),
    ("Prairie Tools LLC", "prairie-tools.test", "us", "America/Chicago", "US Dollar", "USD", "$", True),
    ("Marina Beach Exports", "marina-exports.test", "in", "Asia/Kolkata", "Indian Rupee", "INR", "Rs.", False),
    ("Southern Cross Pty", "southern-cross.test", "au", "Australia/Sydney", "Australian Dollar", "AUD", "$", False),
    ("Sakura Parts KK", "sakura-parts.test", "jp", "Asia/Tokyo", "Japanese Yen", "JPY", "¥", False),
)
PEOPLE = (("Ana", "Rep", "Administrator"), ("Benno", "Falk", "Standard"), ("Chloé", "Marchand", "Standard"),
          ("", "Inbound", "Standard"), ("Dirk", "Former", "Standard"), ("Eva", "Deleted", "Standard"))  # fmt: skip
STATES = ("active", "active", "active", "active", "disabled", "deleted")


def seeded_org(options: Options, place: int, clock: Clock, settings: Settings) -> Org:
    name, domain, centre, *rest = ORGS[place % len(ORGS)]
    again = "" if place < len(ORGS) else str(place)
    facts = Facts(FIRST_NUMBER + place * 1_111, f"{name}{again}", f"{again}{domain}", CENTRES[centre], *rest)  # type: ignore[arg-type]  # the table above has them in order
    org = Org(facts, clock, settings)
    _add_users(org, clock.now_ms() // 1000 * 1000 - 400 * DAY_MS)
    if options.key_field:
        org.install_key(options.key_field)
    if options.unique_email:
        for module in ("Contacts", "Leads"):
            org.modules[module].fields["Email"].unique = True
    Seeder(org, random.Random(f"{options.seed}:{place}")).fill(options, 1 if place == 0 else SMALLER)
    return org


def _add_users(org: Org, joined_ms: int) -> None:
    """One disabled, one deleted, and one without a first name."""
    for (first, last, profile), status in zip(PEOPLE, STATES, strict=True):
        address = f"{first or 'inbox'}.{last}@{org.facts.domain}".lower().replace("é", "e")
        user_id = org.next_id()
        role = "CEO" if profile == "Administrator" else "Manager"
        org.users[user_id] = User(user_id, f"7{user_id[-8:]}", first, last, address, role, profile, status, joined_ms)


class Seeder:
    def __init__(self, org: Org, dice: random.Random) -> None:
        self._org = org
        self._dice = dice
        self._now = org.now_ms() - 3_600_000
        self._imported = self._now - 30 * DAY_MS
        self._users = list(org.users)

    def fill(self, options: Options, divisor: int) -> None:
        def share(count: int) -> range:
            return range(-(-count // divisor))

        accounts = [self._account(number) for number in share(options.companies)]
        contacts = [self._contact(number, accounts) for number in share(options.contacts)]
        leads = [self._lead(number) for number in share(options.leads)]
        deals = [self._deal(number, accounts, contacts) for number in share(options.deals)]
        for number in share(options.tasks):
            self._task(number, contacts, leads, deals)
        makers: tuple[Callable[..., None], ...] = (self._call, self._event, self._note)
        for number in share(options.activities):
            makers[number % 3](number, contacts, deals)
        self._convert_some(leads, accounts, contacts)
        self._bin_some(-(-len(contacts) // 50))

    def _account(self, number: int) -> Row:
        dice = self._dice
        city, state, code, country = dice.choice(names.CITIES)
        name = f"{dice.choice(names.FIRM)} {dice.choice(names.TRADE)} {dice.choice(names.FORM)}"
        return self._add("Accounts", {
            "Account_Name": f"{name} {number}" if number % 4 else name,
            "Website": f"www.{name.split(maxsplit=1)[0].lower()}{number}.test" if number % 9 else None,
            "Industry": dice.choice(catalogue.INDUSTRIES.split("|")) if number % 6 else None,
            "Employees": dice.choice([None, 0, 8, 120, 2_400]),
            "Annual_Revenue": dice.choice([None, 180_000.0, 5_400_000.75, 88_000_000.0]),
            "Phone": self._phone(number),
            "Sales_Region": dice.choice(["n", "s", "e", "w", None]),
            "Billing_Street": f"Kai {number + 1}\nHinterhaus" if number % 5 == 0 else f"Kai {number + 1}",
            "Billing_City": city, "Billing_State": state or None, "Billing_Code": code, "Billing_Country": country,
            "Account_Type": dice.choice(["Customer", "Prospect", None]),
        })  # fmt: skip

    def _contact(self, number: int, accounts: Sequence[Row]) -> Row:
        dice = self._dice
        first, last = dice.choice(names.FIRST), dice.choice(names.LAST).replace("_", " ")
        return self._add("Contacts", {
            "First_Name": first if number % 23 else None,
            "Last_Name": last,
            "Email": _address(first, last, number) if number % 17 else None,
            "Secondary_Email": f"private.{number}@mail.test" if number % 19 == 3 else None,
            "Phone": self._phone(number),
            "Mobile": f"+49 151 {dice.randrange(10**6, 10**7)}" if number % 4 == 0 else None,
            "Title": dice.choice(names.TITLES) if number % 6 else None,
            "Account_Name": dice.choice(accounts)["id"] if accounts and number % 8 else None,
            "Lead_Source": dice.choice([*catalogue.SOURCES.split("|"), "A retired source", None]),
            "Mailing_City": dice.choice(names.CITIES)[0] if number % 2 else None,
            "Email_Opt_Out": number % 13 == 0 or None,
            "Loyalty_Points": number % 400 if number % 5 else None,
            "Products_Of_Interest": ["starter", "support"][: number % 3] or None,
            "Renewal_Day": ("1899-12-31" if number % 97 == 31 else "2027-02-28") if number % 3 == 1 else None,
            "Legacy_Number": f"{number // 2:06d}" if number % 40 < 2 else None,
        })  # fmt: skip

    def _lead(self, number: int) -> Row:
        dice = self._dice
        first, last = dice.choice(names.FIRST), dice.choice(names.LAST).replace("_", " ")
        return self._add("Leads", {
            "First_Name": first if number % 11 else None,
            "Last_Name": last,
            "Email": _address(first, last, 50_000 + number) if number % 9 else None,
            "Company": f"{dice.choice(names.FIRM)} {dice.choice(names.TRADE)}" if number % 7 else None,
            "Lead_Status": dice.choice([*catalogue.LEAD_STATUSES.split("|"), None]),
            "Lead_Source": dice.choice(catalogue.SOURCES.split("|")),
            "Phone": self._phone(number),
            "Annual_Revenue": dice.choice([None, 90_000.0]),
        })  # fmt: skip

    def _deal(self, number: int, accounts: Sequence[Row], contacts: Sequence[Row]) -> Row:
        """Most have one or two people; some none, one in ten a whole committee."""
        dice, org = self._dice, self._org
        pipeline = org.pipelines[-1 if number % 5 == 4 else 0]
        size = 0 if number % 9 == 8 else 6 if number % 10 == 3 else 1 + number % 2
        people = dice.sample(contacts, min(size, len(contacts)))
        account = dice.choice(accounts) if accounts and number % 11 else None
        money = {"Currency": dice.choice(["USD", "EUR", "GBP"])}
        name = f"{dice.choice(names.FIRM)} {dice.choice(names.WANTS)}"
        amount = 0.0 if number % 17 == 9 else round(dice.uniform(500, 250_000), 2)
        deal = self._add("Deals", {
            "Deal_Name": name if number % 27 != 21 else "Zażółć „gęślą“ 🚀",
            "Stage": dice.choice(pipeline.stages).actual, "Pipeline": pipeline.actual,
            "Amount": None if number % 13 == 7 else amount,
            "Closing_Date": _day(self._now + dice.randrange(-200, 200) * DAY_MS) if number % 21 else None,
            "Account_Name": account["id"] if account else None,
            "Contact_Name": people[0]["id"] if people else None,
            "Type": dice.choice(["New Business", "Existing Business", None]),
            "Next_Step": dice.choice(["Send contract", None]),
            "Line_Items": [{"id": org.next_id(), "Item": "Hours", "Quantity": 12}] if number % 8 == 5 else None,
            **(money if org.facts.several_currencies else {}),
        })  # fmt: skip
        if people:
            roles = [*org.roles.names, ""]
            for person in people:
                org.roles.put(deal["id"], person["id"], dice.choice(roles), deal["Created_Time"])
        return deal

    def _task(self, number: int, contacts: Sequence[Row], leads: Sequence[Row], deals: Sequence[Row]) -> None:
        dice, to_lead = self._dice, number % 7 == 6 and bool(leads)
        what = dice.choice(leads) if to_lead else dice.choice(deals) if deals and number % 2 else None
        self._add("Tasks", {
            "Subject": dice.choice(names.SUBJECTS),
            "Status": dice.choice(["Not Started", "In Progress", "Completed", "Deferred"]),
            "Priority": dice.choice(["Normal", "High", "Lowest"]),
            "Due_Date": _day(self._now + dice.randrange(-60, 30) * DAY_MS) if number % 5 else None,
            "Who_Id": dice.choice(contacts)["id"] if contacts and not to_lead else None,
            "Description": "As agreed.\nSee the mail." if number % 3 else None,
            **_related(what, "Leads" if to_lead else "Deals"),
        })  # fmt: skip

    def _call(self, number: int, contacts: Sequence[Row], deals: Sequence[Row]) -> None:
        kind = self._dice.choice(["Outbound", "Inbound", "Missed"])
        self._add("Calls", {
            "Subject": "Call about the offer", "Call_Type": kind,
            "Call_Start_Time": self._now - self._dice.randrange(1, 300) * 3_600_000,
            "Call_Duration": f"{self._dice.randrange(0, 60):02d}:{self._dice.randrange(60):02d}",
            "Outbound_Call_Status": "Completed" if kind == "Outbound" else None,
            "Call_Result": self._dice.choice(["Interested", None]),
            "Who_Id": self._dice.choice(contacts)["id"] if contacts and number % 4 else None,
            **_related(self._dice.choice(deals) if deals else None, "Deals"),
        })  # fmt: skip

    def _event(self, number: int, contacts: Sequence[Row], deals: Sequence[Row]) -> None:
        start = self._now // 3_600_000 * 3_600_000 + self._dice.randrange(-500, 300) * 3_600_000
        guest = self._dice.choice(contacts)["id"] if contacts else None
        guests = [{"type": "contact", "participant": guest, "status": "not_known"}] if guest else None
        self._add("Events", {
            "Event_Title": "Demo" if number % 2 else "Contract review", "Start_DateTime": start,
            "End_DateTime": start + 2_700_000, "All_day": number % 12 == 1 or None, "Venue": "Video call",
            "Participants": guests, "Who_Id": guest,
            **_related(self._dice.choice(deals) if deals else None, "Deals"),
        })  # fmt: skip

    def _note(self, number: int, contacts: Sequence[Row], deals: Sequence[Row]) -> None:
        module, pool = ("Contacts", contacts) if number % 2 else ("Deals", deals)
        if pool:
            self._add("Notes", {
                "Note_Title": f"Note {number}" if number % 5 else None,
                "Note_Content": f"Wants an answer <b>by Friday</b> & a demo, no. {number}",
                "Parent_Id": self._dice.choice(pool)["id"], "$se_module": module,
            })  # fmt: skip

    def _convert_some(self, leads: Sequence[Row], accounts: Sequence[Row], contacts: Sequence[Row]) -> None:
        for lead in leads[::5] if accounts and contacts else ():
            marks = {"Converted__s": True, "Converted_Date_Time": self._imported,
                     "Converted_Account": accounts[0]["id"],
                     "Converted_Contact": self._dice.choice(contacts)["id"]}  # fmt: skip
            self._org.stores["Leads"].put({**lead, **marks})

    def _bin_some(self, count: int) -> None:
        """Some more that were deleted yesterday; every third for good."""
        store, me = self._org.stores["Contacts"], self._org.me().id
        for number in range(count):
            row = store.remove(self._contact(number, ())["id"])
            kept = None if number % 3 == 2 else row
            store.gone[row["id"]] = Gone(row["id"], row["Full_Name"], self._now - DAY_MS, me, me, kept)

    def _add(self, module: str, values: Row) -> Row:
        """Every tenth has the stamp of an import, the same for all."""
        org, dice = self._org, self._dice
        created = self._now - dice.randrange(31 * 86_400, 900 * 86_400) * 1000
        number = len(org.stores[module].rows)
        stamp = self._imported if number % 10 == 0 else created + dice.randrange((self._now - created) // 1000) * 1000
        author = dice.choice(self._users[:4])
        row: Row = {"id": org.next_id(), "Owner": dice.choice(self._users), "Created_By": author,
                    "Modified_By": author, "Created_Time": created, "Modified_Time": stamp}  # fmt: skip
        row = applied(row, values)
        row = applied(row, derive(org, module, {}, row, stamp))
        org.stores[module].put(row)
        return row

    def _phone(self, number: int) -> str | None:
        digits = f"{self._dice.randrange(10**8, 10**9)}"
        return None if number % 5 == 4 else self._dice.choice([f"+49 {digits[:3]} {digits[3:]}", f"0{digits}"])


def _related(row: Row | None, module: str) -> dict[str, Any]:
    return {"What_Id": row["id"], "$se_module": module} if row else {}


def _day(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%d}"


def _address(first: str, last: str, number: int) -> str:
    """Somebody without a Latin name still has a Latin address; some are written in capitals."""
    plain = "".join(each for each in f"{first}.{last}".lower() if each.isascii() and (each.isalnum() or each == "."))
    text = f"{plain.strip('.') or 'someone'}{number}@example{number % 7}.test"
    return text.upper() if number % 29 == 0 else text
