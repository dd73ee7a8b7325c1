"""Fields that no single remote field fills: names, addresses, companies, and what a status says of a deal."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.records import Kind, Labelled
from crmbridge.platforms.conversions import day_in
from crmbridge.platforms.draft import Derive, Reading
from crmbridge.platforms.pipedrive.occasions import derive_activity, derive_note, derive_task
from crmbridge.platforms.pipedrive.values import to_day
from crmbridge.platforms.pipedrive.words import DEAL_STATUSES, WON


def derive_name(reading: Reading) -> None:
    """People have one name, which Pipedrive divides; where it does not, the last word is the family's. A name that is
    not just the two put together is kept, too."""
    fields, name = reading.fields, reading.raw.get("name")
    fields["subtype"] = "contact"
    if name is None:
        return
    if isinstance(name, str) and not (fields.get("first_name") or fields.get("last_name")):
        first, _, last = name.strip().rpartition(" ")
        fields["first_name"], fields["last_name"] = first.strip() or None, last or None
    if name != " ".join(str(fields[part]) for part in ("first_name", "last_name") if fields.get(part)):
        reading.custom["name"] = name


def derive_addresses(reading: Reading) -> None:
    for scalar, name in (("email", "emails"), ("phone", "phones")):
        if name not in reading.raw:
            continue
        found = _labelled(reading.raw[name])
        if found is None:
            reading.odd.add(name)
            reading.custom[name] = reading.raw[name]
            continue
        reading.fields[name] = found
        reading.fields[scalar] = next((entry.value for entry in found if entry.primary), None)


def _labelled(entries: Any) -> tuple[Labelled, ...] | None:
    """Each value once, exactly one of them primary: the flagged one, else the first. None: no such list."""
    if entries is None:
        return ()
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        return None
    told = [entry for entry in entries if entry["value"].strip()]
    primary = next((entry["value"].strip() for entry in told if entry.get("primary") is True), None)
    found: dict[str, Labelled] = {}
    for entry in told:
        value = entry["value"].strip()
        primary = primary or value
        found.setdefault(value, Labelled(value, str(entry.get("label") or ""), value == primary))
    return tuple(found.values())


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("value"), str)


def derive_company(reading: Reading) -> None:
    if (links := reading.links.get("organizations")) is not None:
        reading.fields["company_ids"] = tuple(link.external_id for link in links)


def derive_status(reading: Reading) -> None:
    """The status alone closes a deal: a lost one keeps its stage."""
    status = reading.raw.get("status")
    if status is None:
        return
    if not isinstance(status, str) or status not in DEAL_STATUSES:
        reading.odd |= {"is_closed", "is_won"}
        reading.custom["status"] = status
        return
    reading.fields["is_closed"], reading.fields["is_won"] = DEAL_STATUSES[status]


def derive_close_date(reading: Reading) -> None:
    """The day a closed deal was closed; of an open one, the day that people expect. A forecast that was overtaken is
    kept under its own name."""
    expected = reading.value("close_date", "expected_close_date", to_day)
    closed = None
    if reading.fields.get("is_closed"):
        closed = _closed_on(reading)
    if closed and reading.raw.get("expected_close_date") is not None:
        reading.custom["expected_close_date"] = reading.raw["expected_close_date"]
    if closed or "expected_close_date" in reading.raw:
        reading.fields["close_date"] = closed or expected


def _closed_on(reading: Reading) -> Any:
    for key, convert in (("local_close_date", to_day), ("close_time", day_in(reading.time_zone))):
        try:
            return convert(reading.raw.get(key))
        except ValueError:
            continue
    return None


def derive_money(reading: Reading) -> None:
    """Amounts have a currency of their own; in the account's it is the amount at home, too."""
    fields, account = reading.fields, reading.context.account
    if account is None or not account.currency or not ("amount" in fields or "currency" in fields):
        return
    fields["home_currency"] = account.currency
    fields["currency"] = fields.get("currency") or account.currency
    if "amount" in fields and "amount" not in reading.odd and fields["currency"] == account.currency:
        fields["amount_home"] = fields["amount"]


def derive_stage(reading: Reading) -> None:
    """Won is certain and lost is certain; otherwise the deal's own probability, else its stage's."""
    fields = reading.fields
    stage = reading.context.stages.get(str(fields.get("stage")))
    if stage is not None:
        fields["stage_label"], fields["pipeline_label"] = stage.label, stage.pipeline_label
        fields["pipeline"] = fields.get("pipeline") or stage.pipeline
        if fields.get("probability") is None and stage.probability is not None:
            fields["probability"] = Decimal(stage.probability)
    status = reading.raw.get("status")
    if "probability" not in reading.odd and fields.get("is_closed"):
        own = reading.raw.get("probability")
        fields["probability"] = Decimal(100 if status == WON else 0)
        if own is not None and own != fields["probability"]:
            reading.custom["probability"] = own


DERIVE: Final[Mapping[tuple[str, Kind], tuple[Derive, ...]]] = {
    ("persons", Kind.CONTACT): (derive_name, derive_addresses, derive_company),
    ("deals", Kind.DEAL): (derive_status, derive_close_date, derive_money, derive_stage),
    ("activities", Kind.TASK): (derive_task,),
    ("activities", Kind.ACTIVITY): (derive_activity,),
    ("notes", Kind.ACTIVITY): (derive_note,),
}
