"""Names are loaded when they may have changed, and not with every run."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.runs import RunType
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

OLGA, PIA = Owner("7", "Olga"), Owner("8", "Pia")


def knowing(*owners: Owner, version: str = "1") -> Directories:
    return Directories(Account("48"), owners={owner.id: owner for owner in owners}, version=version)


class House:
    def __init__(self) -> None:
        self.crm = LittleCrm(Clock(), names=knowing(OLGA))
        self.deps: Deps = make_deps(self.crm)
        self.connection: Connection = make_connection(self.deps)

    def run(self, type: RunType = RunType.INCREMENTAL) -> list[str]:
        """What one run asks of the CRM."""
        self.crm.clock.advance(120)
        self.crm.calls.clear()
        start_run(self.deps, self.connection, type, "u1")
        while bells := self.deps.queues.pages.take():  # type: ignore[attr-defined]  # the memory twin's
            for bell in bells:
                sync_task(self.deps, "w1", bell.body["task"], deadline=self.crm.clock() + timedelta(minutes=5))
        return list(self.crm.calls)

    def hear(self, *events: Any) -> list[str]:
        self.crm.calls.clear()
        receive_delivery(self.deps, "little", None, self.crm.delivery(*(events or self.crm.told)))
        for message in self.deps.queues.deliveries.take():  # type: ignore[attr-defined]  # the memory twin's
            apply_delivery(self.deps, message.body)
        return list(self.crm.calls)

    def known(self) -> Directories:
        found = self.deps.connections.directories("w1", "c1")
        assert found is not None
        return found


@pytest.fixture
def house() -> House:
    """One contact of Olga's, synced."""
    house = House()
    house.crm.give("contacts", house.crm.create("contacts"), OLGA.id)
    house.run(RunType.FULL)
    return house


def test_a_full_run_loads_the_names(house: House) -> None:
    assert house.run(RunType.FULL)[0] == "directories"


def test_an_incremental_run_soon_after_does_not(house: House) -> None:
    assert "directories" not in house.run()


def test_a_renamed_owner_arrives_when_the_names_are_old_enough(house: House) -> None:
    house.crm.names = knowing(replace(OLGA, name="Olga Married"))
    house.run()
    before = house.known().owners["7"].name
    house.crm.clock.advance(3600)

    house.run()

    assert (before, house.known().owners["7"].name) == ("Olga", "Olga Married")


def test_how_old_is_the_platforms_to_say(house: House) -> None:
    patient = replace(house.crm.platform(), names_age=timedelta(hours=4))
    house.deps = replace(house.deps, platform=lambda _: patient)
    house.crm.clock.advance(3 * 3600)

    assert "directories" not in house.run()


@pytest.mark.parametrize("heard", [True, False])
def test_a_record_that_names_somebody_new_has_the_names_loaded(house: House, heard: bool) -> None:
    house.crm.names = knowing(OLGA, PIA)
    house.crm.give("contacts", "0001", PIA.id)

    asked = house.hear() if heard else house.run()

    assert asked.count("directories") == 1
    assert house.known().owners["8"] == PIA


def test_what_is_translated_otherwise_now_is_asked_for_again(house: House) -> None:
    house.crm.names = knowing(OLGA, PIA, version="2")
    house.crm.give("contacts", "0001", PIA.id)

    asked = house.run()

    assert [call for call in asked if call != "page deals"] == ["page contacts", "directories", "page contacts"]


def test_a_name_that_nobody_knows_is_asked_for_once(house: House) -> None:
    house.crm.give("contacts", "0001", "99")
    first = house.run()
    house.crm.update("contacts", "0001", "Renamed")

    second = house.run()

    assert first.count("directories") == 1
    assert "directories" not in second
    assert house.known().in_vain == {"owner 99"}


def test_names_that_are_not_shown_to_us_are_not_asked_for(house: House) -> None:
    house.crm.names = knowing()
    house.run(RunType.FULL)
    house.crm.give("contacts", "0001", "99")

    assert "directories" not in house.run()


def test_a_change_to_a_name_that_the_crm_tells_of_is_loaded_with_the_next_run(house: House) -> None:
    named = {"what": "named", "object": None, "id": None, "account": "48"}

    told, asked = house.hear(named), house.run()

    assert told == []
    assert asked[0] == "directories"
