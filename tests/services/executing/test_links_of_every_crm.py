"""An action's links reach the CRM, whichever it is, and come back with the record."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.records import RecordKey
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.link_chat import PanelWish, set_panel
from crmbridge.services.read_records import read_record

from tests.crm_house import ADA, House, a_house

FIELDS: dict[str, dict[str, Any]] = {
    "create_task": {"subject": "Call back", "due_at": "2027-01-15"},
    "log_call": {"subject": "Called", "duration_seconds": 60},
    "log_meeting": {"subject": "Demo", "duration_seconds": 1800},
    "create_note": {"body": "Wants a quote"},
    "create_deal": {"name": "Linked", "amount": "5"},
}
ENDS = dict.fromkeys(FIELDS, ("contact", "deal")) | {"create_deal": ("contact", "company")}
"""What each is hung on."""
ONE_PARENT = {("zoho", "create_note"): ("deal",)}
"""A note of Zoho's has one."""


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=12, companies=6, deals=6, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def do(house: House, numbers: Iterator[int]) -> Callable[..., Action]:
    def done(type: str, links: list[tuple[str, str]], **fields: Any) -> Action:
        ends = [{"object": object, "external_id": id} for object, id in links]
        house.sim.advance(60)
        return house.act(type, f"key-{next(numbers)}", fields={**FIELDS.get(type, {}), **fields}, links=ends)

    return done


def linked(house: House, object: str, id: str) -> set[tuple[str, str]]:
    """As the CRM itself shows it a moment later."""
    house.sim.advance(120)
    found = read_record(house.deps, ADA, house.connection_id, object, id, live=True)
    return {(target, link["external_id"]) for target, links in found["links"].items() for link in links}


@pytest.mark.parametrize("type", FIELDS)
def test_what_is_written_hangs_on_what_it_was_linked_with(house: House, do: Any, type: str) -> None:
    ends = [
        (house.dialect.objects[kind], house.live(kind)[2])
        for kind in ONE_PARENT.get((house.platform, type), ENDS[type])
    ]

    done = do(type, ends)

    assert done.status is ActionStatus.COMPLETED, done
    assert house.get(done.receipt.object, done.receipt.external_id)
    assert set(ends) <= linked(house, done.receipt.object, done.receipt.external_id)


@pytest.mark.parametrize("type", ["create_task", "log_call", "create_note", "create_contact"])
def test_without_links_it_hangs_on_what_its_chat_is_linked_to(house: House, numbers: Iterator[int], type: str) -> None:
    deal = RecordKey("w1", house.connection_id, house.dialect.deal, house.live("deal")[3])
    set_panel(house.deps, ADA, "deal-room", PanelWish(record=deal))
    person = {"last_name": "Newcomer", "email": f"chat{next(numbers)}@comer.test"}

    done = house.act(type, f"key-{next(numbers)}", chat="deal-room", fields=FIELDS.get(type, person))

    assert done.receipt is not None, done
    shown = linked(house, done.receipt.object, done.receipt.external_id)
    around = linked(house, deal.object, deal.external_id)
    assert (deal.object, deal.external_id) in shown or (done.receipt.object, done.receipt.external_id) in around


def test_what_a_crm_cannot_hang_on_the_chats_record_is_made_all_the_same(house: House, numbers: Iterator[int]) -> None:
    deal = RecordKey("w1", house.connection_id, house.dialect.deal, house.live("deal")[3])
    set_panel(house.deps, ADA, "deal-room", PanelWish(record=deal))
    number = next(numbers)

    done = house.act("create_company", f"key-{number}", chat="deal-room", fields={"name": f"Company {number}"})

    assert done.status is ActionStatus.COMPLETED


def test_a_deal_is_made_with_everybody_who_belongs_to_it(house: House, do: Any) -> None:
    people = [(house.dialect.contact, id) for id in house.live("contact")[2:5]]

    done = do("create_deal", [*people, (house.dialect.company, house.live("company")[1])])

    assert done.status is ActionStatus.COMPLETED, done
    shown = linked(house, house.dialect.deal, done.receipt.external_id)
    held = house.get(house.dialect.deal, done.receipt.external_id).record.links[house.dialect.contact]
    assert set(people) <= shown
    assert {(link.object, link.external_id) for link in held} == set(people)


def test_an_owner_is_named_by_e_mail(house: House, do: Any) -> None:
    owners = house.names.owners.values()
    emails = [owner.email.casefold() for owner in owners]
    owner = next(
        one
        for one in owners
        if one.active and one.email and one.type == "person" and emails.count(one.email.casefold()) == 1
    )

    done = do("create_deal", [(house.dialect.contact, house.live("contact")[3])], owner_id=owner.email.upper())

    assert done.status is ActionStatus.COMPLETED, done
    assert house.get(house.dialect.deal, done.receipt.external_id).record.fields["owner_id"] == owner.id


def test_somebody_new_belongs_to_the_deal_that_they_were_made_for(
    house: House, do: Any, numbers: Iterator[int]
) -> None:
    deal = house.live("deal")[1]
    name = {"last_name": "Newcomer", "email": f"new{next(numbers)}@comer.test"}

    done = do("create_contact", [(house.dialect.deal, deal)], **name)

    assert done.status is ActionStatus.COMPLETED, done
    assert (house.dialect.contact, done.receipt.external_id) in linked(house, house.dialect.deal, deal)
