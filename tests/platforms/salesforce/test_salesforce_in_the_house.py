"""What only Salesforce does, once it is connected: its orgs move, and its messages want an answer of their own."""

import pytest
from crmbridge.domain.records import Kind
from crmbridge.domain.runs import RunType, Status
from crmbridge.services.read_records import Asked, list_records

from tests.crm_house import ADA, a_house


@pytest.mark.parametrize("answers", ["401", "redirect", "404"])
def test_an_org_that_moves_is_followed_and_shown_where_it_is(answers: str) -> None:
    with a_house("salesforce", contacts=6, companies=3, deals=3, leads=0, tasks=0, activities=0) as house:
        house.connect()
        house.work()
        before = house.connection.base_url
        house.sim.settings(moved_answers=answers)
        moved = house.sim.mutate({"op": "move", "domain": "falkenau-new"})[0]["instance_url"]
        house.sim.mutate(house.dialect.create("company", 2, ".moved"))
        house.sim.advance(3600)

        run, _ = house.sync(RunType.INCREMENTAL)

        found = list_records(house.deps, ADA, Asked(kind=Kind.COMPANY))["items"]
        assert (run.status, house.differences()) == (Status.SUCCESS, [])
        assert house.connection.base_url == moved != before
        assert all(str(one["url"]).startswith(moved) for one in found)


def test_an_outbound_message_is_acknowledged_and_its_record_read() -> None:
    with a_house("salesforce", contacts=6, companies=3, deals=3, leads=0, tasks=0, activities=0) as house:
        house.connect()
        house.work()
        contact = house.sim.mutate(house.dialect.create("contact", 1))[0]["ids"][0]

        house.hear()

        assert "<Ack>true</Ack>" in house.ear.answers[-1].body
        assert house.get("Contact", contact).record.last_name == "Person 0"
