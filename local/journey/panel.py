"""The panel beside a chat: an edit there is pending, then confirmed by the CRM; an edit in the CRM is seen there."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crmbridge.domain.records import Kind
from crmbridge.platforms.registry import PLATFORMS

from local.journey.client import StepFailed
from local.journey.neighbours import Neighbour
from local.journey.steps import Story, awaited
from local.journey.world import Simulator

Json = Any

PAUSE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A deal of one CRM, beside a chat that is about it. `name_key` is what the CRM calls the deal's name; `wrapped` is
    where its simulator keeps the fields of a record and of a change, `account` which of its accounts is meant."""

    story: Story
    crm: Simulator
    object: str = ""
    id: str = ""
    name_key: str
    wrapped: str = ""
    account: Mapping[str, str] = field(default_factory=dict)

    @property
    def chat(self) -> str:
        return f"about-{self.object}-{self.id}"

    @property
    def path(self) -> str:
        return f"/v1/records/{self.story.connection}/{self.object}/{self.id}"

    def panel(self) -> Json:
        return self.story.admin.get(f"/v1/chats/{self.chat}/sidepanel")

    def field(self, name: str) -> Json:
        return next(each for each in self.panel()["fields"] if each["name"] == name)

    def in_crm(self) -> str:
        """What the deal is called there."""
        (deal,) = self.crm.get("state", object=self.object, id=self.id, **self.account)["live"]
        return str((deal[self.wrapped] if self.wrapped else deal)[self.name_key])

    def rename_in_crm(self, name: str) -> None:
        change = {
            "op": "update",
            "object": self.object,
            "ids": [self.id],
            self.wrapped or "fields": {self.name_key: name},
        }
        self.crm.post("mutate", [{**self.account, **change}])

    def edit(self, key: str, **fields: Json) -> str:
        """In the panel; returns the action."""
        wish = {"fields": fields, "base": {name: self.field(name)["value"] for name in fields}, "chat": self.chat}
        return str(self.story.admin.patch(self.path, wish, Idempotency_Key=f"{self.chat}-{key}")["id"])


def hubspot_desk(story: Story) -> Desk:
    account = {"portal": story.portal} if story.portal else {}
    crm = story.world.hubspot
    return seated(Desk(story=story, crm=crm, name_key="dealname", wrapped="properties", account=account))


def neighbour_desk(story: Story, neighbour: Neighbour, crm: Simulator) -> Desk:
    specs = PLATFORMS[neighbour.platform].objects.values()
    deals = next(spec.name for spec in specs if spec.kind is Kind.DEAL)
    return seated(Desk(story=story, crm=crm, name_key=neighbour.objects[deals][0]))


def seated(desk: Desk) -> Desk:
    """Beside a chat that is linked to the first deal there is."""
    story = desk.story
    (deal,) = story.admin.get("/v1/records", kind="deal", connection=story.connection, limit=1)["items"]
    found = replace(desk, object=deal["object"], id=deal["external_id"])
    record = {"connection": story.connection, "object": found.object, "external_id": found.id}
    story.admin.put(f"/v1/chats/{found.chat}/sidepanel", {"record": record, "open": True})
    return found


def round_trip(desk: Desk, name: str = "Renamed") -> Mapping[str, Json]:
    """There and back; seconds from the click until the CRM has it and the panel says so, and from the CRM's change."""
    there = edit_in_panel(desk, f"{name} in the panel")
    back = edit_in_crm(desk, f"{name} in the CRM")
    return {"edit_seconds": round(there, 2), "back_seconds": round(back, 2)}


def edit_in_panel(desk: Desk, name: str) -> float:
    began = time.monotonic()
    action = desk.edit(name, name=name)
    shown = desk.field("name")
    if shown["value"] != name and (shown["pending"] or {}).get("action") != action:
        raise StepFailed(f"the panel shows {shown}, not the edit that was asked for")
    awaited("confirmed edit", lambda: _confirmed(desk, name), pause=PAUSE)
    seconds = time.monotonic() - began
    if desk.in_crm() != name:
        raise StepFailed(f"the panel says {name!r}, the CRM {desk.in_crm()!r}")
    return seconds


def edit_in_crm(desk: Desk, name: str) -> float:
    began = time.monotonic()
    desk.rename_in_crm(name)
    awaited("change of the CRM in the panel", lambda: _confirmed(desk, name), pause=PAUSE)
    return time.monotonic() - began


def refused_edit(desk: Desk, action: str) -> Json:
    """The field's word about an edit that the CRM did not take."""

    def rolled_back() -> Json | None:
        found = [each["refused"] for each in desk.panel()["fields"] if (each["refused"] or {}).get("action") == action]
        return found[0] if found else None

    return awaited("refused edit", rolled_back)


def _confirmed(desk: Desk, name: str) -> bool | None:
    shown = desk.field("name")
    return (shown["value"] == name and shown["pending"] is None) or None
