"""Fills an org with believable, seeded data; some of it as odd as real orgs are."""

import base64
import random
from collections.abc import Callable, Sequence
from typing import Any

from local.simulators.clock import Clock
from local.simulators.salesforce import names
from local.simulators.salesforce.catalogue import INDUSTRIES, SOURCES
from local.simulators.salesforce.derived import derive
from local.simulators.salesforce.directories import furnish
from local.simulators.salesforce.options import Options, Settings
from local.simulators.salesforce.org import Facts, Org
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import day_of
from local.simulators.salesforce.writes import Desk

DAY_MS = 86_400_000
SMALLER = 10
PLACES: tuple[tuple[str, str, str, str, str], ...] = (
    ("Falkenau AG", "falkenau", "EUR", "Europe/Berlin", "de_DE"),
    ("Westfield Inc.", "westfield--uat.sandbox", "USD", "America/New_York", "en_US"),
)


def seeded_org(options: Options, place: int, clock: Clock, settings: Settings) -> Org:
    """Every second org is a sandbox with several currencies and person accounts."""
    name, domain, currency, zone, locale = PLACES[place % 2]
    odd, more = place % 2 == 1, "" if place < 2 else str(place)
    facts = Facts(
        number=place + 1,
        name=name + more,
        domain=domain + more,
        currency=currency,
        time_zone=zone,
        locale=locale,
        sandbox=odd,
        multi_currency=odd or options.multi_currency,
        person_accounts=odd or options.person_accounts > 0,
    )
    org = Org(facts, clock, settings)
    if options.external_id_field:
        org.install_key(options.external_id_field)
    furnish(org, options.username.format(domain=f"{domain.partition('-')[0]}{more}.test"))
    Seeder(org, random.Random(f"{options.seed}:{place}")).fill(options, 1 if place == 0 else SMALLER)
    return org


class Seeder:
    """Writes rows directly: what it makes is right by construction, and a hundred thousand come in seconds."""

    def __init__(self, org: Org, dice: random.Random) -> None:
        self._org = org
        self._dice = dice
        self._now = org.now_ms() - 3_600_000
        self._users = list(org.stores["User"].rows)
        self._queue = next(iter(org.stores["Group"].rows))
        self._desk = Desk(org, org.user_id, self._now)

    def fill(self, options: Options, divisor: int) -> None:
        def share(count: int) -> range:
            return range(-(-count // divisor))

        accounts = [self._account(number) for number in share(options.companies)]
        contacts = [self._contact(number, accounts) for number in share(options.contacts)]
        leads = [self._lead(number) for number in share(options.leads)]
        deals = [self._deal(number, accounts) for number in share(options.deals)]
        self._roles(deals, contacts)
        makers: tuple[Callable[..., Any], ...] = (self._event, self._note, self._old_note)
        for number in share(options.tasks):
            self._task(number, contacts, leads, deals)
        for number in share(options.activities):
            makers[number % 3](number, contacts, deals)
        self._convert_some(leads, accounts, contacts)
        self._persons(options.person_accounts or (4 if self._org.facts.person_accounts else 0))
        self._bin_some(len(contacts) // 50)

    def _account(self, number: int) -> Row:
        dice = self._dice
        city, state, code, country = dice.choice(names.CITIES)
        name = f"{dice.choice(names.FIRM)} {dice.choice(names.TRADE)} {dice.choice(names.FORM)}"
        site = f"https://www.{name.split(' ', maxsplit=1)[0].lower()}{number}.test"
        return self._add("Account", {
            "Name": name,
            "Website": site if number % 9 else name.lower().replace(" ", "") + ".test",
            "Industry": dice.choice(INDUSTRIES.split("|")),
            "NumberOfEmployees": dice.choice([None, 12, 85, 430, 2_100]),
            "AnnualRevenue": dice.choice([None, 250_000.0, 4_800_000.5, 91_000_000.0]),
            "Phone": f"+49 40 {dice.randrange(10**6, 10**7)}",
            "BillingStreet": f"Hafenweg {number + 1}\n2nd floor" if number % 5 == 0 else f"Hafenweg {number + 1}",
            "BillingCity": city, "BillingState": state, "BillingPostalCode": code, "BillingCountry": country,
            "Type": dice.choice(["Prospect", "Customer - Direct", None]),
        })  # fmt: skip

    def _contact(self, number: int, accounts: Sequence[Row]) -> Row:
        dice = self._dice
        first, last = dice.choice(names.FIRST), dice.choice(names.LAST).replace("_", " ")
        return self._add("Contact", {
            "FirstName": first if number % 23 else None,
            "LastName": last,
            "Email": _address(first, last, number) if number % 17 else None,
            "Phone": f"+49 170 {dice.randrange(10**6, 10**7)}" if number % 3 else None,
            "MobilePhone": f"+49 151 {dice.randrange(10**6, 10**7)}" if number % 4 == 0 else None,
            "Title": dice.choice(names.TITLES) if number % 6 else None,
            "AccountId": dice.choice(accounts)["Id"] if accounts and number % 8 else None,
            "LeadSource": dice.choice([*SOURCES.split("|"), None]),
            "MailingCity": dice.choice(names.CITIES)[0] if number % 2 else None,
            "Score__c": float(dice.randrange(0, 1000)) / 10 if number % 5 else None,
            "Level__c": dice.choice(["Primary", "Secondary", None]),
            "Legacy_Number__c": str(9000 + number // 2) if number % 40 < 2 else None,
        })  # fmt: skip

    def _lead(self, number: int) -> Row:
        dice = self._dice
        first, last = dice.choice(names.FIRST), dice.choice(names.LAST).replace("_", " ")
        queued = number % 6 == 5
        return self._add("Lead", {
            "FirstName": first,
            "LastName": last,
            "Email": _address(first, last, 50_000 + number),
            "Company": f"{dice.choice(names.FIRM)} {dice.choice(names.TRADE)}",
            "Status": dice.choice(["Open - Not Contacted", "Working - Contacted"]),
            "LeadSource": dice.choice(SOURCES.split("|")),
            **({"OwnerId": self._queue} if queued else {}),
        })  # fmt: skip

    def _deal(self, number: int, accounts: Sequence[Row]) -> Row:
        dice = self._dice
        stage = dice.choice([row["ApiName"] for row in self._org.stores["OpportunityStage"].rows.values()])
        account = dice.choice(accounts) if accounts and number % 11 else None
        return self._add("Opportunity", {
            "Name": f"{account['Name'] if account else 'New customer'}: {dice.choice(names.WANTS)}"[:120],
            "StageName": stage,
            "Amount": round(dice.uniform(500, 250_000), 2) if number % 13 else None,
            "CloseDate": day_of(self._now + dice.randrange(-200, 200) * DAY_MS),
            "AccountId": account["Id"] if account else None,
            "Type": dice.choice(["New Customer", None]),
            "NextStep": dice.choice(["Send contract", None]),
        })  # fmt: skip

    def _roles(self, deals: Sequence[Row], contacts: Sequence[Row]) -> None:
        """Most deals have one or two people; some have none."""
        for number, deal in enumerate(deals if contacts else ()):
            chosen = self._dice.sample(contacts, min(number % 4, len(contacts), 3))
            for place, contact in enumerate(chosen):
                self._add("OpportunityContactRole", {
                    "OpportunityId": deal["Id"], "ContactId": contact["Id"], "IsPrimary": place == 0,
                    "Role": self._dice.choice(names.ROLES),
                })  # fmt: skip

    def _task(self, number: int, contacts: Sequence[Row], leads: Sequence[Row], deals: Sequence[Row]) -> None:
        dice = self._dice
        is_call, to_lead = number % 3 == 2, number % 7 == 6 and bool(leads)
        call = {"TaskSubtype": "Call", "CallType": dice.choice(["Outbound", "Inbound"]),
                "CallDurationInSeconds": dice.randrange(20, 1800), "CallDisposition": "Connected"}  # fmt: skip
        self._add("Task", {
            "Subject": dice.choice(names.SUBJECTS),
            "Status": "Completed" if is_call else dice.choice(["Not Started", "In Progress", "Completed"]),
            "Priority": dice.choice(["Normal", "Normal", "High"]),
            "TaskSubtype": "Task",
            "ActivityDate": day_of(self._now + dice.randrange(-60, 30) * DAY_MS),
            "WhoId": (dice.choice(leads) if to_lead else dice.choice(contacts))["Id"] if contacts else None,
            "WhatId": dice.choice(deals)["Id"] if deals and not to_lead and number % 2 else None,
            **(call if is_call else {}),
        })  # fmt: skip

    def _event(self, number: int, contacts: Sequence[Row], deals: Sequence[Row]) -> None:
        start = self._now // 3_600_000 * 3_600_000 + self._dice.randrange(-500, 300) * 3_600_000
        self._add("Event", {
            "Subject": "Meeting" if number % 2 else "Demo", "Location": "Video call",
            "StartDateTime": start, "EndDateTime": start + 2_700_000, "ShowAs": "Busy", "EventSubtype": "Event",
            "WhoId": self._dice.choice(contacts)["Id"] if contacts else None,
            "WhatId": self._dice.choice(deals)["Id"] if deals else None,
        })  # fmt: skip

    def _note(self, number: int, contacts: Sequence[Row], deals: Sequence[Row]) -> None:
        html = f"<p>They asked for <b>terms</b> again, no. {number}</p>"
        if number % 2:
            html += "".join(f"<p>{each}. {self._dice.choice(names.REMARKS)} &amp; so on.</p>" for each in range(1, 40))
        wish = {"Title": f"Note {number}", "Content": base64.b64encode(html.encode()).decode()}
        note = self._desk.create(self._org.kinds["ContentNote"], wish)
        target = self._dice.choice([*deals, *contacts] or [{"Id": self._org.user_id}])
        link = {"ContentDocumentId": note["Id"], "LinkedEntityId": target["Id"], "ShareType": "V"}
        if target["Id"] != self._org.user_id:
            self._desk.create(self._org.kinds["ContentDocumentLink"], link)

    def _old_note(self, number: int, contacts: Sequence[Row], _: Sequence[Row]) -> None:
        if contacts:
            parent = self._dice.choice(contacts)["Id"]
            body = "From before the move. " * (1 if number % 2 else 60)
            self._add("Note", {"ParentId": parent, "Title": f"Old note {number}", "Body": body.strip()})

    def _convert_some(self, leads: Sequence[Row], accounts: Sequence[Row], contacts: Sequence[Row]) -> None:
        for lead in leads[::5] if accounts and contacts else ():
            marks = {"IsConverted": True, "Status": "Closed - Converted", "ConvertedDate": day_of(self._now),
                     "ConvertedAccountId": accounts[0]["Id"],
                     "ConvertedContactId": self._dice.choice(contacts)["Id"]}  # fmt: skip
            self._org.stores["Lead"].put({**lead, **marks})

    def _persons(self, count: int) -> None:
        for number in range(count):
            first, last = self._dice.choice(names.FIRST), self._dice.choice(names.LAST)
            wish = {"FirstName": first, "LastName": last, "PersonEmail": _address(first, last, 70_000 + number)}
            self._desk.create(self._org.kinds["Account"], wish)

    def _bin_some(self, count: int) -> None:
        """Some more that lie in the recycle bin."""
        for number in range(count):
            row = self._contact(number, ())
            store = self._org.stores["Contact"]
            store.put({**row, "IsDeleted": True})
            store.deleted_ms[row["Id"]] = self._now - DAY_MS

    def _add(self, name: str, values: Row) -> Row:
        """Most people work for one of the active users; some rows share a stamp, as after an import."""
        org, kind = self._org, self._org.kinds[name]
        age = self._dice.randrange(1, 700 * 86_400) * 1000
        stamp = self._now - (age if self._dice.random() < 0.9 else 30 * DAY_MS)
        created = min(stamp, self._now - self._dice.randrange(1, 700 * 86_400) * 1000)
        author = self._dice.choice(self._users[:4])
        row: Row = {"Id": org.next_id(kind), "CreatedDate": created, "CreatedById": author, "LastModifiedDate": stamp,
                    "LastModifiedById": author, "SystemModstamp": stamp}  # fmt: skip
        if "OwnerId" in kind.fields:
            row["OwnerId"] = self._dice.choice(self._users)
        if "CurrencyIsoCode" in kind.fields:
            row["CurrencyIsoCode"] = self._dice.choice([org.facts.currency, org.facts.currency, "GBP"])
        row |= {known: value for known, value in values.items() if value is not None}
        derive(org, name, row, row, stamp)
        org.stores[name].put({known: value for known, value in row.items() if value is not None})
        return row


def _address(first: str, last: str, number: int) -> str:
    """A contact without a Latin name still has a Latin address; some are written in capitals."""
    plain = "".join(each for each in f"{first}.{last}".lower() if each.isascii() and (each.isalnum() or each == "."))
    text = f"{plain.strip('.') or 'someone'}{number}@example{number % 7}.test"
    return text.upper() if number % 29 == 0 else text
