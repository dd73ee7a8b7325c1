"""The people of a deal beyond its contact person: v1's participants, and what v2 shows of them."""

from collections.abc import Callable
from typing import Any

import requests

from local.simulators import Running

Pipe = Callable[..., requests.Response]
DEALS, PERSONS = "/api/v2/deals", "/api/v2/persons"


def new_deal(drive: Running) -> tuple[str, list[int]]:
    """A deal with a contact person, and that person with three others."""
    people = drive.mutate({"op": "create", "object": "persons", "fields": {"name": "P {n}"}, "count": 4})[0]["ids"]
    fields = {"title": "T", "person_id": int(people[0])}
    deal = drive.mutate({"op": "create", "object": "deals", "fields": fields})[0]["ids"][0]
    return str(deal), [int(each) for each in people]


def participants(drive: Running, pipe: Pipe, deal: str, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = pipe(drive, "GET", f"/v1/deals/{deal}/participants", **query).json()
    return answer


def test_participants_come_in_pages_by_offset(drive: Running, pipe: Pipe) -> None:
    deal, people = new_deal(drive)
    drive.mutate(*[{"op": "add_participant", "deal": deal, "person": each} for each in people[1:]])

    first = participants(drive, pipe, deal, start=0, limit=3)
    second = participants(drive, pipe, deal, start=3, limit=3)

    assert [row["person"]["id"] for row in first["data"] + second["data"]] == people
    assert first["additional_data"]["pagination"]["next_start"] == 3
    assert second["additional_data"]["pagination"]["more_items_in_collection"] is False
    assert first["data"][0]["related_item_data"] == {"deal_id": int(deal), "title": "T"}


def test_a_participant_is_removed_by_its_own_number(drive: Running, pipe: Pipe) -> None:
    deal, people = new_deal(drive)
    path = f"/v1/deals/{deal}/participants"
    added = pipe(drive, "POST", path, json={"person_id": people[1]}).json()["data"]
    again = pipe(drive, "POST", path, json={"person_id": people[1]}).json()["data"]

    gone = pipe(drive, "DELETE", f"{path}/{added['id']}")

    assert again["id"] == added["id"]
    assert gone.json()["data"] == {"id": added["id"]}
    assert pipe(drive, "DELETE", f"{path}/{added['id']}").status_code == 404
    assert drive.state(object="deals", id=deal)["live"][0]["participants"] == []


def test_the_contact_person_is_counted_unless_told_otherwise(drive: Running, pipe: Pipe) -> None:
    deal, people = new_deal(drive)
    drive.mutate({"op": "add_participant", "deal": deal, "person": people[1]})

    def count() -> int:
        shown = pipe(drive, "GET", f"{DEALS}/{deal}", include_fields="participants_count").json()["data"]
        return int(shown["participants_count"])

    both = count()
    drive.settings(contact_person_participates=False)

    assert (both, count()) == (2, 1)
    assert [row["person"]["id"] for row in participants(drive, pipe, deal)["data"]] == [people[1]]


def test_a_deleted_person_takes_part_in_nothing(drive: Running, pipe: Pipe) -> None:
    deal, people = new_deal(drive)
    drive.mutate({"op": "add_participant", "deal": deal, "person": people[1]},
                 {"op": "delete", "object": "persons", "id": people[1]})  # fmt: skip

    assert [row["person"]["id"] for row in participants(drive, pipe, deal)["data"]] == people[:1]
    assert [row["id"] for row in pipe(drive, "GET", PERSONS, deal_id=deal).json()["data"]] == people[:1]
    assert drive.state(object="deals", id=deal)["live"][0]["participants"] == []


def test_whether_participants_move_the_deal_is_a_setting(drive: Running, pipe: Pipe) -> None:
    deal, people = new_deal(drive)
    drive.advance(60)
    before = pipe(drive, "GET", f"{DEALS}/{deal}").json()["data"]["update_time"]
    drive.mutate({"op": "add_participant", "deal": deal, "person": people[1]})
    between = pipe(drive, "GET", f"{DEALS}/{deal}").json()["data"]["update_time"]

    drive.settings(participants_touch_deal=True)
    drive.mutate({"op": "remove_participant", "deal": deal, "person": people[1]})

    after = pipe(drive, "GET", f"{DEALS}/{deal}").json()["data"]["update_time"]
    assert before == between < after


def test_about_a_tenth_of_the_seeded_deals_have_participants(drive: Running) -> None:
    deals = drive.state(object="deals")["live"]

    extra = [deal for deal in deals if deal["participants"]]

    assert 0.03 < len(extra) / len(deals) < 0.15
    assert all(1 <= len(deal["participants"]) <= 3 for deal in extra)
    assert not any(deal["person_id"] in deal["participants"] for deal in extra)
