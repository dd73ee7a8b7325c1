"""The records of the pretended account: as many properties as HubSpot's accounts really fill in, some of them empty."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

Json = dict[str, Any]

FIRST: Final = ("Ada", "Bruno", "Chiara", "Dmitri", "Élodie", "Farid", "Grace", "Hiro", "Ines", "Jürgen")
LAST: Final = ("Abbot", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jones")
CITIES: Final = ("Berlin", "Lisboa", "Lyon", "Malmö", "Napoli", "Osaka", "Porto", "Quito", "Recife", "Seattle")
STATUSES: Final = ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", None, None)
LIFECYCLES: Final = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "customer")
STAGES: Final = ("appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon", "closedlost")
INDUSTRIES: Final = ("COMPUTER_SOFTWARE", "RETAIL", "BANKING", "FARMING", None)
SINGULAR: Final = {"contacts": "contact", "companies": "company", "deals": "deal"}


def sizes(records: int) -> dict[str, int]:
    """Five contacts to one company and one deal."""
    few = records // 7
    return {"contacts": records - 2 * few, "companies": few, "deals": few}


def records(records: int) -> dict[str, Iterator[Json]]:
    """Per object its envelopes, in the order of their ids, the same ones every time."""
    made = sizes(records)
    return {object: _made(object, count, made) for object, count in made.items()}


def _made(object: str, count: int, made: Mapping[str, int]) -> Iterator[Json]:
    random = Random(object)
    for number in range(count):
        id = record_id(object, number)
        created, updated = _instant(random, 2024), _instant(random, 2026)
        modified = "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"
        properties = {
            **_PROPERTIES[object](random, number),
            "createdate": created,
            modified: updated,
            "hs_object_id": id,
            "hubspot_owner_id": str(random.randint(70_000_001, 70_000_020)),
        }
        yield {
            "id": id,
            "properties": dict(sorted(properties.items())),
            "createdAt": created,
            "updatedAt": updated,
            "archived": False,
            "associations": _associations(object, random, made),
        }


def record_id(object: str, number: int) -> str:
    return str({"contacts": 101, "companies": 9_000_000_001, "deals": 20_000_000_001}[object] + number * 7)


def _instant(random: Random, year: int) -> str:
    since = datetime(year, 1, 1, tzinfo=UTC) + timedelta(milliseconds=random.randrange(300 * 86_400_000))
    return since.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _associations(object: str, random: Random, made: Mapping[str, int]) -> Json:
    """As a listing tells them: the same company twice, once as the primary one. Four contacts in five have one."""
    wanted = {"contacts": {"companies": 0.8}, "deals": {"companies": 0.9, "contacts": 1.0}}.get(object, {})
    linked = [target for target, share in wanted.items() if made[target] and random.random() < share]
    return {target: {"results": _ends(object, target, random, made[target])} for target in linked}


def _ends(object: str, target: str, random: Random, count: int) -> list[Json]:
    id = record_id(target, random.randrange(count))
    plain = f"{SINGULAR[object]}_to_{SINGULAR[target]}"
    types = (plain, f"{plain}_unlabeled") if target == "companies" else (plain,)
    return [{"id": id, "type": type} for type in types]


def _contact(random: Random, number: int) -> Json:
    first, last, city = random.choice(FIRST), random.choice(LAST), random.choice(CITIES)
    return {
        "firstname": first, "lastname": last, "email": f"{first}.{last}.{number}@example.com".lower(),
        "phone": f"+49 30 {random.randint(100_000, 999_999)}", "mobilephone": None,
        "jobtitle": random.choice(("Head of Sales", "Engineer", "Buyer", None)), "company": f"{last} GmbH",
        "lifecyclestage": random.choice(LIFECYCLES), "hs_lead_status": random.choice(STATUSES),
        "hs_analytics_source": random.choice(("ORGANIC_SEARCH", "DIRECT_TRAFFIC", "OFFLINE")),
        "associatedcompanyid": None, "city": city, "state": None, "zip": str(random.randint(10_000, 99_999)),
        "country": "Germany", "address": f"{random.choice(LAST)}straße {number % 200}", "website": None,
        "industry": random.choice(INDUSTRIES), "num_notes": str(random.randint(0, 40)),
        "num_contacted_notes": None, "notes_last_contacted": _instant(random, 2025),
        "hs_email_domain": "example.com", "hs_language": random.choice(("de", "en", None)),
        "hs_additional_emails": None, "hs_merged_object_ids": None, "message": None,
    }  # fmt: skip


def _company(random: Random, number: int) -> Json:
    name = f"{random.choice(LAST)} & {random.choice(LAST)} {number}"
    return {
        "name": name, "domain": f"company{number}.example.com", "website": f"https://company{number}.example.com",
        "phone": f"+33 1 {random.randint(100_000, 999_999)}", "city": random.choice(CITIES), "state": None,
        "zip": str(random.randint(10_000, 99_999)), "country": "France", "address": f"{number % 200} rue de la Paix",
        "address2": None, "industry": random.choice(INDUSTRIES), "numberofemployees": str(random.randint(1, 5_000)),
        "annualrevenue": str(random.randint(10_000, 90_000_000)), "lifecyclestage": random.choice(LIFECYCLES),
        "description": f"{name} makes and sells things in {random.choice(CITIES)} and wherever else it is asked to.",
        "founded_year": str(random.randint(1900, 2024)), "is_public": random.choice(("true", "false")),
        "timezone": "Europe/Paris", "type": random.choice(("PROSPECT", "PARTNER", None)), "facebook_company_page": None,
        "linkedin_company_page": f"https://www.linkedin.com/company/{number}", "twitterhandle": None,
        "num_associated_contacts": str(random.randint(0, 30)), "num_associated_deals": str(random.randint(0, 9)),
        "hs_num_open_deals": str(random.randint(0, 3)), "hs_analytics_source": "OFFLINE", "web_technologies": None,
        "recent_deal_amount": None, "total_money_raised": None, "total_revenue": None, "hs_merged_object_ids": None,
    }  # fmt: skip


def _deal(random: Random, number: int) -> Json:
    stage = random.choice(STAGES)
    return {
        "dealname": f"{random.choice(LAST)} - {number} seats", "dealstage": stage, "pipeline": "default",
        "amount": str(random.randint(100, 250_000)), "deal_currency_code": "EUR", "amount_in_home_currency": None,
        "closedate": _instant(random, 2026), "hs_deal_stage_probability": "0.4",
        "hs_is_closed": str(stage.startswith("closed")).lower(), "hs_is_closed_won": str(stage == "closedwon").lower(),
        "dealtype": random.choice(("newbusiness", "existingbusiness", None)), "description": None,
        "hs_priority": random.choice(("low", "medium", "high", None)), "hs_merged_object_ids": None,
        "num_associated_contacts": "1", "num_notes": str(random.randint(0, 12)),
    }  # fmt: skip


_PROPERTIES: Final = {"contacts": _contact, "companies": _company, "deals": _deal}
