"""The values that HubSpot works out itself when others change."""

from collections.abc import Mapping

from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.schema import ObjectType


def derive(
    portal: Portal, kind: ObjectType, before: Mapping[str, str], after: Mapping[str, str], now: str
) -> dict[str, str | None]:
    """What to write on top of `after`, only where it differs."""
    wanted: dict[str, str | None] = {}
    if kind.name == "contacts":
        wanted = _contact(after) | _other_addresses(before, after)
    elif kind.name == "deals":
        wanted = _deal(portal, kind, before, after, now)
    elif kind.name == "tickets":
        wanted = _ticket(portal, kind, after, now)
    elif kind.name == "tasks":
        wanted = _task(before, after, now)
    if after.get("hubspot_owner_id") != before.get("hubspot_owner_id"):
        wanted["hubspot_owner_assigneddate"] = now if after.get("hubspot_owner_id") else None
    return {name: value for name, value in wanted.items() if after.get(name) != value}


def _contact(after: Mapping[str, str]) -> dict[str, str | None]:
    email = after.get("email")
    name = " ".join(part for part in (after.get("firstname"), after.get("lastname")) if part)
    digits = "".join(sign for sign in after.get("phone", "") if sign.isdigit())
    return {
        "hs_email_domain": email.partition("@")[2] if email else None,
        "hs_full_name_or_email": name or email,
        "hs_is_contact": "true",
        "hs_is_unworked": str("hubspot_owner_id" not in after).lower(),
        "hs_pipeline": "contacts-lifecycle-pipeline",
        "hs_all_contact_vids": after["hs_object_id"],
        "hs_searchable_calculated_phone_number": digits[-9:] or None,
    }


def _other_addresses(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """An additional address that becomes the first one changes places with it."""
    email, others = after.get("email", ""), after.get("hs_additional_emails", "").split(";")
    if email.casefold() not in map(str.casefold, others):
        return {}
    kept = [each for each in (*others, before.get("email", "")) if each and each.casefold() != email.casefold()]
    return {"hs_additional_emails": ";".join(dict.fromkeys(kept)) or None}


def _deal(
    portal: Portal, kind: ObjectType, before: Mapping[str, str], after: Mapping[str, str], now: str
) -> dict[str, str | None]:
    """A stage that the pipeline does not know (any more) leaves everything open."""
    pipeline = portal.pipeline(kind, after.get("pipeline"))
    stage = pipeline.stage(after.get("dealstage")) if pipeline else None
    closed, won = (stage.closed, stage.closed and float(stage.probability) == 1) if stage else (False, False)
    amount = after.get("amount")
    home = after.get("deal_currency_code", portal.account.currency) == portal.account.currency
    wanted = {
        "hs_deal_stage_probability": stage.probability if stage else None,
        "hs_is_closed": str(closed).lower(),
        "hs_is_closed_won": str(won).lower(),
        "hs_is_closed_lost": str(closed and not won).lower(),
        "amount_in_home_currency": amount if home or not amount else f"{float(amount) * 0.9:.2f}",
    }
    if closed and before.get("hs_is_closed") == "false" and before.get("closedate") == after.get("closedate"):
        return wanted | {"closedate": now}
    return wanted


def _ticket(portal: Portal, kind: ObjectType, after: Mapping[str, str], now: str) -> dict[str, str | None]:
    pipeline = portal.pipeline(kind, after.get(kind.pipeline))
    stage = pipeline.stage(after.get(kind.stage)) if pipeline else None
    closed = stage is not None and stage.closed
    marks: dict[str, str | None] = {"hs_ticket_id": after["hs_object_id"], "hs_is_closed": str(closed).lower()}
    return marks | {"closed_date": after.get("closed_date", now) if closed else None}


def _task(before: Mapping[str, str], after: Mapping[str, str], now: str) -> dict[str, str | None]:
    done = after.get("hs_task_status") == "COMPLETED"
    was_done = before.get("hs_task_status") == "COMPLETED"
    completed = after.get("hs_task_completion_date", now) if done and was_done else now
    return {"hs_task_completion_date": completed if done else None, "hs_task_is_completed": str(int(done))}
