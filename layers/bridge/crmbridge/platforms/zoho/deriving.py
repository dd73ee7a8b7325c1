"""Fields that no single remote field fills: addresses, who somebody is, what a stage says, how long a call was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from crmbridge.domain.directories import ReadContext, Stage
from crmbridge.domain.records import Labelled, Value
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.draft import Derive, Reading
from crmbridge.platforms.zoho.objects import ACTIVITY_TYPES
from crmbridge.platforms.zoho.values import to_duration


def derive_addresses(reading: Reading) -> None:
    """A mobile number alone is the phone; a second address alone is still the second."""
    fields = reading.fields
    _derive_list(reading, "email", "emails", "Email", ("secondary", "Secondary_Email"), fields.get("email"))
    mobile = reading.raw.get("Mobile")
    main = fields.get("phone") or (mobile.strip() or None if isinstance(mobile, str) else None)
    if "phone" not in reading.odd and ("phone" in fields or main):
        fields["phone"] = main
    _derive_list(reading, "phone", "phones", "Phone", ("mobile", "Mobile"), main)


def _derive_list(reading: Reading, scalar: str, name: str, key: str, other: tuple[str, str], main: Value) -> None:
    label, second = other
    text = _text(reading, name, second)
    if scalar in reading.odd:
        if text:
            reading.custom[second] = text
        return
    if key not in reading.raw and not text:
        return
    found: dict[str, Labelled] = {}
    for told, value in (("", reading.raw.get(key)), (label, text)):
        if isinstance(value, str) and value and value not in found:
            found[value] = Labelled(value, told, value == main)
    reading.fields[name] = tuple(found.values())


def _text(reading: Reading, name: str, key: str) -> str | None:
    """Of a second address; one that is no text is kept as it came."""
    value = reading.raw.get(key)
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    reading.odd.add(name)
    reading.custom[key] = value
    return None


def derive_contact(reading: Reading) -> None:
    reading.fields["subtype"] = "contact"
    if (companies := reading.links.get("Accounts")) is not None:
        reading.fields["company_ids"] = tuple(link.external_id for link in companies)


def derive_lead(reading: Reading) -> None:
    """A lead is at the stage "lead" by being one; how far it has come, the customer's own statuses say."""
    reading.fields["subtype"] = "lead"
    reading.fields["lifecycle_stage"] = "lead"
    if "lead_status" in reading.fields and "lead_status" not in reading.odd:
        reading.fields["lifecycle_raw"] = reading.fields["lead_status"]


def derive_domain(reading: Reading) -> None:
    """`https://www.nordlicht.test/about` and `nordlicht.test` are the same domain."""
    if "website" not in reading.fields or "website" in reading.odd:
        return
    website = str(reading.fields["website"] or "").strip()
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        host = None
    reading.fields["domain"] = host.removeprefix("www.") if host else None


def derive_stage(reading: Reading) -> None:
    """A deal holds the stage's label. Whether that is won or lost, only the stage knows."""
    fields, told = reading.fields, reading.fields.get("stage")
    if "pipeline" in fields:
        fields["pipeline_label"] = fields["pipeline"]
    if not isinstance(told, str):
        return
    stage = stage_of(reading.context, told)
    if stage is None:
        fields["stage_label"] = told
        return
    fields["stage"], fields["stage_label"] = stage.id, stage.label
    fields["is_closed"], fields["is_won"] = stage.is_closed, stage.is_won
    if stage.pipeline_label and not fields.get("pipeline"):
        fields["pipeline"], fields["pipeline_label"] = stage.pipeline, stage.pipeline_label
    if fields.get("probability") is None and stage.probability is not None:
        fields["probability"] = stage.probability


def stage_of(context: ReadContext, told: str) -> Stage | None:
    """By its label; where an account answers with the name that the stage had at first, by that."""
    if told in context.stages:
        return context.stages[told]
    known = context.fields.get("Stage")
    label = next((option.label for option in known.options if option.value == told), "") if known else ""
    return context.stages.get(label)


def derive_roles(reading: Reading) -> None:
    if (contacts := reading.links.get("Contacts")) is not None:
        reading.fields["contact_roles"] = tuple(
            Labelled(link.external_id, link.label, link.primary) for link in contacts if link.label
        )


def derive_money(reading: Reading) -> None:
    """Without several currencies a deal has none of its own; then its amount is the amount at home, too."""
    fields, account = reading.fields, reading.context.account
    if account is None or not account.currency or not ("amount" in fields or "currency" in fields):
        return
    fields["home_currency"] = account.currency
    fields["currency"] = fields.get("currency") or account.currency
    if "amount" in fields and "amount" not in reading.odd and fields["currency"] == account.currency:
        fields["amount_home"] = fields["amount"]


def derive_task(reading: Reading) -> None:
    reading.fields["type"] = "task"


def derive_activity(reading: Reading) -> None:
    reading.fields["type"] = ACTIVITY_TYPES.get(reading.object, "other")


def derive_call(reading: Reading) -> None:
    """What a person chose as the result comes before what became of the call."""
    fields, raw = reading.fields, reading.raw
    if fields.get("duration_seconds") is None and raw.get("Call_Duration") is not None:
        try:
            fields["duration_seconds"] = to_duration(raw["Call_Duration"])
        except ValueError:
            reading.odd.add("duration_seconds")
    if fields.get("outcome") is None:
        status = raw.get("Outbound_Call_Status")
        missed = "missed" if raw.get("Call_Type") == "Missed" else None
        if isinstance(status, str) or missed:
            fields["outcome"] = missed or str(status).lower()


def derive_meeting(reading: Reading) -> None:
    start = reading.fields.get("occurred_at")
    try:
        end = to_instant(reading.raw.get("End_DateTime"))
    except ValueError:
        return
    if isinstance(start, datetime) and end >= start:
        reading.fields["duration_seconds"] = int((end - start).total_seconds())


DERIVE: Final[Mapping[str, tuple[Derive, ...]]] = {
    "Accounts": (derive_domain,),
    "Contacts": (derive_addresses, derive_contact),
    "Leads": (derive_addresses, derive_lead),
    "Deals": (derive_stage, derive_money, derive_roles),
    "Tasks": (derive_task,),
    "Calls": (derive_activity, derive_call),
    "Events": (derive_activity, derive_meeting),
    "Notes": (derive_activity,),
}
