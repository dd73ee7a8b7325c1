"""Whatever record a person points to, each CRM is asked for it before the action counts as done."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from crmbridge.domain.actions import Action, ActionStatus, Target
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.execute_action import execute_action
from crmbridge.services.settle_action import settle_action

from tests.crm_house import ADA, House, a_house
from tests.desk import CREATES, Desk

NUMBERS = count(1)
KINDS = {"create_company": "company", "create_contact": "contact"}


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=6, companies=6, deals=6, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


@pytest.fixture(scope="module")
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
def settled(house: House) -> Callable[[str, str], Action]:
    def settle(type: str, id: str) -> Action:
        number = next(NUMBERS)
        fields = {"name": f"Acme {number}"} if type == "create_company" else {"last_name": f"Lee {number}"}
        asked = house.ask(type, f"key-{number}", fields=fields)
        unsure = house.deps.actions.save(asked.moved(ActionStatus.UNCERTAIN, house.deps.now()))
        record = Target(house.dialect.objects[KINDS[type]], id)
        settle_action(house.deps, ADA, unsure.id, done=True, record=record)
        execute_action(house.deps, "w1", unsure.id)
        return house.now(unsure)

    return settle


@pytest.mark.parametrize("type", KINDS)
def test_a_record_that_is_there_completes_it(house: House, settled: Callable[[str, str], Action], type: str) -> None:
    id = house.live(KINDS[type])[0]

    done = settled(type, id)

    assert done.receipt is not None, done
    assert (done.receipt.external_id, done.receipt.url != "") == (id, True)


@pytest.mark.parametrize("type", KINDS)
def test_a_record_that_is_not_there_leaves_it_uncertain(
    house: House, settled: Callable[[str, str], Action], type: str
) -> None:
    existing = house.live(KINDS[type])[0]

    still = settled(type, existing[:-3] + "987")

    assert (still.status, still.receipt) == (ActionStatus.UNCERTAIN, None)


@pytest.mark.parametrize("type", CREATES)
def test_what_any_create_makes_can_be_named(house: House, desk: Desk, type: str) -> None:
    """Also where one object holds several kinds: a call is an activity at Pipedrive, and a task at Salesforce."""
    made = desk.settle(desk.ask(type, desk.mark())).receipt
    assert made is not None
    asked = desk.ask(type, desk.mark())
    unsure = house.deps.actions.save(asked.moved(ActionStatus.UNCERTAIN, house.deps.now()))

    settle_action(house.deps, ADA, unsure.id, done=True, record=Target(made.object, made.external_id))

    done = desk.settle(unsure).receipt
    assert done is not None
    assert (done.object, done.external_id) == (made.object, made.external_id)
