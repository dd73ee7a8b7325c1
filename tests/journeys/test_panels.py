"""The panel beside a chat, with each CRM: an edit there and back, and one that the CRM does not take."""

from collections.abc import Callable
from typing import Any

import pytest

from local.journey import steps
from local.journey.neighbours import NEIGHBOURS, connect, listen
from local.journey.panel import Desk, edit_in_crm, edit_in_panel, hubspot_desk, neighbour_desk, refused_edit
from local.journey.steps import Story
from local.journey.world import World
from tests.crm_dialects import DIALECTS

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module", params=["hubspot", *(one.platform for one in NEIGHBOURS)])
def desk(
    request: pytest.FixtureRequest, world: World, connected: Callable[..., Story], neighbour: Callable[[str], Any]
) -> Desk:
    """Return a chat beside a deal, of each CRM in turn."""
    if request.param == "hubspot":
        return hubspot_desk(connected())
    one, crm = neighbour(request.param)
    story = steps.begin_story(world, f"panel-{one.platform}")
    story.connection = connect(story, one)
    listen(story, one, crm)
    steps.await_run(story)
    return neighbour_desk(story, one, crm)


def test_an_edit_in_the_panel_is_confirmed_by_the_crm(desk: Desk) -> None:
    edit_in_panel(desk, "Renamed in the panel")

    assert desk.in_crm() == "Renamed in the panel"
    assert desk.panel()["recent_actions"][0]["status"] == "completed"


def test_an_edit_in_the_crm_is_seen_in_the_panel(desk: Desk) -> None:
    edit_in_crm(desk, "Renamed in the CRM")

    assert desk.panel()["record"]["fields"]["name"] == "Renamed in the CRM"
    assert not desk.panel()["freshness"]["stale"]


def test_a_refused_edit_is_rolled_back_with_the_reason(desk: Desk) -> None:
    before = desk.field("owner_id")["value"]

    action = desk.edit("nobody", owner_id="999999")

    refused = refused_edit(desk, action)
    assert (refused["status"], refused["value"]) == ("failed", "999999")
    assert refused["reason"]
    assert desk.field("owner_id")["value"] == before


def test_the_chats_of_a_contact_follow_it_into_a_merge(desk: Desk) -> None:
    story, platform = desk.story, desk.panel()["record"]["platform"]
    dialect = DIALECTS[platform]
    if dialect.merged == "deleted":
        pytest.skip(f"{platform} deletes the loser of a merge, and does not say who it lives on as")
    people = story.admin.get("/v1/records", kind="contact", connection=story.connection, limit=50)["items"]
    loser, winner = [one["external_id"] for one in people if one["object"] == dialect.contact][:2]
    record = {"connection": story.connection, "object": dialect.contact, "external_id": loser}
    story.admin.put("/v1/chats/merged/sidepanel", {"record": record})

    merged = desk.crm.post("mutate", [{**desk.account, **dialect.merge("contact", winner, loser)}])["results"][0]["id"]
    story.admin.post(f"/v1/connections/{story.connection}/sync", {"type": "incremental"})

    path = f"/v1/records/{story.connection}/{dialect.contact}/{merged}/chats"
    steps.awaited("chat of the survivor", lambda: chats(story, path) == ["merged"] or None)


def chats(story: Story, path: str) -> list[str]:
    answer = story.admin.raw("GET", path)
    return [each["chat"] for each in answer.json()["items"]] if answer.ok else []
