"""v1's participants of a deal: its contact person, and whom somebody added."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from local.simulators.pipedrive.call import Call, Op, found
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import bad_request, not_found
from local.simulators.pipedrive.kinds import DEALS
from local.simulators.pipedrive.offsets import offset_page, v1_number
from local.simulators.pipedrive.store import Record, Values
from local.simulators.pipedrive.times import in_v1, moment

Tie = tuple[int, str]
# The contact person's own row has a number that no added participant gets.
OF_CONTACT_PERSONS = 500_000_000


def people_of(company: Company, deal: Record) -> dict[int, Tie]:
    """By person: the number of the participant and since when, the contact person first; deleted persons are out."""
    added, primary = company.participants.get(deal.id, {}), deal.values["person_id"]
    everybody: dict[int, Tie] = {}
    if primary is not None and company.settings.contact_person_participates:
        everybody[primary] = (OF_CONTACT_PERSONS + deal.id, deal.values["add_time"])
    everybody = {**everybody, **added}
    return {person: tie for person, tie in everybody.items() if company.stores["persons"].find(person)}


def list_participants(call: Call) -> Response:
    deal = call.desk.record(DEALS, call.param("id"))
    return offset_page(call, list(_shown(call, deal)))


def add_participant(call: Call) -> Response:
    """Whoever takes part already is not added twice."""
    deal = call.desk.record(DEALS, call.param("id"))
    person = v1_number(call.fields(), "person_id")
    if person is None or call.company.stores["persons"].find(person) is None:
        raise bad_request("person_id is required and must be an existing person")
    table = call.company.participants.setdefault(deal.id, {})
    if person not in table:
        table[person] = (call.company.number(), moment(call.company.clock.now_ms()))
        call.desk.participants_changed(deal)
    return found(_participant(call, deal, person, table[person]), 201)


def remove_participant(call: Call) -> Response:
    """Only those who were added: the contact person is the deal's own field."""
    deal = call.desk.record(DEALS, call.param("id"))
    table, wanted = call.company.participants.get(deal.id, {}), int(call.param("participant"))
    person = next((person for person, (number, _) in table.items() if number == wanted), None)
    if person is None:
        raise not_found("participant")
    del table[person]
    call.desk.participants_changed(deal)
    return found({"id": wanted})


def _shown(call: Call, deal: Record) -> Iterator[Values]:
    for person, tie in people_of(call.company, deal).items():
        yield _participant(call, deal, person, tie)


def _participant(call: Call, deal: Record, person: int, tie: Tie) -> dict[str, Any]:
    record, adder = call.company.stores["persons"].find(person), call.company.admin
    if record is None:
        raise not_found("person")
    shown = {name: record.values[name] for name in ("name", "owner_id")}
    shown |= {"active_flag": True, "email": record.values["emails"], "phone": record.values["phones"]}
    shown["company_id"] = call.company.id
    return {
        "id": tie[0],
        "person_id": shown | {"value": person},
        "person": shown | {"id": person, "org_id": record.values["org_id"]},
        "add_time": in_v1(tie[1]),
        "active_flag": True,
        "related_item_type": "deal",
        "related_item_id": deal.id,
        "related_item_data": {"deal_id": deal.id, "title": deal.values["title"]},
        "added_by_user_id": {"id": adder.id, "name": adder.name, "email": adder.email, "has_pic": False,
                             "pic_hash": None, "active_flag": adder.active, "value": adder.id},
    }  # fmt: skip


OPS = [
    Op("GET", "/api/v1/deals/{id}/participants", list_participants, 20, DEALS.read_scopes),
    Op("POST", "/api/v1/deals/{id}/participants", add_participant, 10, DEALS.write_scopes),
    Op("DELETE", "/api/v1/deals/{id}/participants/{participant:int}", remove_participant, 6, DEALS.write_scopes),
]
