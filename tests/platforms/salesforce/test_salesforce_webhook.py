"""Outbound messages: what they become, what they must prove, and what is refused before it is read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from crmbridge.domain.changes import Change, Delivery, WebhookSecret
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.domain.records import Kind, Link
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.soap import MAX_DEPTH

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ORG = "00D5g0000000001EAA"
URL = "https://hooks.example.test/v1/webhooks/salesforce/c1.acme/token?key=s3cret"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
)
TAIL = "</notifications></soapenv:Body></soapenv:Envelope>"


def notification(type: str, **fields: str) -> str:
    told = "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in fields.items())
    xmlns = 'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"'
    record = f'<sObject xsi:type="sf:{type}" {xmlns}>{told}</sObject>'
    return f"<Notification><Id>04l5g00000ZZZZZAAA</Id>{record}</Notification>"


def message(*notifications: str, org: str = ORG[:15]) -> Delivery:
    body = f"{HEAD}<OrganizationId>{org}</OrganizationId>{''.join(notifications)}{TAIL}"
    return Delivery("POST", URL, {}, body.encode(), NOW)


def one(type: str, **fields: str) -> Change:
    return SALESFORCE.webhook.parse(message(notification(type, **fields)))[0]


def with_body(body: str | bytes) -> Delivery:
    return replace(message(), body=body.encode() if isinstance(body, str) else body)


def test_a_notification_names_the_record_the_org_and_itself() -> None:
    change = one(
        "Opportunity", Id="0065g00000PPPP1AAA", StageName="Closed Won", SystemModstamp="2026-05-01T10:07:00.000Z"
    )

    assert (change.what, change.kind, change.object) == ("updated", Kind.DEAL, "Opportunity")
    assert (change.external_id, change.account, change.event_id) == ("0065g00000PPPP1AAA", ORG, "04l5g00000ZZZZZAAA")
    assert change.occurred_at == datetime(2026, 5, 1, 10, 7, tzinfo=UTC)
    assert change.fields["StageName"] == "Closed Won"
    assert not change.full


def test_short_ids_are_made_long() -> None:
    assert one("Contact", Id="0031I0000081tbP").external_id == "0031I0000081tbPQAQ"


def test_a_logged_call_is_an_activity() -> None:
    assert one("Task", Id="00T5g00000AAA11EAA", TaskSubtype="Call").kind is Kind.ACTIVITY
    assert one("Task", Id="00T5g00000AAA11EAA").kind is Kind.TASK


def test_a_role_is_read_again_at_its_deal() -> None:
    change = one(
        "OpportunityContactRole", OpportunityId="0065g00000PPPP1AAA", ContactId="0035g00000Xyz12AAC", Role="User"
    )

    assert (change.what, change.object, change.external_id) == ("linked", "Opportunity", "0065g00000PPPP1AAA")
    assert change.link == Link("Contact", "0035g00000Xyz12AAC", "User")


@pytest.mark.parametrize("told", [notification("Spaceship__c", Id="a00"), notification("Contact"), "<Notification/>"])
def test_what_we_do_not_know_survives(told: str) -> None:
    assert [change.what for change in SALESFORCE.webhook.parse(message(told))] == ["unknown"]


def test_an_empty_message_is_nothing_to_do() -> None:
    delivery = with_body(HEAD + TAIL)

    SALESFORCE.webhook.verify(delivery, WebhookSecret(("s3cret",), account=ORG))
    assert SALESFORCE.webhook.parse(delivery) == []
    assert SALESFORCE.webhook.claims(delivery).accounts == frozenset()


def test_the_org_is_claimed_in_its_long_form() -> None:
    assert SALESFORCE.webhook.claims(message()).accounts == {ORG}


def test_the_address_and_the_org_are_the_proof() -> None:
    delivery = message(notification("Contact", Id="0035g00000Xyz12AAC"))

    SALESFORCE.webhook.verify(delivery, "s3cret")
    SALESFORCE.webhook.verify(delivery, WebhookSecret(("new", "s3cret"), account=ORG))


@pytest.mark.parametrize("url", [URL.replace("s3cret", "guess"), URL.partition("?")[0], URL.replace("key", "Key")])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(BadSignature):
        SALESFORCE.webhook.verify(replace(message(), url=url), "s3cret")


@pytest.mark.parametrize("org", ["00D5g0000000002", ""])
def test_another_org_is_refused(org: str) -> None:
    delivery = message(notification("Contact", Id="0035g00000Xyz12AAC"), org=org)

    with pytest.raises(BadSignature):
        SALESFORCE.webhook.verify(delivery, WebhookSecret(("s3cret",), account=ORG))


def test_no_secret_lets_nobody_in() -> None:
    with pytest.raises(BadSignature):
        SALESFORCE.webhook.verify(replace(message(), url="https://x.test/?key="), WebhookSecret(("",)))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB + "<x>&b;</x>",
        (BOMB + "<x>&b;</x>").encode("utf-16"),
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        "<x>&undeclared;</x>",
        "<x>" * (MAX_DEPTH + 1),
        "<x><y></x>",
        "<x/>",
        "{}",
        b"\xff\xfe\x00",
        "",
    ],
)
def test_what_is_no_plain_message_is_refused_and_never_expanded(body: str | bytes) -> None:
    with pytest.raises(MalformedPayload):
        SALESFORCE.webhook.parse(with_body(body))


def test_the_answer_is_an_acknowledgement() -> None:
    taken, refused = SALESFORCE.webhook.reply("accepted"), SALESFORCE.webhook.reply("refused")

    assert (taken.status, "<Ack>true</Ack>" in taken.body) == (200, True)
    assert taken.headers["Content-Type"].startswith("text/xml")
    assert (refused.status, "<Ack>false</Ack>" in refused.body) == (401, True)
