"""What each CRM calls things, what it holds and what reading it must cost: after its reference, not after our code."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from local.simulators import Running

Json = Any
Raw = Mapping[str, Any]
Expect = Callable[[Raw], Any]


def marked(value: Any, mark: str) -> Any:
    return value.replace("{m}", mark) if isinstance(value, str) else value


def first(accounts: Mapping[str, Json]) -> Json:
    return next(iter(accounts.values()))


def text(name: str) -> Expect:
    return lambda raw: raw.get(name) or None


def money(name: str) -> Expect:
    return lambda raw: None if raw.get(name) in (None, "") else Decimal(str(raw[name]))


def number(name: str) -> Expect:
    return lambda raw: None if raw.get(name) is None else str(raw[name])


def points(name: str) -> Expect:
    """A lookup of Zoho's."""
    return lambda raw: (raw.get(name) or {}).get("id")


def primary(name: str) -> Expect:
    """The e-mail or phone number that Pipedrive marks; where that one is empty, the first that is not."""

    def marked_first(raw: Raw) -> Any:
        given = sorted(raw.get(name) or [], key=lambda each: not each["primary"])
        return next((each["value"] for each in given if each["value"]), None)

    return marked_first


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`contact`, `company`, `deal` name the objects; `merged` is how a loser ends, `deleted` a deleted record."""

    contact: str
    company: str
    deal: str
    account: str
    client_id: str
    pages: tuple[int, ...]
    """Records a call may list, of contacts, companies and deals."""
    links_page: int = 0
    """Records whose complete links one call more reads; 0: links come along."""
    extra_calls: int = 0
    """Of a full run: the documented minimum has them, too."""
    changes: int
    """Documented calls for 500 changes of the three types: what lists them (deletions, where there is a list of them),
    and a call for each object that contacts and deals link to, where links are read apart (HubSpot: tickets, too)."""
    people_calls: Callable[[list[Json], bool], int] = lambda _deals, _all: 0
    """Documented calls for everybody who belongs to these deals, beside those that list them; `all`: to all deals."""
    winner: str = "primary"
    loser: str = "other"
    mergeable: tuple[str, ...] = ("contact", "company", "deal")
    deleted: str = "deleted"
    merged: str = "merged"
    delete: str = "delete"
    id: str = "id"
    wrapped: str = "fields"
    login_paths: tuple[str, ...] = ("",)
    one_host: bool = False
    expected: Mapping[str, Mapping[str, Expect]]
    customs: Callable[[Raw], Mapping[str, Json]]
    linked: Mapping[str, Callable[[Json], set[tuple[str, str]]]]
    """Of a contact and of a deal: (object, id) of everything it is linked to."""
    new: Mapping[str, Raw]
    changed: Mapping[str, Raw]
    companys: Callable[[str], Raw]
    """The fields of a contact that has this company."""
    reached_at: Callable[[str], Raw] = lambda email: {"Email": email}
    """The fields of a contact that has this address."""
    enriched: Callable[[Running, str, Json], Json] = lambda _sim, _object, truth: truth
    """The truth, with what of it the simulator tells elsewhere."""
    link: Callable[[str, str], Json] | None = None
    join: Callable[[str, str], Json] | None = None
    """(deal, contact): somebody takes part from now on, which need not move the deal's date."""
    roles: Callable[[Json], set[tuple[str, str]]] | None = None
    """Of a deal: (contact, role), where the CRM knows roles."""
    token_life: timedelta = timedelta(hours=1)
    channels: Callable[[Json], list[str]] = lambda _: []
    """Those that the CRM keeps for us, out of the simulator's state."""
    has_channel: bool = False
    drought: Callable[[Running], Any]
    rain: Callable[[Running], Any]
    """A day without quota begins, and ends."""
    move: Callable[[Running], Any] = lambda _: None
    home: Callable[[str], str] | None = None
    """Where the account lives in the end, wherever the dance began and whatever `move` did."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def objects(self) -> Mapping[str, str]:
        return {"contact": self.contact, "company": self.company, "deal": self.deal}

    def minimum(self, live: Mapping[str, int], deals: list[Json]) -> int:
        """Calls of a full run over so many records of each kind, at the least: the pages that list them, what completes
        their links (HubSpot), and what tells who belongs to the deals (Pipedrive: a call for each deal with more people
        than its own; Zoho: a page of contact roles)."""
        lists = sum(ceil(live[kind] / page) for kind, page in zip(self.objects, self.pages, strict=True))
        links = sum(ceil(live[kind] / self.links_page) for kind in ("contact", "deal")) if self.links_page else 0
        return lists + links + self.extra_calls + self.people_calls(deals, True)

    def values(self, raw: Json) -> Raw:
        found: Raw = raw["properties"] if self.wrapped == "properties" else raw
        return found

    def create(self, kind: str, count: int, mark: str = "", **more: Any) -> Json:
        """`mark` tells these from others, where a CRM wants them unique."""
        fields = {name: marked(value, mark) for name, value in self.new[kind].items()}
        return {"op": "create", "object": self.objects[kind], "count": count, self.wrapped: {**fields, **more}}

    def update(self, kind: str, ids: list[str]) -> Json:
        return {"op": "update", "object": self.objects[kind], "ids": ids, self.wrapped: self.changed[kind]}

    def merge(self, kind: str, winner: str, loser: str) -> Json:
        return {"op": "merge", "object": self.objects[kind], self.winner: winner, self.loser: loser}

    def remove(self, kind: str, ids: list[str]) -> Json:
        return {"op": self.delete, "object": self.objects[kind], "ids": ids}


def _hubspot_links(*targets: str) -> Callable[[Json], set[tuple[str, str]]]:
    return lambda raw: {(name, one["id"]) for name in targets for one in raw.get("associations", {}).get(name, ())}


def _present(*pairs: tuple[str, Any]) -> set[tuple[str, str]]:
    return {(object, str(id)) for object, id in pairs if id}


def _named(*names: str) -> Callable[[Raw], Mapping[str, Json]]:
    return lambda raw: {name: raw[name] for name in names if raw.get(name) not in (None, "")}


HUBSPOT = Dialect(
    contact="contacts", company="companies", deal="deals", account="147000101",
    client_id="5ad1c0de-0000-4000-8000-0000c0ffee01", pages=(100, 100, 100), links_page=1_000,
    changes=10, deleted="archived", delete="archive", wrapped="properties", one_host=True,
    expected={
        "contact": {"first_name": text("firstname"), "last_name": text("lastname"), "email": text("email"),
                    "title": text("jobtitle"), "lead_status": text("hs_lead_status"),
                    "owner_id": text("hubspot_owner_id"), "lifecycle_raw": text("lifecyclestage")},
        "company": {"name": text("name"), "domain": text("domain"), "website": text("website"),
                    "industry": text("industry"), "employee_count": money("numberofemployees"),
                    "owner_id": text("hubspot_owner_id")},
        "deal": {"name": text("dealname"), "amount": money("amount"), "stage": text("dealstage"),
                 "pipeline": text("pipeline"), "currency": lambda raw: raw.get("deal_currency_code") or "EUR",
                 "owner_id": text("hubspot_owner_id")},
    },
    customs=_named("loyalty_points", "newsletter_agreed", "legacy_customer_no", "sales_region"),
    linked={"contact": _hubspot_links("companies", "tickets"),
            "deal": _hubspot_links("contacts", "companies", "tickets")},
    new={"contact": {"firstname": "New", "lastname": "Person {n}", "email": "new{m}.{n}@made.test"},
         "company": {"name": "New company {n}", "domain": "made{m}-{n}.test"},
         "deal": {"dealname": "New deal {n}", "amount": "1{n}", "dealstage": "appointmentscheduled"}},
    changed={"contact": {"lastname": "Renamed {n}", "loyalty_points": "7{n}"}, "company": {"name": "Renamed {n}"},
             "deal": {"dealname": "Renamed {n}", "amount": "9{n}"}},
    companys=lambda _: {},
    reached_at=lambda email: {"email": email},
    link=lambda contact, company: {"op": "associate", "object": "contacts", "id": contact, "to_object": "companies",
                                   "to_id": company},
    join=lambda deal, contact: {"op": "associate", "object": "deals", "id": deal, "to_object": "contacts",
                                "to_id": contact},
    token_life=timedelta(minutes=30),
    drought=lambda sim: sim.settings(burst=12),
    rain=lambda sim: sim.settings(burst=110),
)  # fmt: skip


def with_roles(sim: Running, object: str, truth: Json) -> Json:
    """Salesforce keeps who belongs to a deal in rows of their own."""
    if object == "Opportunity":
        roles = sim.state(object="OpportunityContactRole", limit=1_000_000)["live"]
        for raw in truth["live"]:
            raw["roles"] = []
        deals = {raw["Id"]: raw["roles"] for raw in truth["live"]}
        for role in roles:
            deals.get(role["OpportunityId"], []).append(role["ContactId"])
    return truth


SALESFORCE = Dialect(
    contact="Contact", company="Account", deal="Opportunity", account="1",
    client_id="3MVG9simulatorConsumerKey", pages=(2_000, 2_000, 2_000), changes=5,
    winner="winner", loser="loser", mergeable=("contact", "company"), id="Id", options={"leads": 0},
    expected={
        "contact": {"first_name": text("FirstName"), "last_name": text("LastName"), "email": text("Email"),
                    "title": text("Title"), "lead_source": text("LeadSource"), "owner_id": text("OwnerId"),
                    "company_id": text("AccountId")},
        "company": {"name": text("Name"), "website": text("Website"), "industry": text("Industry"),
                    "employee_count": money("NumberOfEmployees"), "annual_revenue": money("AnnualRevenue"),
                    "owner_id": text("OwnerId")},
        "deal": {"name": text("Name"), "amount": money("Amount"), "stage": text("StageName"),
                 "probability": money("Probability"), "is_won": lambda raw: raw["IsWon"],
                 "owner_id": text("OwnerId"), "company_id": text("AccountId")},
    },
    customs=lambda raw: {name: value for name, value in raw.items() if name.endswith("__c") and value is not None},
    linked={"contact": lambda raw: _present(("Account", raw.get("AccountId"))),
            "deal": lambda raw: _present(("Account", raw.get("AccountId")), *(("Contact", id) for id in raw["roles"]))},
    enriched=with_roles,
    new={"contact": {"LastName": "Person {n}", "Email": "new{m}.{n}@made.test"}, "company": {"Name": "New company {n}"},
         "deal": {"Name": "New deal {n}", "StageName": "Prospecting", "CloseDate": "2027-01-31", "Amount": 500}},
    changed={"contact": {"LastName": "Renamed {n}", "Title": "Boss {n}"}, "company": {"Name": "Renamed {n}"},
             "deal": {"Name": "Renamed {n}", "Amount": 900}},
    companys=lambda id: {"AccountId": id},
    token_life=timedelta(hours=2),
    drought=lambda sim: sim.settings(daily_requests=1),
    rain=lambda sim: sim.settings(daily_requests=115_000),
    move=lambda sim: sim.settings(instance_url=sim.url.replace("127.0.0.1", "localhost")),
    home=lambda url: url.replace("127.0.0.1", "localhost"),
)  # fmt: skip


def with_participants(sim: Running, object: str, truth: Json) -> Json:
    """Whom Pipedrive shows beside a deal's own person: nobody who was deleted. Its count, all that a list tells, is one
    for a deal whose own person was deleted and that has one other: as for every deal that has but its own."""
    if object != "deals":
        return truth
    living = {str(id) for id in sim.state(object="persons", ids_only=1, limit=1_000_000)["live"]}
    for raw in truth["live"]:
        others = [id for id in raw["participants"] if str(id) in living]
        is_orphan = raw["person_id"] is not None and str(raw["person_id"]) not in living
        raw["participants"] = [] if is_orphan and len(others) == 1 else others
    return truth


PIPEDRIVE = Dialect(
    contact="persons", company="organizations", deal="deals", account="5550001",
    client_id="9f0c0ffee0000001", pages=(500, 500, 500), extra_calls=1, changes=5, one_host=True,
    expected={
        "contact": {"first_name": text("first_name"), "last_name": text("last_name"), "email": primary("emails"),
                    "phone": primary("phones"), "owner_id": number("owner_id"), "company_id": number("org_id")},
        "company": {"name": text("name"), "website": text("website"), "employee_count": money("employee_count"),
                    "owner_id": number("owner_id")},
        "deal": {"name": text("title"), "amount": money("value"), "stage": number("stage_id"),
                 "pipeline": number("pipeline_id"), "currency": text("currency"), "owner_id": number("owner_id"),
                 "is_won": lambda raw: raw["status"] == "won", "company_id": number("org_id")},
    },
    customs=lambda raw: {name: value for name, value in raw["custom_fields"].items() if value is not None},
    linked={"contact": lambda raw: _present(("organizations", raw["org_id"])),
            "deal": lambda raw: _present(("organizations", raw["org_id"]), ("persons", raw["person_id"]),
                                         *(("persons", id) for id in raw["participants"]))},
    enriched=with_participants,
    join=lambda deal, contact: {"op": "add_participant", "deal": deal, "person": contact},
    people_calls=lambda deals, _: sum(bool(raw["participants"]) for raw in deals),
    new={"contact": {"name": "New Person {n}", "emails": [{"value": "new@made.test", "primary": True}]},
         "company": {"name": "New company {n}"}, "deal": {"title": "New deal {n}", "value": 500}},
    changed={"contact": {"name": "Renamed Person {n}"}, "company": {"name": "Renamed {n}"},
             "deal": {"title": "Renamed {n}", "value": 900}},
    companys=lambda id: {"org_id": int(id)},
    reached_at=lambda email: {"emails": [{"value": email, "primary": True, "label": "work"}]},
    channels=lambda state: [hook["id"] for hook in first(state["companies"])["webhooks"] if hook["is_active"]],
    has_channel=True,
    drought=lambda sim: sim.settings(daily=1),
    rain=lambda sim: sim.settings(daily=240_000),
)  # fmt: skip


def with_living_roles(sim: Running, object: str, truth: Json) -> Json:
    """Roles of contacts in the recycle bin are not shown."""
    if object == "Deals":
        living = {str(id) for id in sim.state(object="Contacts", ids_only=1, limit=1_000_000)["live"]}
        for raw in truth["live"]:
            raw["contact_roles"] = {id: role for id, role in raw.get("contact_roles", {}).items() if id in living}
    return truth


def _pages_of_roles(deals: list[Json], all: bool) -> int:
    """2,000 roles a query for every 2,000 deals that are listed; of some deals, which lie anywhere, 50 in a query."""
    ahead = sorted(deals, key=lambda raw: int(raw["id"]))
    if not all:
        return ceil(len(ahead) / 50)
    stretches = [ahead[start : start + 2_000] for start in range(0, len(ahead), 2_000)]
    return sum(ceil(sum(len(raw.get("contact_roles", ())) for raw in stretch) / 2_000) or 1 for stretch in stretches)


_ZOHO_HOSTS = ("accounts.zoho.com", "accounts.zoho.eu", "accounts.zoho.in", "accounts.zoho.com.au", "accounts.zoho.jp")

ZOHO = Dialect(
    contact="Contacts", company="Accounts", deal="Deals", account="1",
    client_id="1000.SIMULATORCLIENT", pages=(2_000, 2_000, 2_000), changes=6,
    mergeable=("contact", "company"), merged="deleted", options={"leads": 0},
    login_paths=tuple(f"/{host}" for host in _ZOHO_HOSTS),
    expected={
        "contact": {"first_name": text("First_Name"), "last_name": text("Last_Name"),
                    "email": text("Email"),
                    "title": text("Title"), "lead_source": text("Lead_Source"), "owner_id": points("Owner"),
                    "company_id": points("Account_Name")},
        "company": {"name": text("Account_Name"), "website": text("Website"), "industry": text("Industry"),
                    "employee_count": money("Employees"), "annual_revenue": money("Annual_Revenue"),
                    "owner_id": points("Owner")},
        "deal": {"name": text("Deal_Name"), "amount": money("Amount"), "stage": text("Stage"),
                 "probability": money("Probability"),
                 "owner_id": points("Owner"), "company_id": points("Account_Name")},
    },
    customs=_named("Legacy_Number"),
    linked={"contact": lambda raw: _present(("Accounts", points("Account_Name")(raw))),
            "deal": lambda raw: _present(("Accounts", points("Account_Name")(raw)),
                                         ("Contacts", points("Contact_Name")(raw)),
                                         *(("Contacts", id) for id in raw.get("contact_roles", ())))},
    enriched=with_living_roles,
    join=lambda deal, contact: {"op": "add_role", "deal": deal, "contact": contact, "role": "Influencer"},
    roles=lambda raw: {(id, role) for id, role in raw["contact_roles"].items() if role},
    people_calls=_pages_of_roles,
    new={"contact": {"Last_Name": "Person {n}", "Email": "new{m}.{n}@made.test"},
         "company": {"Account_Name": "New company {n}"},
         "deal": {"Deal_Name": "New deal {n}", "Stage": "Qualification", "Pipeline": "Standard (Standard)",
                  "Amount": 500}},
    changed={"contact": {"Last_Name": "Renamed {n}", "Title": "Boss {n}"}, "company": {"Account_Name": "Renamed {n}"},
             "deal": {"Deal_Name": "Renamed {n}", "Amount": 900}},
    companys=lambda id: {"Account_Name": {"id": id}},
    channels=lambda state: [channel["id"] for channel in first(state["orgs"])["channels"]],
    has_channel=True,
    home=lambda url: f"{url}/www.zohoapis.eu",
    drought=lambda sim: sim.settings(daily_credits=1),
    rain=lambda sim: sim.settings(daily_credits=55_000),
)  # fmt: skip

DIALECTS: Mapping[str, Dialect] = {
    "hubspot": HUBSPOT, "salesforce": SALESFORCE, "pipedrive": PIPEDRIVE, "zoho": ZOHO,
}  # fmt: skip
"""A CRM joins these tests with an entry here."""


def differences(dialect: Dialect, kind: str, truth: Json, stored: Mapping[str, Any]) -> Iterator[str]:
    """In what our records of a kind are not the CRM's: who lives, fields, custom fields, links."""
    live = {str(raw[dialect.id]): raw for raw in truth["live"]}
    ours = {id for id, one in stored.items() if _lives(dialect, kind, one, live.get(id))}
    yield from (f"{kind} {id} is missing" for id in sorted(live.keys() - ours))
    yield from (f"{kind} {id} lives only here" for id in sorted(ours - live.keys()))
    for id in live.keys() & ours:
        yield from unequal(dialect, kind, live[id], stored[id].record)


def _lives(dialect: Dialect, kind: str, one: Any, raw: Json) -> bool:
    """An archived deal of Pipedrive's lives there, and is archived here."""
    archived = dialect is PIPEDRIVE and kind == "deal" and bool(raw and raw["is_archived"])
    return str(one.record.state) == ("archived" if archived else "live")


def unequal(dialect: Dialect, kind: str, raw: Json, record: Any) -> Iterator[str]:
    values, id = dialect.values(raw), record.external_id
    for name, expected in dialect.expected[kind].items():
        held, wanted = record.fields.get(name), expected(values)
        if name not in record.odd and (held if held != "" else None) != wanted:
            yield f"{kind} {id} {name}: {held!r}, in the CRM {wanted!r}"
    for name, wanted in dialect.customs(values).items():
        if record.custom_fields.get(name) != wanted:
            yield f"{kind} {id} {name}: {record.custom_fields.get(name)!r}, in the CRM {wanted!r}"
    yield from unequal_links(dialect, kind, raw, record)


def unequal_links(dialect: Dialect, kind: str, raw: Json, record: Any) -> Iterator[str]:
    """Of companies none are asked for: contacts and deals own them."""
    id = record.external_id
    if kind in dialect.linked:
        wanted_links = dialect.linked[kind](raw)
        held_links = {(link.object, link.external_id) for links in record.links.values() for link in links}
        if held_links != wanted_links:
            yield f"{kind} {id} links to {sorted(held_links)}, in the CRM to {sorted(wanted_links)}"
    if kind == "deal" and dialect.roles:
        held_roles = {(one.value, one.label) for one in record.fields.get("contact_roles") or ()}
        if held_roles != dialect.roles(raw):
            yield f"{kind} {id} has the roles {sorted(held_roles)}, in the CRM {sorted(dialect.roles(raw))}"
