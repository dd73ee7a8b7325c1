"""Fills a company with believable, seeded data; some of it as odd as real accounts are."""

import random
from typing import Any

from local.simulators.clock import Clock
from local.simulators.pipedrive import names
from local.simulators.pipedrive.company import ActivityType, Company, Pipeline, Stage, User
from local.simulators.pipedrive.fields import ADDRESS_PARTS, Custom, key_for
from local.simulators.pipedrive.kinds import ACTIVITIES, DEALS, NOTES, ORGANIZATIONS, PERSONS, Kind
from local.simulators.pipedrive.options import Options, Settings
from local.simulators.pipedrive.rules import Write, finish
from local.simulators.pipedrive.seed_odd import odd_activity, odd_deal, odd_organization, odd_person
from local.simulators.pipedrive.store import Record, Values
from local.simulators.pipedrive.times import DAY, moment

PLACES = (
    ("Kaldera OÜ", "kaldera", "EUR", "Europe/Tallinn", "EE"),
    ("Harborline Inc.", "harborline", "USD", "America/New_York", "US"),
)
FIRST_USER = 77
SINCE = "2023-04-03T08:15:00Z"
LABELS = {"persons": ("Customer", "Hot lead", "Cold lead"), "organizations": ("Customer", "Partner"),
          "deals": ("Urgent", "Renewal")}  # fmt: skip
INDUSTRIES = ("Construction", "Food & Beverages", "Logistics", "Retail", "Software", "Healthcare")
CUSTOMS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "persons": (
        ("Customer no.", "varchar", ()), ("Lifecycle", "enum", ("Subscriber", "Lead", "Customer", "Former customer")),
        ("Interests", "set", ("Events", "Newsletter", "Beta")), ("Seats", "double", ()), ("Job title", "varchar", ()),
        ("Contract", "daterange", ()), ("Reach me at", "timerange", ()), ("Notes", "text", ()), ("Backup", "user", ()),
    ),
    "organizations": (
        ("VAT number", "varchar", ()), ("Credit limit", "monetary", ()), ("Warehouse", "address", ()),
        ("Website", "varchar", ()), ("Parent", "org", ()),
    ),
    "deals": (
        ("Contract no.", "varchar", ()), ("Why we won", "enum", ("Price", "Quality", "Reference")),
        ("Deposit", "monetary", ()), ("Kick-off", "date", ()), ("Daily call", "time", ()),
        ("Contract no.", "varchar_auto", ()), ("Introduced by", "people", ()),
    ),
}  # fmt: skip


def seeded_company(options: Options, place: int, share: int, clock: Clock, settings: Settings) -> Company:
    """Every second company has contact sync, and not yet the newer fields of organizations."""
    name, domain, currency, zone, country = PLACES[place % 2]
    more, odd = "" if place < 2 else str(place), place % 2 == 1
    company = Company(options.account + place, name + more, domain + more, currency, zone, country, clock, settings,
                      contact_sync=odd, firm_fields=not odd)  # fmt: skip
    _furnish(company)
    Seeder(company, random.Random(f"{options.seed}:{place}")).fill(options, share)
    return company


def _furnish(company: Company) -> None:
    domain = f"{company.domain}.test"
    people = (("Ana Rebane", f"ana@{domain}", True), ("Ott Kuusk", f"OTT@{domain}", False),
              ("Mirja Lind", f"mirja@{domain}", False), ("Gone Seller", f"gone@{domain}", False))  # fmt: skip
    for place, (name, email, admin) in enumerate(people):
        number = FIRST_USER + place + (company.id % 1000) * 1000
        company.users[number] = User(number, name, email, admin, active=place < 3)
    for number, (name, stages) in enumerate((
        ("Sales", (("Qualified", 10), ("Contact made", 25), ("Offer sent", 60), ("Negotiation", 80))),
        ("Partners", (("Introduced", 20), ("Terms agreed", 75))),
    ), start=1):  # fmt: skip
        company.pipelines[number] = Pipeline(number, name, number, SINCE, SINCE)
        for order, (title, likely) in enumerate(stages, start=1):
            stage = len(company.stages) + 1
            company.stages[stage] = Stage(stage, title, number, order, likely, SINCE, SINCE)
    company.numbers = 100
    company.types += [ActivityType(7, "site_visit", "Site visit", custom=True),
                      ActivityType(8, "fax", "Fax", active=False, custom=True)]  # fmt: skip
    _define_fields(company)


def _define_fields(company: Company) -> None:
    for name, labels in LABELS.items():
        company.options[name] = {"label_ids": {company.number(): label for label in labels}}
    company.options["organizations"]["industry"] = {company.number(): each for each in INDUSTRIES}
    company.options["activities"] = {"priority": {company.number(): each for each in ("Low", "Medium", "High")}}
    company.options["notes"] = {}
    for kind_name, fields in CUSTOMS.items():
        for place, (name, kind, labels) in enumerate(fields):
            key = key_for(f"{company.id}:{kind_name}:{place}")
            options = {company.number(): label for label in labels}
            company.customs[kind_name][key] = Custom(key, name, kind, options)


class Seeder:
    """Writes records directly: what it makes is right by construction."""

    def __init__(self, company: Company, dice: random.Random) -> None:
        self._company = company
        self._dice = dice
        self._now = company.clock.now_ms() - 3_600_000
        self._imported = self._now - 30 * DAY
        self._users = list(company.users)
        self._fields = {name: list(known.values()) for name, known in company.customs.items()}

    def fill(self, options: Options, share: int) -> None:
        def count(whole: int) -> range:
            return range(-(-whole * share // 100))

        firms = [self._firm(number) for number in count(options.companies)]
        persons = [self._person(number, firms) for number in count(options.contacts)]
        deals = [self._deal(number, firms, persons) for number in count(options.deals)]
        for number in count(options.tasks):
            self._activity(number, "task", persons, deals)
        types = ("call", "meeting", "note", "email", "note", "lunch")
        for number in count(options.activities):
            what = types[number % len(types)]
            if what == "note":
                self._note(number, persons, deals)
            else:
                self._activity(number, what, persons, deals)
        self._remove_some(PERSONS, len(persons))
        self._remove_some(DEALS, len(deals))

    def _firm(self, number: int) -> Record:
        dice = self._dice
        name = f"{dice.choice(names.FIRM)} {dice.choice(names.TRADE)} {dice.choice(names.FORM)}"
        site = name.split(" ", maxsplit=1)[0].lower()
        values: Values = {
            "name": name,
            "address": self._address(),
            "label_ids": dice.sample(self._labels(ORGANIZATIONS), dice.choice((0, 0, 1))),
            "website": f"https://{site}{number}.test" if number % 4 else None,
            "industry": dice.choice(list(self._company.options["organizations"]["industry"])),
            "annual_revenue": dice.choice((None, 120_000, 2_400_000, 88_000_000)),
            "employee_count": dice.choice((None, 3, 45, 610)),
        }
        custom = self._custom(ORGANIZATIONS, [
            f"EE{dice.randrange(10**8, 10**9)}", {"value": dice.choice((500, 12_500.75)), "currency": "EUR"},
            self._address() if number % 5 == 0 else None, None, None,
        ])  # fmt: skip
        return self._add(ORGANIZATIONS, values | odd_organization(number), custom)

    def _person(self, number: int, firms: list[Record]) -> Record:
        dice = self._dice
        first, last = dice.choice(names.FIRST), dice.choice(names.LAST).replace("_", " ")
        firm = dice.choice(firms) if firms and number % 7 else None
        mail = f"{_ascii(first)}.{_ascii(last)}{number}@mail.test"
        values: Values = {
            "name": f"{first} {last}",
            "org_id": firm.id if firm else None,
            "emails": [{"value": mail, "primary": True, "label": "work"}],
            "phones": [{"value": f"+372 5{dice.randrange(10**6, 10**7)}", "primary": True, "label": "mobile"}],
            "label_ids": dice.sample(self._labels(PERSONS), dice.choice((0, 1, 2))),
        }
        if self._company.contact_sync:
            values |= {"job_title": dice.choice(names.JOBS), "im": [], "birthday": "1984-02-29" if number % 9 else None}
        lifecycle, interests = (list(self._fields["persons"][place].options) for place in (1, 2))
        custom = self._custom(PERSONS, [
            f"C-{number:06d}", dice.choice(lifecycle), dice.sample(interests, 2) if number % 3 else None,
            dice.choice((1, 5, 12.5)), dice.choice(names.JOBS),
            {"value": "2026-01-01", "until": "2026-12-31"} if number % 6 == 0 else None,
            None, None, dice.choice(self._users) if number % 8 == 0 else None,
        ])  # fmt: skip
        return self._add(PERSONS, values | odd_person(number, mail), custom)

    def _deal(self, number: int, firms: list[Record], persons: list[Record]) -> Record:
        dice, company = self._dice, self._company
        person = dice.choice(persons) if persons and number % 5 else None
        firm = person.values["org_id"] if person and number % 11 else (dice.choice(firms).id if firms else None)
        status = dice.choices(("open", "won", "lost"), (6, 3, 1))[0]
        stage = dice.choice(list(company.stages.values()))
        values: Values = {
            "title": f"{company.title('organizations', firm) or 'Walk-in'}: {dice.choice(names.WANTS)}",
            "person_id": person.id if person else None,
            "org_id": firm,
            "stage_id": stage.id,
            "pipeline_id": stage.pipeline,
            "value": dice.choice((0, 450, 1_999.99, 12_000, 84_500)),
            "currency": dice.choice((company.currency, company.currency, "GBP", "JPY")),
            "status": status,
            "probability": dice.choice((None, None, 35, 90)),
            "lost_reason": "Price" if status == "lost" else None,
            "expected_close_date": moment(self._now + dice.randrange(-60, 120) * DAY)[:10],
            "label_ids": dice.sample(self._labels(DEALS), dice.choice((0, 0, 1))),
            "is_archived": status != "open" and number % 6 == 0,
        }
        reasons = list(self._fields["deals"][1].options)
        custom = self._custom(DEALS, [
            f"K-{number}", dice.choice(reasons) if status == "won" else None,
            {"value": 100, "currency": "USD"} if number % 4 == 0 else None, "2026-09-01" if number % 3 == 0 else None,
            {"value": "09:30:00", "timezone_id": 2, "timezone_name": "Europe/Tallinn"} if number % 10 == 0 else None,
            str(1000 + number), None,
        ])  # fmt: skip
        record = self._add(DEALS, values | odd_deal(number), custom)
        if person and number % 10 == 3:
            more = dice.sample(persons, min(1 + number // 10 % 3, len(persons)))
            since = record.values["add_time"]
            added = (each.id for each in more if each is not person)
            company.participants[record.id] = {each: (company.number(), since) for each in added}
        if number % 9 == 0:
            company.followers["deals", record.id] = {company.admin.id: record.values["add_time"]}
        return record

    def _activity(self, number: int, kind: str, persons: list[Record], deals: list[Record]) -> None:
        dice = self._dice
        deal = dice.choice(deals) if deals and number % 3 else None
        people = dice.sample(persons, min(len(persons), dice.choice((0, 1, 1, 2))))
        due = self._now + dice.randrange(-40, 20) * DAY
        values: Values = {
            "subject": dice.choice(names.SUBJECTS),
            "type": kind,
            "deal_id": deal.id if deal else None,
            "org_id": deal.values["org_id"] if deal else None,
            "due_date": moment(due)[:10],
            "due_time": dice.choice((None, "09:30", "14:00:00")) if kind == "task" else "10:15",
            "duration": None if kind == "task" else dice.choice(("00:15", "01:00")),
            "done": due < self._now and number % 4 != 0,
            "participants": [{"person_id": each.id, "primary": not place} for place, each in enumerate(people)],
            "note": f"<p>{dice.choice(names.REMARKS)}</p>" if number % 2 else None,
            "priority": dice.choice([None, *self._company.options["activities"]["priority"]]),
        }
        self._add(ACTIVITIES, values | odd_activity(number), {})

    def _note(self, number: int, persons: list[Record], deals: list[Record]) -> None:
        dice = self._dice
        target: Values = {}
        if deals and number % 2 == 0:
            target["deal_id"] = dice.choice(deals).id
        if persons and (number % 3 == 0 or not target):
            target["person_id"] = dice.choice(persons).id
        if target:
            values = {"content": f"<p>{dice.choice(names.REMARKS)}</p>", "user_id": dice.choice(self._users)}
            self._add(NOTES, values | target, {})

    def _add(self, kind: Kind, given: Values, custom: Values) -> Record:
        dice, store = self._dice, self._company.stores[kind.name]
        made = self._imported - dice.randrange(700) * DAY - dice.randrange(DAY)
        changed = self._imported if dice.random() < 0.4 else dice.randrange(made, self._now)
        values: Values = {each.code: None for each in kind.fields} | given
        values |= {"is_deleted": False, "add_time": moment(made), "update_time": moment(changed)}
        if kind is not NOTES:
            values["owner_id"] = given.get("owner_id") or dice.choice(self._users)
        if kind.field("visible_to"):
            values["visible_to"] = dice.choice((3, 3, 7))
        finish(Write(self._company, None, values, given, values["update_time"], self._users[0]), kind.name)
        record = Record(store.next_id(), values, custom)
        values["id"] = record.id
        return store.add(record)

    def _custom(self, kind: Kind, values: list[Any]) -> Values:
        keys = (each.key for each in self._fields[kind.name])
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    def _labels(self, kind: Kind) -> list[int]:
        return list(self._company.options[kind.name]["label_ids"])

    def _address(self) -> Values | None:
        city, country, code = self._dice.choice(names.CITIES)
        if self._dice.random() < 0.2:
            return None
        parts: Values = dict.fromkeys(("value", *reversed(ADDRESS_PARTS)))
        street = f"{self._dice.randrange(1, 90)}"
        return parts | {"value": f"Main street {street}, {city}, {country}", "country": country, "locality": city,
                        "postal_code": code, "route": "Main street", "street_number": street}  # fmt: skip

    def _remove_some(self, kind: Kind, made: int) -> None:
        """One in fifty was deleted in the last days."""
        store = self._company.stores[kind.name]
        for record in [each for each in store.live() if each.id % 50 == 49 and each.id < made]:
            when = self._now - (record.id % 25) * DAY
            store.remove(record, when)
            record.values["update_time"] = moment(when)


def _ascii(word: str) -> str:
    plain = "".join(sign for sign in word.lower() if sign.isascii() and sign.isalpha())
    return plain or "person"
