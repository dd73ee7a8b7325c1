"""A record as a card: for one person, with what a member may see; for a channel, with what everybody may."""

from collections.abc import Mapping
from typing import Final

from crmbridge.chat.slack.blocks import Block, button, buttons, escaped, lines, link, section, small
from crmbridge.chat.slack.forms import UPDATED
from crmbridge.chat.slack.requests import LINK, OPEN
from crmbridge.domain.records import Json

KINDS: Final[Mapping[str, str]] = {
    "contact": "Contact", "company": "Company", "deal": "Deal", "task": "Task", "activity": "Activity",
}  # fmt: skip
BUTTONS: Final = (("Task", "create_task"), ("Log call", "log_call"), ("Note", "create_note"))
"""What can be done about any record: words, and the type of action whose form is opened."""

Shown = Mapping[str, Json]
"""A record as `show_records` gives it."""


def reference(shown: Shown) -> str:
    """Names the record in a button: fits into the 150 characters of an option."""
    return f"{shown['connection']}/{shown['object']}/{shown['external_id']}"


def name_of(shown: Shown) -> str:
    fields = shown["fields"]
    person = " ".join(str(fields[part]) for part in ("first_name", "last_name") if fields.get(part))
    return str(fields.get("name") or person or fields.get("subject") or f"{shown['kind']} {shown['external_id']}")


def private_card(shown: Shown) -> list[Block]:
    """For the one who asked, a member of the workspace."""
    fields = shown["fields"]
    contact = (fields.get("email"), fields.get("phone"), fields.get("title"), fields.get("company_name"))
    company = (fields.get("domain"), fields.get("industry"))
    deal = (_stage(fields), _amount(fields), fields.get("close_date"))
    told = {"contact": contact, "company": company, "deal": deal}.get(str(shown["kind"]), ())
    return _card(shown, [*told, fields.get("owner_name")])


def choice(shown: Shown) -> list[Block]:
    """To link a channel to this record or another."""
    kind = KINDS.get(str(shown["kind"]), "")
    told = section(f"{link(str(shown.get('url') or ''), name_of(shown))} · {kind} in {escaped(shown['platform'])}")
    return [told | {"accessory": button("Link", LINK, reference(shown))}]


def public_card(shown: Shown, *, amounts: bool) -> list[Block]:
    """Name, kind and stage; no address, no number of a person. Amounts where the workspace lets them be shown."""
    fields = shown["fields"]
    return _card(shown, [_stage(fields), _amount(fields) if amounts else None])


def _card(shown: Shown, told: list[Json]) -> list[Block]:
    kind = str(shown["kind"])
    title = f"{link(str(shown.get('url') or ''), name_of(shown))}"
    details = " · ".join(escaped(one) for one in told if one)
    card = [section(lines(title, details)), small(f"{KINDS.get(kind, kind)} in {escaped(shown['platform'])}")]
    wanted = (("Update", f"update_{kind}"), *BUTTONS) if f"update_{kind}" in UPDATED else ()
    opening = [button(words, f"{OPEN}{type}", reference(shown)) for words, type in wanted]
    return [*card, buttons(*opening)] if opening else card


def _stage(fields: Mapping[str, Json]) -> Json:
    return fields.get("stage_label") or fields.get("stage")


def _amount(fields: Mapping[str, Json]) -> str | None:
    if fields.get("amount") is None:
        return None
    return f"{fields['amount']} {fields.get('currency') or ''}".strip()
