"""Outbound messages: SOAP, up to a hundred notifications, unsigned; each shows a record as it is when it is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from local.simulators.deliveries import Event, Post
from local.simulators.salesforce.ids import Ids
from local.simulators.salesforce.org import Org, OutboundMessage
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import in_csv
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

# Exponential up to two hours, dropped after a day; the outbox waits half to all of each gap.
RETRY_GAPS = (15, 30, 60, 120, 240, 480, 960, 1_920, 3_840, *([7_200] * 11))
ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{org}</OrganizationId>
   <ActionId>{action}</ActionId>
   {session}
   <EnterpriseUrl>{host}/services/Soap/c/62.0/{org15}</EnterpriseUrl>
   <PartnerUrl>{host}/services/Soap/u/62.0/{org15}</PartnerUrl>
{notifications}  </notifications>
 </soapenv:Body>
</soapenv:Envelope>
"""
NOTIFICATION = """   <Notification>
    <Id>{id}</Id>
    <sObject xsi:type="sf:{object}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
{fields}    </sObject>
   </Notification>
"""
NO_SESSION = '<SessionId xsi:nil="true"/>'
ACK = re.compile(rb"<(?:\w+:)?Ack>\s*true\s*</", re.IGNORECASE)
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def acknowledged(status: int, body: bytes) -> bool:
    """A 200 alone is not enough: the answer has to say so."""
    return status == 200 and ACK.search(body) is not None


@dataclass(slots=True)
class Teller:
    """Turns changes into notifications, one for each message that the org sends about such an object."""

    cloud: "Cloud"
    _actions: dict[tuple[str, str], OutboundMessage] = field(default_factory=dict)
    _action_ids: Ids = field(default_factory=lambda: Ids("04k", "5g0"))
    _ids: Ids = field(default_factory=lambda: Ids("04l", "5g0"))

    def changed(self, org: Org, name: str, row_id: str) -> None:
        for message in self.messages(org, name):
            self.cloud.outbox.put({
                "org": org.facts.id,
                "action": message.action_id,
                "url": message.url,
                "object": name,
                "fields": list(message.fields),
                "id": row_id,
                "notification": self._ids.next(),
            })  # fmt: skip

    def messages(self, org: Org, name: str) -> list[OutboundMessage]:
        """The org's own; without any, the ones of the settings."""
        settings = self.cloud.settings
        if org.outbound:
            return [each for each in org.outbound if each.object == name]
        if not settings.webhook_url or name not in settings.webhook_objects.split():
            return []
        key = (org.facts.id, name)
        if key not in self._actions:
            self._actions[key] = self.message(name, "", ())
        action = self._actions[key]
        url = settings.webhook_url + settings.webhook_secret_path
        return [OutboundMessage(action.action_id, name, tuple(settings.webhook_fields.split()), url)]

    def message(self, name: str, url: str, fields: tuple[str, ...]) -> OutboundMessage:
        return OutboundMessage(self._action_ids.next(), name, fields, url)

    def seal(self, events: list[Event], _: int) -> Post:
        first = events[0]
        org = self.cloud.orgs[first["org"]]
        body = self.envelope(org, first["action"], "".join(self._notification(org, each) for each in events))
        return posted(first["url"], body)

    def envelope(self, org: Org, action: str, notifications: str, org_id: str | None = None) -> str:
        session = NO_SESSION
        if not self.cloud.settings.webhook_nil_session:
            scopes = frozenset({"api"})
            token = self.cloud.tokens.issue(org, org.user_id, scopes).token
            session = f"<SessionId>{token}</SessionId>"
        shown_id = org_id or org.facts.id
        host = f"https://{org.facts.domain}.my.salesforce.com"
        return ENVELOPE.format(org=shown_id, action=action, session=session, host=host, org15=shown_id[:15],
                               notifications=notifications)  # fmt: skip

    def _notification(self, org: Org, event: Event) -> str:
        """The latest state, whatever happened since; of a deleted record nothing is left but its type."""
        store = org.stores[event["object"]]
        row = store.seen(event["id"])
        gone = row is None or bool(row.get("IsDeleted"))
        fields = "" if row is None or gone else _elements(org, event, row)
        return NOTIFICATION.format(id=event["notification"], object=event["object"], fields=fields)

    def forged(self, spec: Mapping[str, Any]) -> Post:
        """What a receiver must refuse or survive: `kind`, and optionally `org`, `object`, `id`, `url`, `body`."""
        org = self.cloud.org(spec.get("org"))
        url = str(spec.get("url", self.cloud.settings.webhook_url + self.cloud.settings.webhook_secret_path))
        name = str(spec.get("object", "Contact"))
        row_id = str(spec.get("id", next(iter(org.stores[name].rows), "")))
        event = {"org": org.facts.id, "object": name, "id": row_id, "fields": [], "notification": self._ids.next()}
        plain = self.envelope(org, self._action_ids.next(), self._notification(org, event))
        kind = str(spec.get("kind", "valid"))
        bodies = {
            "valid": plain,
            "wrong_org": plain.replace(org.facts.id, "00D000000000000EAA").replace(org.facts.id[:15], "0" * 15),
            "entities": plain.replace("\n", f"\n{BOMB}\n", 1).replace(row_id, "&b;"),
            "empty": self.envelope(org, self._action_ids.next(), ""),
            "junk": "<soapenv:Envelope><not closed",
            "json": '{"not": "soap"}',
            "raw": str(spec.get("body", "")),
        }
        if kind not in bodies:
            raise BadCommand(f"forge: no such kind: {kind}; there are {', '.join(bodies)}")
        return posted(url, bodies[kind])


def posted(url: str, body: str) -> Post:
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
        "User-Agent": "Jakarta Commons-HttpClient",
    }
    return Post(url, body.encode(), headers)


def _elements(org: Org, event: Event, row: Row) -> str:
    """Id first, then by name; what is null is left out."""
    kind = org.kinds[event["object"]]
    lines = [f"     <sf:Id>{row['Id']}</sf:Id>\n"]
    for name in sorted(set(event["fields"]) - {"Id"}):
        known = kind.find(name)
        if known is not None and row.get(known.name) is not None:
            lines.append(f"     <sf:{known.name}>{escape(in_csv(known, row[known.name]))}</sf:{known.name}>\n")
    return "".join(lines)
