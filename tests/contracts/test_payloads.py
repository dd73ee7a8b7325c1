"""Every recorded payload parses, and says what happened: a person made, a deal changed, a company gone, two merged."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crmbridge.domain.changes import Delivery, What
from crmbridge.domain.errors import MalformedPayload
from crmbridge.platforms.registry import PLATFORMS
from hypothesis import given
from hypothesis import strategies as st

PAYLOADS = Path(__file__).with_name("payloads")
FILES = sorted(PAYLOADS.iterdir())
TOLD: Mapping[str, tuple[str, str, str]] = {
    "hubspot_company_deleted": ("deleted", "companies", "210000000011"),
    "hubspot_contact_created": ("created", "contacts", "210000000059"),
    "hubspot_contact_merged": ("merged", "contacts", "210000000060"),
    "hubspot_deal_changed": ("updated", "deals", "210000000003"),
    "pipedrive_company_deleted": ("deleted", "organizations", "4"),
    "pipedrive_contact_created": ("created", "persons", "13"),
    "pipedrive_contact_merged": ("merged", "persons", "2"),
    "pipedrive_contact_merged_into": ("merged", "persons", "2"),
    "pipedrive_deal_changed": ("updated", "deals", "1"),
    "salesforce_contact_created": ("updated", "Contact", "0035g000002hppUAAQ"),
    "salesforce_contact_merged": ("updated", "Contact", "0035g000002hppKAAQ"),
    "salesforce_deal_changed": ("updated", "Opportunity", "0065g000002hppIAAQ"),
    "zoho_company_deleted": ("deleted", "Accounts", "4150868000000010513"),
    "zoho_contact_created": ("created", "Contacts", "4150868000000010588"),
    "zoho_contact_merged": ("deleted", "Contacts", "4150868000000010518"),
    "zoho_deal_changed": ("updated", "Deals", "4150868000000010578"),
}
"""What the first of its changes is. Outbound messages do not tell a new record from a changed one, and Zoho does not
tell a merge from a deletion."""


def delivery(body: bytes) -> Delivery:
    return Delivery("POST", "https://hooks.example.test/x", {}, body, datetime(2026, 11, 20, tzinfo=UTC))


def test_every_payload_is_spoken_of_and_every_platform_has_some() -> None:
    assert {path.stem for path in FILES} == set(TOLD)
    assert {path.stem.partition("_")[0] for path in FILES} == set(PLATFORMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_payload_says_what_happened(path: Path) -> None:
    webhook = PLATFORMS[path.stem.partition("_")[0]].webhook

    changes = webhook.parse(delivery(path.read_bytes()))

    first = changes[0]
    assert (str(first.what), first.object, first.external_id) == TOLD[path.stem]
    assert {change.external_id for change in changes} == {first.external_id}
    assert all(change.account for change in changes) or webhook.claims(delivery(path.read_bytes())).channel


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@given(data=st.data())
def test_a_payload_that_was_cut_or_changed_is_malformed_or_survives(path: Path, data: st.DataObject) -> None:
    body = path.read_bytes()
    at = data.draw(st.integers(0, len(body) - 1))
    damaged = data.draw(st.sampled_from([body[:at], body[:at] + b"\x00" + body[at + 1 :], body[at:], body * 2]))
    webhook = PLATFORMS[path.stem.partition("_")[0]].webhook

    webhook.claims(delivery(damaged))
    try:
        changes = webhook.parse(delivery(damaged))
    except MalformedPayload:
        return
    assert all(change.what in set(What) for change in changes)
