"""Fields that no single property fills: lists of addresses, companies out of links, closed and won out of stages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from crmbridge.domain.records import Labelled, Link, Value
from crmbridge.platforms.conversions import to_text
from crmbridge.platforms.draft import Derive, Reading
from crmbridge.platforms.hubspot.values import to_instant
from crmbridge.platforms.hubspot.words import ACTIVITY_TYPES, LIFECYCLES


def derive_addresses(reading: Reading) -> None:
    """`hs_additional_emails` holds the others, divided by semicolons; a mobile number is a second phone."""
    if "email" in reading.fields:
        email, others = reading.fields["email"], reading.text("hs_additional_emails")
        further = [("additional", other.strip()) for other in others.split(";")] if others else []
        reading.fields["emails"] = _labelled([("", email), *further], primary=email)
    if "phone" in reading.fields or "mobilephone" in reading.raw:
        work, mobile = reading.fields.get("phone"), reading.text("mobilephone")
        reading.fields["phone"] = work or mobile
        reading.fields["phones"] = _labelled([("work", work), ("mobile", mobile)], primary=work or mobile)


def _labelled(pairs: list[tuple[str, Value]], *, primary: Value) -> tuple[Labelled, ...]:
    found: dict[str, Labelled] = {}
    for label, value in pairs:
        if isinstance(value, str) and value and value not in found:
            found[value] = Labelled(value, label, value == primary)
    return tuple(found.values())


def derive_lifecycle(reading: Reading) -> None:
    if "lifecycle_stage" in reading.fields:
        raw = reading.fields["lifecycle_stage"]
        reading.fields["lifecycle_raw"] = raw
        reading.fields["lifecycle_stage"] = LIFECYCLES.get(raw, "other") if isinstance(raw, str) else None
    reading.fields["subtype"] = "contact"


def derive_companies(reading: Reading) -> None:
    """Links that were read tell more than `associatedcompanyid`, which lags behind them."""
    links = reading.links.get("companies")
    if links is None:
        return
    reading.fields["company_ids"] = tuple(link.external_id for link in links)
    reading.fields["company_id"] = _main(links, reading.fields.get("company_id"))


def derive_deal_links(reading: Reading) -> None:
    if (companies := reading.links.get("companies")) is not None:
        reading.fields["company_id"] = _main(companies, None)
    if (contacts := reading.links.get("contacts")) is not None:
        reading.fields["contact_roles"] = tuple(
            Labelled(link.external_id, link.label, link.primary) for link in contacts if link.label
        )


def _main(links: tuple[Link, ...], known: Value) -> str | None:
    """The primary one, not the first; one alone needs no label, and of several the CRM may name one elsewhere."""
    for link in links:
        if link.primary:
            return link.external_id
    if len(links) == 1:
        return links[0].external_id
    return next((link.external_id for link in links if link.external_id == known), None)


def derive_money(reading: Reading) -> None:
    """Without a currency of its own a deal is in the account's; then its amount is the amount at home, too."""
    fields, account = reading.fields, reading.context.account
    if account is None or not account.currency:
        return
    if "amount" in fields or "currency" in fields:
        fields["home_currency"] = account.currency
        fields["currency"] = fields.get("currency") or account.currency
    at_home = "amount" in fields and "amount" not in reading.odd and fields["currency"] == account.currency
    if at_home and fields.get("amount_home") is None:
        fields["amount_home"] = fields["amount"]


def derive_stage(reading: Reading) -> None:
    """A stage's own facts come first: the calculated properties lag a moment behind a move. A probability may have
    been overridden on the deal, so there the property comes first."""
    fields, context = reading.fields, reading.context
    stage = context.stages.get(str(fields.get("stage")))
    if stage is None:
        return
    fields["stage_label"], fields["pipeline_label"] = stage.label, stage.pipeline_label
    if "is_closed" not in reading.odd:
        fields["is_closed"] = stage.is_closed
    if "is_won" not in reading.odd:
        fields["is_won"] = stage.is_won
    if fields.get("probability") is None and stage.probability is not None:
        fields["probability"] = stage.probability


def derive_activity(reading: Reading) -> None:
    reading.fields["type"] = ACTIVITY_TYPES[reading.object]


def derive_call_outcome(reading: Reading) -> None:
    """The disposition is what a person chose; the status is what the line did."""
    if reading.fields.get("outcome") is None and "hs_call_status" in reading.raw:
        status = reading.text("hs_call_status")
        reading.fields["outcome"] = status.lower() if status else None


def derive_meeting(reading: Reading) -> None:
    outcome = reading.fields.get("outcome")
    if isinstance(outcome, str):
        reading.fields["outcome"] = outcome.lower()
    start, end = (_moment(reading, f"hs_meeting_{edge}_time") for edge in ("start", "end"))
    if start and end and end >= start:
        reading.fields["duration_seconds"] = int((end - start).total_seconds())
    if start and reading.fields.get("occurred_at") is None:
        reading.fields["occurred_at"] = start


def derive_email(reading: Reading) -> None:
    if reading.fields.get("body") is None and "hs_email_text" in reading.raw:
        reading.fields["body"] = reading.text("hs_email_text")
    outcome = reading.fields.get("outcome")
    if isinstance(outcome, str):
        reading.fields["outcome"] = outcome.lower()


def _moment(reading: Reading, key: str) -> datetime | None:
    try:
        return to_instant(to_text(reading.raw.get(key)))
    except ValueError:
        return None


DERIVE: Final[Mapping[str, tuple[Derive, ...]]] = {
    "contacts": (derive_addresses, derive_lifecycle, derive_companies),
    "deals": (derive_deal_links, derive_money, derive_stage),
    "calls": (derive_activity, derive_call_outcome),
    "notes": (derive_activity,),
    "meetings": (derive_activity, derive_meeting),
    "emails": (derive_activity, derive_email),
}
