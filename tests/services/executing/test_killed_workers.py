"""A worker may die at any step: what was asked for is made once all the same."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus
from crmbridge.domain.records import RecordKey
from crmbridge.services.ports import Deps

CREATES = [name for name, type in ACTION_TYPES.items() if type.creates]
UPDATES = [name for name, type in ACTION_TYPES.items() if not type.creates]


@pytest.fixture
def asking(crm: Any, ask: Any) -> Callable[..., Callable[[str], Action]]:
    """`asking(type, answer)(key)`: a new action, whose first request will meet that answer."""

    def make(type: str, answer: str) -> Callable[[str], Action]:
        def asked(key: str) -> Action:
            crm.answers = [answer]
            action: Action = ask(type, key)
            return action

        return asked

    return make


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("answer", ["done", "lost", "never"])
@pytest.mark.parametrize("type", CREATES)
def test_whatever_step_a_worker_dies_at_one_object_is_made(
    house: Deps, crm: Any, asking: Any, deaths: Any, settle: Any, type: str, answer: str, *, unique: bool
) -> None:
    crm.unique, count = unique, 0
    for action in deaths(house, asking(type, answer)):
        crm.answers, count = [], count + 1
        done = settle(action)

        assert (done.status, done.receipt is None) == (ActionStatus.COMPLETED, False)
        assert [one["key"] for one in crm.objects.values()].count(action.key) == 1
        object = house.platform("hubspot").actions[type].object
        assert house.records.get(RecordKey("w1", "c1", object, done.receipt.external_id)) is not None
        assert house.outbound.get("w1", f"{action.id}.completed.0") is not None

    assert count > (20 if answer == "done" else 10)


@pytest.mark.parametrize("answer", ["done", "lost", "never"])
@pytest.mark.parametrize("type", UPDATES)
def test_whatever_step_a_worker_dies_at_an_update_is_done(
    house: Deps, crm: Any, asking: Any, deaths: Any, settle: Any, type: str, answer: str
) -> None:
    for action in deaths(house, asking(type, answer)):
        crm.answers = []
        done = settle(action)

        changed = crm.objects[action.target.external_id]
        assert (done.status, crm.made()) == (ActionStatus.COMPLETED, [])
        assert (changed["fields"], changed["key"]) == (action.fields, action.key)
