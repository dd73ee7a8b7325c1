"""Fields that no single remote field fills: lists of addresses, who somebody is, when something happened."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final
from urllib.parse import urlsplit

from crmbridge.domain.directories import Stage
from crmbridge.domain.records import Kind, Labelled
from crmbridge.platforms.conversions import to_moment, to_number, zone_of
from crmbridge.platforms.draft import Derive, Reading
from crmbridge.platforms.salesforce.objects import ACTIVITY_TYPES, CONTENT

PHONES: Final = (("mobile", "MobilePhone"), ("home", "HomePhone"), ("other", "OtherPhone"))
NOON: Final = time(12)


def derive_addresses(reading: Reading) -> None:
    """A mobile number alone is the phone."""
    if "email" in reading.fields:
        email = reading.fields["email"]
        reading.fields["emails"] = (Labelled(email, "", True),) if isinstance(email, str) and email else ()
    told = [("work", reading.fields.get("phone"))] if "phone" in reading.fields else []
    told += [(label, reading.text(key)) for label, key in PHONES if key in reading.raw]
    if told and "phone" not in reading.odd:
        numbers = [(label, number) for label, number in told if isinstance(number, str) and number]
        main = numbers[0][1] if numbers else None
        found = {number: Labelled(number, label, number == main) for label, number in reversed(numbers)}
        reading.fields["phone"] = main
        reading.fields["phones"] = tuple(reversed(found.values()))


def derive_contact(reading: Reading) -> None:
    is_person = reading.raw.get("IsPersonAccount") is True
    reading.fields["subtype"] = "person_account" if is_person else "contact"
    _derive_company(reading)
    companies = reading.links.get("Account")
    if companies is not None:
        reading.fields["company_ids"] = tuple(link.external_id for link in companies)


def _derive_company(reading: Reading) -> None:
    """A person account is no company, so its id stays where it was."""
    companies = reading.links.get("Account")
    if companies is None or "company_id" in reading.odd:
        return
    reading.fields["company_id"] = companies[0].external_id if companies else None
    if not companies and reading.raw.get("AccountId") not in (None, ""):
        reading.custom["AccountId"] = reading.raw["AccountId"]


def derive_lead(reading: Reading) -> None:
    """A lead is at the stage "lead" by being one; how far it has come, the customer's own statuses say."""
    reading.fields["subtype"] = "lead"
    reading.fields["lifecycle_stage"] = "lead"
    if "lead_status" in reading.fields and "lead_status" not in reading.odd:
        reading.fields["lifecycle_raw"] = reading.fields["lead_status"]


def derive_domain(reading: Reading) -> None:
    """`https://www.nordlicht.example/about` and `nordlicht.example` are the same domain."""
    website = reading.text("Website")
    if "Website" not in reading.raw:
        return
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname if website else None
    except ValueError:
        host = None
    reading.fields["domain"] = host.removeprefix("www.") if host else None


def derive_deal_links(reading: Reading) -> None:
    _derive_company(reading)
    contacts = reading.links.get("Contact")
    if contacts is not None:
        reading.fields["contact_roles"] = tuple(
            Labelled(link.external_id, link.label, link.primary) for link in contacts if link.label
        )


def derive_money(reading: Reading) -> None:
    """An org with one currency has no field for it; then a deal's amount is the amount at home, too."""
    fields, account = reading.fields, reading.context.account
    if account is None or not account.currency:
        return
    if "amount" in fields or "currency" in fields:
        fields["home_currency"] = account.currency
        fields["currency"] = fields.get("currency") or account.currency
    if "amount" in fields and "amount" not in reading.odd and fields["currency"] == account.currency:
        fields["amount_home"] = fields["amount"]


def derive_stage(reading: Reading) -> None:
    """The deal's own flags come first: they are calculated from its stage at once."""
    fields = reading.fields
    stage = stage_of(reading.context.stages, fields.get("stage"))
    if stage is None:
        return
    fields["stage_label"] = stage.label
    if fields.get("is_closed") is None:
        fields["is_closed"] = stage.is_closed
    if fields.get("is_won") is None:
        fields["is_won"] = stage.is_won
    if fields.get("probability") is None and stage.probability is not None:
        fields["probability"] = stage.probability


def stage_of(stages: Mapping[str, Stage], name: Any) -> Stage | None:
    """By the value a deal holds, else by label: the two are the same until somebody renames a stage."""
    if not isinstance(name, str):
        return None
    found = stages.get(name)
    return found or next((stage for stage in stages.values() if stage.label.casefold() == name.casefold()), None)


def derive_logged(reading: Reading) -> None:
    reading.fields["type"] = ACTIVITY_TYPES.get(str(reading.raw.get("TaskSubtype")), "other")


def derive_moment(reading: Reading) -> None:
    """A task has the day of the call, and the instant at which it was closed: together when that was the same day."""
    if "ActivityDate" not in reading.raw:
        return
    zone = zone_of(reading.context.account.time_zone if reading.context.account else "UTC")
    day, closed = _moment(reading.raw["ActivityDate"]), _moment(reading.raw.get("CompletedDateTime"))
    if not isinstance(day, date):
        reading.fields["occurred_at"] = closed if isinstance(closed, datetime) else _created(reading)
        return
    try:
        same_day = isinstance(closed, datetime) and closed.astimezone(zone).date() == day
        noon = datetime.combine(day, NOON, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return
    reading.fields["occurred_at"] = closed if same_day else noon


def _created(reading: Reading) -> datetime | None:
    created = _moment(reading.raw.get("CreatedDate"))
    return created if isinstance(created, datetime) else None


def derive_note(reading: Reading) -> None:
    """Of a long one whose text could not be had, the beginning is kept."""
    reading.fields["type"] = "note"
    if isinstance(whole := reading.raw.get(CONTENT), str):
        reading.fields["body"] = whole
    elif CONTENT in reading.raw:
        reading.odd.add("body")


def derive_meeting(reading: Reading) -> None:
    reading.fields["type"] = "meeting"
    if "DurationInMinutes" in reading.raw:
        try:
            reading.fields["duration_seconds"] = int(to_number(reading.raw["DurationInMinutes"]) * 60)
        except ValueError:
            reading.fields["duration_seconds"] = None


def _moment(value: Any) -> date | datetime | None:
    try:
        return to_moment(value)
    except ValueError:
        return None


DERIVE: Final[Mapping[tuple[str, Kind], tuple[Derive, ...]]] = {
    ("Account", Kind.COMPANY): (derive_domain,),
    ("Contact", Kind.CONTACT): (derive_addresses, derive_contact),
    ("Lead", Kind.CONTACT): (derive_addresses, derive_lead),
    ("Opportunity", Kind.DEAL): (derive_deal_links, derive_money, derive_stage),
    ("Task", Kind.ACTIVITY): (derive_logged, derive_moment),
    ("ContentNote", Kind.ACTIVITY): (derive_note,),
    ("Event", Kind.ACTIVITY): (derive_meeting,),
}
