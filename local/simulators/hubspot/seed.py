"""Fills a portal with believable, seeded data; some of it as odd as real accounts are."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from local.simulators.clock import Clock, iso
from local.simulators.hubspot import names
from local.simulators.hubspot.derived import derive
from local.simulators.hubspot.options import Settings
from local.simulators.hubspot.portal import Account, Owner, Pipeline, Portal, Stage
from local.simulators.hubspot.schema import (
    ASSOCIATION_BY_ID,
    CALLS,
    COMPANIES,
    CONTACTS,
    DEALS,
    EMAILS,
    MEETINGS,
    NOTES,
    TASKS,
    TICKETS,
    AssociationType,
    ObjectType,
    default_between,
)
from local.simulators.hubspot.store import Record

DAY_MS = 86_400_000
CONTACT_COMPANY = (ASSOCIATION_BY_ID[1], ASSOCIATION_BY_ID[279])
DEAL_COMPANY = (ASSOCIATION_BY_ID[5], ASSOCIATION_BY_ID[341])
DEAL_CONTACT, DECISION_MAKER = ASSOCIATION_BY_ID[3], ASSOCIATION_BY_ID[137]
TICKET_LINKS = {CONTACTS: (ASSOCIATION_BY_ID[16],), COMPANIES: (ASSOCIATION_BY_ID[26], ASSOCIATION_BY_ID[339]),
                DEALS: (ASSOCIATION_BY_ID[28],), NOTES: (ASSOCIATION_BY_ID[227],)}  # fmt: skip
TICKET_SHARES = {CONTACTS: 0.9, COMPANIES: 0.6, DEALS: 0.3, NOTES: 0.2}
ACCOUNTS: tuple[tuple[str, str, str, list[str], str, str], ...] = (
    ("Europe/Berlin", "+01:00", "EUR", ["USD", "GBP"], "eu1", "nordlicht-example"),
    ("US/Eastern", "-05:00", "USD", [], "na1", "brightwater-example"),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    contacts: int
    companies: int
    deals: int
    tasks: int
    activities: int
    tickets: int = 0


def seeded_portal(number: int, place: int, sizes: Sizes, seed: int, clock: Clock, settings: Settings) -> Portal:
    zone, offset, currency, more, centre, domain = ACCOUNTS[place % len(ACCOUNTS)]
    name = f"{domain}{'' if place < len(ACCOUNTS) else place}.test"
    portal = Portal(Account(number, zone, offset, currency, more, centre, name), clock, settings)
    portal.owners += _owners(name, place)
    portal.pipelines += _pipelines()
    portal.ticket_pipelines.append(_support())
    Seeder(portal, random.Random(f"{seed}:{place}"), clock.now_ms()).fill(sizes)
    Seeder(portal, random.Random(f"{seed}:{place}:tickets"), clock.now_ms()).fill_tickets(sizes.tickets)
    return portal


def _owners(domain: str, place: int) -> list[Owner]:
    """An inactive one, a queue, and one whose owner id is another's user id."""
    first = 41_600 + place
    return [
        Owner(first + 29, f"anna@{domain}", "Anna", "Sjöberg", 5501, team="Sales North"),
        Owner(first + 30, f"BEN@{domain}", "Ben", "Adeyemi", 5502, team="Sales North"),
        Owner(first + 31, f"carla@{domain}", "Carla", "Reyes", 5503),
        Owner(first + 32, f"dov@{domain}", "Dov", "", 41_629),
        Owner(first + 90, f"former.seller@{domain}", "Erik", "Gone", 5499, archived=True),
        Owner(first + 95, "", "Inbound leads", "", None, kind="QUEUE"),
    ]


def _pipelines() -> list[Pipeline]:
    sales = [
        Stage("appointmentscheduled", "Appointment Scheduled", "0.2", closed=False),
        Stage("qualifiedtobuy", "Qualified To Buy", "0.4", closed=False),
        Stage("presentationscheduled", "Presentation Scheduled", "0.6", closed=False),
        Stage("decisionmakerboughtin", "Decision Maker Bought-In", "0.8", closed=False),
        Stage("contractsent", "Contract Sent", "0.9", closed=False),
        Stage("closedwon", "Closed Won", "1.0", closed=True),
        Stage("closedlost", "Closed Lost", "0.0", closed=True),
    ]
    partners = [
        Stage("183920011", "Introduced", "0.1", closed=False),
        Stage("183920012", "Terms agreed", "0.75", closed=False),
        Stage("183920013", "Closed Won", "1.0", closed=True),
        Stage("183920014", "Stopped", "0.0", closed=True),
    ]
    return [Pipeline("default", "Sales Pipeline", sales), Pipeline("60112233", "Partner Pipeline", partners)]


def _support() -> Pipeline:
    labels = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))
    return Pipeline("0", "Support Pipeline", [Stage(each, label, "", closed=each == "4") for each, label in labels])


class Seeder:
    def __init__(self, portal: Portal, dice: random.Random, now_ms: int) -> None:
        self._portal = portal
        self._dice = dice
        self._now = now_ms - 3_600_000
        self._imported = self._now - 30 * DAY_MS
        self._owner_ids = [str(owner.id) for owner in portal.owners]

    def fill(self, sizes: Sizes) -> None:
        companies = [self._company(number) for number in range(sizes.companies)]
        contacts = [self._contact(number, companies) for number in range(sizes.contacts)]
        deals = [self._deal(number, companies, contacts) for number in range(sizes.deals)]
        for number in range(sizes.tasks):
            self._link_activity(TASKS, self._task(number), contacts, deals)
        makers = (self._call, self._note, self._meeting, self._email)
        for number in range(sizes.activities):
            kind, values = makers[number % len(makers)]()
            self._link_activity(kind, self._activity(kind, values), contacts, deals)

        self._archive_some(sizes)

    def fill_tickets(self, count: int) -> None:
        """Most have a contact, some a company (which is then the primary one), a deal, or a note."""
        live = {kind: self._live(kind) for kind in (CONTACTS, COMPANIES, DEALS, NOTES)}
        for number in range(count):
            ticket = self._ticket(number)
            for kind, types in TICKET_LINKS.items():
                if live[kind] and self._dice.random() < TICKET_SHARES[kind]:
                    self._link(types, ticket, self._dice.choice(live[kind]))

    def _live(self, kind: ObjectType) -> list[Record]:
        store = self._portal.stores[kind.name]
        return [store.records[number] for number in store.live]

    def _ticket(self, number: int) -> Record:
        values: dict[str, str | None] = {
            "subject": self._pick(names.PROBLEMS),
            "content": "It worked until yesterday." if number % 3 else None,
            "hs_pipeline": "0",
            "hs_pipeline_stage": self._pick(("1", "2", "3", "4")),
            "hs_ticket_priority": self._pick(("LOW", "MEDIUM", "HIGH", "URGENT")) if number % 7 else None,
            "source_type": self._pick(("CHAT", "EMAIL", "FORM", "PHONE")),
            "hubspot_owner_id": self._owner(),
        }
        return self._add(TICKETS, values)

    def _archive_some(self, sizes: Sizes) -> None:
        """Some more that lie in the recycle bin."""
        binned = [(CONTACTS, self._contact(number, ())) for number in range(sizes.contacts // 50)]
        binned += [(DEALS, self._deal(number, (), ())) for number in range(sizes.deals // 50)]
        for kind, record in binned:
            store = self._portal.stores[kind.name]
            record.archived_ms = self._now - DAY_MS
            store.release(record)
            store.live.remove(record.id)
            store.archived.add(record.id)

    def _company(self, number: int) -> Record:
        name = f"{self._pick(names.FIRM)} {self._pick(names.TRADE)}"
        city, country = self._dice.choice(names.CITIES)
        domain = f"{name.replace(' ', '-').lower()}-{number}.test"
        values: dict[str, str | None] = {
            "name": f"{name} {self._pick(names.FORM)}",
            "domain": domain,
            "website": f"https://www.{domain}",
            "industry": self._pick(names.INDUSTRIES),
            "numberofemployees": str(self._dice.choice((3, 12, 48, 180, 900, 12_000))),
            "annualrevenue": self._dice.choice(("250000", "1200000.50", "9800000", "4.5E7")),
            "city": city,
            "country": country,
            "phone": self._phone(),
            "lifecyclestage": self._pick(("lead", "opportunity", "customer")),
            "sales_region": self._pick(("north", "south", "east", "west")),
            "hubspot_owner_id": self._owner(),
        }
        if number % 17 == 5:
            values |= {"name": None, "annualrevenue": None, "numberofemployees": None}
        return self._add(COMPANIES, values)

    def _contact(self, number: int, companies: Sequence[Record]) -> Record:
        first, last = self._pick(names.FIRST), self._pick(names.LAST).replace("_", " ")
        company = self._dice.choice(companies) if companies and number % 7 else None
        domain = company.values["domain"] if company else "mail.test"
        values: dict[str, str | None] = {
            "firstname": first,
            "lastname": last,
            "email": f"{_ascii(first)}.{_ascii(last)}.{number}@{domain}",
            "phone": self._phone() if number % 5 else None,
            "jobtitle": self._pick(names.TITLES),
            "company": company.values.get("name") if company else None,
            "lifecyclestage": self._pick(("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer")),
            "hs_lead_status": self._pick(("NEW", "OPEN", "IN_PROGRESS", "CONNECTED")),
            "hs_analytics_source": self._pick(("ORGANIC_SEARCH", "REFERRALS", "OFFLINE")),
            "hubspot_owner_id": self._owner(),
            "loyalty_points": str(number % 400),
            "associatedcompanyid": str(company.id) if company else None,
        }
        record = self._add(CONTACTS, values | _odd_contact(number))
        if company:
            self._link(CONTACT_COMPANY, record, company)
        if company and number % 23 == 1:
            self._link((CONTACT_COMPANY[1],), record, self._dice.choice(companies))
        return record

    def _deal(self, number: int, companies: Sequence[Record], contacts: Sequence[Record]) -> Record:
        pipeline = self._portal.pipelines[1 if number % 5 == 4 else 0]
        stage = self._dice.choice(pipeline.stages)
        closes = self._now + self._dice.randint(-60, 120) * DAY_MS
        values: dict[str, str | None] = {
            "dealname": f"{self._pick(names.FIRM)}: {self._pick(names.WANTS)}",
            "dealstage": stage.id,
            "pipeline": pipeline.id,
            "amount": str(self._dice.choice((900, 2400, 12_500, 48_000, "7300.75", 250_000))),
            "closedate": iso(closes),
            "dealtype": self._pick(("newbusiness", "existingbusiness")),
            "hs_priority": self._pick(("low", "medium", "high")),
            "hubspot_owner_id": self._owner(),
        }
        if self._portal.account.additional_currencies:
            values["deal_currency_code"] = self._pick(("EUR", "EUR", "USD", "GBP"))
        record = self._add(DEALS, values | _odd_deal(number))
        if companies and number % 6:
            self._link(DEAL_COMPANY, record, self._dice.choice(companies))
        self._link_contacts(record, number, contacts)
        return record

    def _link_contacts(self, deal: Record, number: int, contacts: Sequence[Record]) -> None:
        """Some deals have nobody, most one or two, one in ten a whole committee."""
        size = 0 if number % 9 == 8 else 6 if number % 10 == 3 else 1 + number % 2
        for place, contact in enumerate(self._dice.sample(contacts, min(size, len(contacts)))):
            self._link((DEAL_CONTACT,) if place else (DEAL_CONTACT, DECISION_MAKER), deal, contact)

    def _task(self, number: int) -> Record:
        done = number % 4 == 3
        values: dict[str, str | None] = {
            "hs_task_subject": self._pick(names.SUBJECTS) if number % 13 != 12 else None,
            "hs_task_body": "<p>As agreed on the phone.</p>" if number % 3 else None,
            "hs_task_status": "COMPLETED" if done else self._pick(("NOT_STARTED", "IN_PROGRESS", "WAITING")),
            "hs_task_priority": self._pick(("NONE", "LOW", "MEDIUM", "HIGH")),
            "hs_task_type": self._pick(("TODO", "CALL", "EMAIL")),
            "hs_timestamp": iso(self._now + self._dice.randint(-20, 30) * DAY_MS),
            "hubspot_owner_id": self._owner(),
        }
        return self._add(TASKS, values)

    def _call(self) -> tuple[ObjectType, dict[str, str]]:
        values = {
            "hs_call_title": "Call about the offer",
            "hs_call_body": "Talked through the open points.",
            "hs_call_duration": str(self._dice.randint(5, 3_000) * 1_000),
            "hs_call_direction": self._pick(("INBOUND", "OUTBOUND")),
            "hs_call_status": self._pick(("COMPLETED", "NO_ANSWER", "BUSY")),
            "hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
            "hs_call_to_number": self._phone(),
        }
        return CALLS, values

    def _note(self) -> tuple[ObjectType, dict[str, str]]:
        return NOTES, {"hs_note_body": "<p>Wants an answer by <b>Friday</b> &amp; a demo.</p>"}

    def _meeting(self) -> tuple[ObjectType, dict[str, str]]:
        start = self._now + self._dice.randint(-30, 20) * DAY_MS
        values = {
            "hs_meeting_title": self._pick(("Demo", "Contract review", "Kick-off")),
            "hs_meeting_start_time": iso(start),
            "hs_meeting_end_time": iso(start + 45 * 60_000),
            "hs_meeting_outcome": self._pick(("SCHEDULED", "COMPLETED", "NO_SHOW")),
        }
        return MEETINGS, values

    def _email(self) -> tuple[ObjectType, dict[str, str]]:
        values = {"hs_email_subject": "Your offer", "hs_email_direction": "EMAIL", "hs_email_status": "SENT"}
        return EMAILS, {**values, "hs_email_text": "Please find our offer attached."}

    def _activity(self, kind: ObjectType, values: dict[str, str]) -> Record:
        moment = iso(self._now - self._dice.randint(0, 200) * DAY_MS)
        return self._add(kind, {**values, "hs_timestamp": moment, "hubspot_owner_id": self._owner()})

    def _link_activity(
        self, kind: ObjectType, record: Record, contacts: Sequence[Record], deals: Sequence[Record]
    ) -> None:
        for other, pool in ((CONTACTS, contacts), (DEALS, deals)):
            link = default_between(kind, other)
            if pool and link and self._dice.random() < 0.8:
                self._portal.links.seed(link, record.id, self._dice.choice(pool).id)

    def _add(self, kind: ObjectType, values: dict[str, str | None]) -> Record:
        store = self._portal.stores[kind.name]
        number = store.next_id(self._dice.randint(1, 9))
        created = self._now - self._dice.randint(31, 900) * DAY_MS - self._dice.randint(0, DAY_MS)
        updated = self._imported if number % 10 == 0 else self._dice.randint(created, self._now)
        kept = {name: value for name, value in values.items() if value is not None}
        kept |= {"hs_object_id": str(number), kind.created: iso(created), kind.modified: iso(updated)}
        kept |= {name: value for name, value in derive(self._portal, kind, kept, kept, iso(updated)).items() if value}
        record = Record(number, kept, created, updated)
        store.add(record)
        store.claim(record)
        return record

    def _link(self, types: Sequence[AssociationType], source: Record, target: Record) -> None:
        for kind in types:
            self._portal.links.seed(kind, source.id, target.id)

    def _owner(self) -> str | None:
        roll = self._dice.random()
        return None if roll < 0.15 else "999000111" if roll > 0.99 else self._dice.choice(self._owner_ids)

    def _phone(self) -> str:
        number = f"{self._dice.randint(10**8, 10**9 - 1)}"
        return self._dice.choice((f"+49 {number[:3]} {number[3:]}", f"0{number}", f"(0{number[:2]}) {number[2:]}"))

    def _pick(self, words: Sequence[str]) -> str:
        return self._dice.choice(words)


def _odd_contact(number: int) -> dict[str, str | None]:
    """What tidy data would let slip through: nobody's name, shouting, spaces, three addresses, no address."""
    odd: dict[int, dict[str, str | None]] = {
        3: {"firstname": None, "lastname": None},
        11: {"email": None, "phone": None},
        19: {"hs_additional_emails": f"second.{number}@mail.test;THIRD.{number}@Mail.Test"},
        23: {"firstname": "  Ana  ", "lastname": "Ñandú 🦙", "jobtitle": None},
        29: {"lifecyclestage": "94110533", "preferred_products": "starter;support"},
        31: {"renewal_day": "1899-12-31", "closedate": "0001-01-01T00:00:00.000Z"},
        37: {"hs_lead_status": "A_RETIRED_STATUS", "loyalty_points": "1.5E3"},
        41: {"newsletter_agreed": "true", "legacy_customer_no": "000123"},
        43: {"email": f"Shouting.Person.{number}@EXAMPLE.TEST"},
    }
    return odd.get(number % 47, {})


def _odd_deal(number: int) -> dict[str, str | None]:
    odd: dict[int, dict[str, str | None]] = {
        7: {"amount": None, "closedate": None},
        13: {"dealstage": "a-stage-nobody-knows"},
        17: {"amount": "0", "hubspot_owner_id": None},
        21: {"dealname": "Wąchock „special“ 🚀 deal", "why_we_won": "price"},
        25: {"amount": "-350.00", "closedate": "2038-01-19T03:14:08.000Z"},
    }
    return odd.get(number % 27, {})


def _ascii(word: str) -> str:
    plain = "".join(sign for sign in word.lower() if sign.isascii() and sign.isalpha())
    return plain or "contact"
