"""What has waited goes together where the CRM takes it so, and every action keeps an end of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NoReturn

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.records import RecordKey
from crmbridge.platforms.http import Api
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.platforms.spec import WriteRequest
from crmbridge.services.execute_action import execute_action
from crmbridge.services.execute_together import execute_together
from crmbridge.services.ports import Deps
from crmbridge.services.ring_waiting import PACK, ring_waiting

from tests.crm_house import House, a_house

PACKING = [name for name, platform in PLATFORMS.items() if any(spec.pack for spec in platform.actions.values())]
WRITES: Mapping[str, str] = {
    "hubspot": "/crm/v3/objects/{object}/batch/create",
    "salesforce": "/services/data/v62.0/composite/sobjects",
    "pipedrive": "/api/v2/{object}",
    "zoho": "/crm/v8/{object}",
}

SPOILT: Mapping[str, Mapping[str, Any]] = {
    "hubspot": {"numberofemployees": "many"}, "salesforce": {"NumberOfEmployees": "many"},
    "zoho": {"Employees": "many"},
}  # fmt: skip
where_they_go_together = pytest.mark.parametrize("house", PACKING, indirect=True, scope="module")


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=8, companies=5, deals=5, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def asked(house: House, numbers: Iterator[int]) -> Callable[..., Action]:
    def ask(type: str = "create_company", **fields: Any) -> Action:
        number = next(numbers)
        named = {"name": f"Packed {number}"} if type == "create_company" else {"subject": f"Do {number}"}
        return house.ask(type, f"pack-{number}", fields={**named, **fields})

    return ask


def now(house: House, actions: list[Action]) -> list[Action]:
    return [house.now(action) for action in actions]


def together(house: House, actions: list[Action]) -> list[Action]:
    execute_together(house.deps, "w1", [action.id for action in actions])
    return now(house, actions)


def object_of(house: House, type: str) -> str:
    return PLATFORMS[house.platform].actions[type].object


def writes(house: House, object: str) -> int:
    routes: Mapping[str, int] = house.sim.requests(summary=1)["by_route"]
    path = WRITES[house.platform].format(object=object)
    return sum(number for route, number in routes.items() if route.startswith("POST ") and route.endswith(path))


@pytest.mark.parametrize("type", ["create_company", "create_task"])
def test_many_are_one_write_where_the_crm_takes_them_so(house: House, asked: Any, type: str) -> None:
    actions = [asked(type) for _ in range(6)]
    house.sim.forget_requests()

    done = together(house, actions)

    ids = [one.receipt.external_id for one in done if one.receipt]
    assert {one.status for one in done} == {ActionStatus.COMPLETED}
    assert writes(house, object_of(house, type)) == (1 if house.platform in PACKING else 6)
    assert len(set(ids)) == 6
    for one, id in zip(done, ids, strict=True):
        stored = house.deps.records.get(RecordKey("w1", house.connection_id, object_of(house, type), id))
        named = "name" if type == "create_company" else "subject"
        assert stored is not None
        assert stored.record.get(named) == one.fields[named]
        assert stored.cause.action == one.id


def test_doing_it_again_changes_nothing(house: House, asked: Any) -> None:
    actions = [asked() for _ in range(3)]
    before = together(house, actions)
    house.sim.forget_requests()

    assert together(house, actions) == before
    assert writes(house, object_of(house, "create_company")) == 0


@where_they_go_together
def test_one_that_is_refused_holds_up_no_other(house: House, asked: Any) -> None:
    good, bad = [asked() for _ in range(3)], asked()

    done = together(house, [good[0], spoilt(house, bad), *good[1:]])

    assert [one.status for one in done] == [
        ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.COMPLETED, ActionStatus.COMPLETED,
    ]  # fmt: skip
    assert done[1].error
    assert done[1].error["message"]


def spoilt(house: House, action: Action) -> Action:
    """With a value that passed us, and does not pass the CRM."""
    return house.deps.actions.save(replace(action, custom_fields=SPOILT[house.platform]))


@where_they_go_together
def test_when_the_answer_is_lost_each_is_found_by_its_own_key(house: House, asked: Any) -> None:
    actions = [asked() for _ in range(4)]
    before = len(house.live("company"))
    path = WRITES[house.platform].format(object=object_of(house, "create_company"))
    house.sim.faults({"kind": "commit_then_timeout", "method": "POST", "path": f"{path}$", "body": "reset"})

    unknown = together(house, actions)
    house.sim.no_faults()
    house.sim.advance(900)
    for action in actions:
        execute_action(house.deps, "w1", action.id)

    assert {one.status for one in unknown} == {ActionStatus.SENDING}
    assert {one.status for one in now(house, actions)} == {ActionStatus.COMPLETED}
    assert len(house.live("company")) == before + 4


class Killed(BaseException):
    """The worker's process ended here."""


@where_they_go_together
@pytest.mark.parametrize("is_sent", [True, False], ids=["after the answer", "before the request"])
def test_a_worker_that_dies_with_a_pack_in_hand_writes_nothing_twice(house: House, asked: Any, is_sent: bool) -> None:
    actions = [asked() for _ in range(3)]
    before = len(house.live("company"))

    with pytest.raises(Killed):
        execute_together(dying(house, is_sent=is_sent), "w1", [action.id for action in actions])
    for _ in range(3):
        house.sim.advance(600)
        for action in actions:
            execute_action(house.deps, "w1", action.id)

    assert {one.status for one in now(house, actions)} == {ActionStatus.COMPLETED}
    assert len(house.live("company")) == before + 3


def dying(house: House, *, is_sent: bool) -> Deps:
    platform = PLATFORMS[house.platform]
    spec = platform.actions["create_company"]
    assert spec.pack
    real = spec.pack.send

    def send(api: Api, requests: Sequence[WriteRequest]) -> NoReturn:
        if is_sent:
            real(api, requests)
        raise Killed

    actions = {**platform.actions, "create_company": replace(spec, pack=replace(spec.pack, send=send))}
    mortal = replace(platform, actions=actions)
    return replace(house.deps, platform=lambda _: mortal)


def test_what_waits_rings_once_for_all_that_go_together(house: House, asked: Any) -> None:
    house.deps.queues.actions.take()  # type: ignore[attr-defined]  # the memory twin's own
    waiting = [asked() for _ in range(PACK + 2)]
    house.deps.queues.actions.take()  # type: ignore[attr-defined]  # the memory twin's own

    assert ring_waiting(house.deps, waiting) == PACK + 2

    bells = house.deps.queues.actions.take()  # type: ignore[attr-defined]  # the memory twin's own
    told = [len(bell.body.get("actions", "1")) for bell in bells]
    assert told == ([PACK, 2] if house.platform in PACKING else [1] * (PACK + 2))


def test_those_of_a_connection_that_is_gone_still_ring(house: House, asked: Any) -> None:
    lost = [replace(asked(), connection="gone") for _ in range(2)]
    house.deps.queues.actions.take()  # type: ignore[attr-defined]  # the memory twin's own

    ring_waiting(house.deps, lost)

    assert len(house.deps.queues.actions.take()) == 2  # type: ignore[attr-defined]  # the memory twin's own
