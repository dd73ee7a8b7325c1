"""How long an unknown outcome waits, and which object a create makes: what a platform says of its actions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.platforms.spec import Platform
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps

Saying = Callable[..., Deps]


@pytest.fixture
def saying(house: Deps, platform: Platform) -> Saying:
    """The house, whose CRM says something else of creating tasks and contacts."""

    def with_spec(**told: Any) -> Deps:
        named = ("create_task", "create_contact")
        actions = {name: replace(spec, **told if name in named else {}) for name, spec in platform.actions.items()}
        return replace(house, platform=lambda _: replace(platform, actions=actions))

    return with_spec


@pytest.fixture
def seconds(clock: Any) -> Callable[[Deps, Action], list[int]]:
    """Runs an action whenever it is due; returns how many seconds after the first request something was asked."""

    def until_it_ends(deps: Deps, action: Action) -> list[int]:
        began, moments = clock(), [0]
        execute_action(deps, "w1", action.id)
        while (at := deps.actions.get("w1", action.id).next_attempt_at) is not None:
            clock.advance((at - clock()).total_seconds())
            moments.append(round((at - began).total_seconds()))
            execute_action(deps, "w1", action.id)
        return moments

    return until_it_ends


@pytest.mark.parametrize("unique", [True, False])
def test_a_lost_answer_is_looked_for_at_once(crm: Any, ask: Any, house: Deps, clock: Any, *, unique: bool) -> None:
    crm.unique, crm.answers, asked = unique, ["lost"], ask()

    execute_action(house, "w1", asked.id)

    done = house.actions.get("w1", asked.id)
    assert (done.status, len(crm.sent)) == (ActionStatus.COMPLETED, 1)
    assert done.receipt
    assert done.receipt.completed_at - asked.created_at == timedelta(seconds=5)


def test_what_a_look_up_cannot_show_yet_is_not_looked_for(saying: Saying, crm: Any, ask: Any, seconds: Any) -> None:
    crm.answers = ["lost"]

    assert seconds(saying(lag_seconds=45.0), ask()) == [0, 45]


def test_where_only_a_marker_tells_it_is_looked_for_again_and_again_before_it_is_sent_again(
    saying: Saying, crm: Any, ask: Any, seconds: Any
) -> None:
    crm.unique, crm.answers = False, ["never", "done"]

    looked = seconds(saying(limit_seconds=900.0, lag_seconds=30.0), ask())

    assert looked[:5] == [0, 30, 60, 300, 930]
    assert (len(crm.sent), crm.made()) == (2, ["n1"])


def test_nobody_stays_for_a_look_up_who_has_waited_long_for_an_answer(
    house: Deps, crm: Any, ask: Any, clock: Any
) -> None:
    crm.answers, crm.on_send, asked = ["lost"], lambda: clock.advance(20), ask()

    execute_action(house, "w1", asked.id)

    waiting = house.actions.get("w1", asked.id)
    assert (waiting.status, waiting.next_attempt_at - clock()) == (ActionStatus.SENDING, timedelta(seconds=5))


@pytest.mark.parametrize(("stage", "object"), [("lead", "leads"), ("customer", "contacts")])
def test_a_create_makes_the_object_that_its_fields_ask_for(
    saying: Saying, crm: Any, ask: Any, settle: Any, stage: str, object: str
) -> None:
    deps = saying(object_for=lambda fields: "leads" if fields.get("lifecycle_stage") == "lead" else "contacts")
    fields = {"email": "ann@example.test", "last_name": "Lee", "lifecycle_stage": stage}

    settle(ask("create_contact", fields=fields), deps)

    assert crm.sent[0].object == object


def test_an_update_writes_the_object_that_its_target_is(saying: Saying, crm: Any, ask: Any, settle: Any) -> None:
    deps = saying(object_for=lambda _: "leads")

    settle(ask("update_contact"), deps)

    assert (crm.sent[0].object, crm.sent[0].external_id) == ("contacts", "p1")


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_every_crm_that_has_leads_chooses_by_the_lifecycle(name: str) -> None:
    spec, objects = PLATFORMS[name].actions["create_contact"], PLATFORMS[name].objects
    leads = {"salesforce": "Lead", "zoho": "Leads"}.get(name, spec.object)

    made = [spec.made({"lifecycle_stage": stage}) for stage in ("lead", "customer")]

    assert made == [leads, spec.object]
    assert set(made) <= set(objects)
