"""What we wrote comes back: in a delivery, in the next run, in a full one. None of it is news."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.changes import Origin
from crmbridge.domain.merging import CORE
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.domain.runs import RunType
from crmbridge.platforms.registry import PLATFORMS

from tests.crm_house import House, a_house

WISHES: Mapping[str, Mapping[str, Any]] = {
    "create_company": {"name": "Echo Ltd"},
    "create_contact": {"last_name": "Narcissus", "email": "narcissus@echo.test"},
    "update_deal": {"amount": "4321"},
    "create_task": {"subject": "Call Echo", "due_at": "2027-01-15"},
}


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=10, companies=5, deals=5, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


def written(house: House, type: str) -> RecordKey:
    about = {"target": house.some(Kind.DEAL)} if type == "update_deal" else {}
    done = house.act(type, f"echo-{type}", fields=WISHES[type], **about)
    assert done.status is ActionStatus.COMPLETED
    assert done.receipt
    return RecordKey("w1", house.connection_id, done.receipt.object, done.receipt.external_id)


def fingerprint(house: House, key: RecordKey) -> str:
    return house.deps.records.heads([key])[key].marks[CORE].fingerprint


@pytest.mark.parametrize("type", WISHES)
def test_nothing_that_we_hear_of_our_own_write_is_news(house: House, type: str) -> None:
    house.hear()
    key = written(house, type)
    stored = house.deps.records.get(key)
    told = [fingerprint(house, key)]

    house.hear()
    told.append(fingerprint(house, key))
    for run in (RunType.INCREMENTAL, RunType.FULL):
        house.sim.advance(3600)
        house.sync(run)
        told.append(fingerprint(house, key))

    assert stored is not None
    assert stored.cause.origin is Origin.OWN
    assert told == [told[0]] * 4
