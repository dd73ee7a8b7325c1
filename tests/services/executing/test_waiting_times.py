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


def looked_up_after(deps: Deps, action: Action) -> timedelta:
    """How long after the lost answer it is looked for."""
    execute_action(deps, "w1", action.id)
    waiting, sent_at = deps.actions.get("w1", action.id), deps.now()
    assert waiting.status is ActionStatus.SENDING
    assert waiting.next_attempt_at is not None
    return waiting.next_attempt_at - sent_at


@pytest.mark.parametrize(("lag", "waits"), [(0.0, 2.0), (45.0, 45.0)])
def test_where_the_key_is_unique_only_the_lag_of_the_look_up_is_waited_for(
    saying: Saying, crm: Any, ask: Any, lag: float, waits: float
) -> None:
    crm.unique, crm.answers = True, ["lost"]

    waited = looked_up_after(saying(lag_seconds=lag, limit_seconds=300.0), ask())

    assert timedelta(seconds=waits) <= waited < timedelta(seconds=waits + 10)


def test_where_only_a_marker_tells_the_crms_own_limit_is_waited_for_and_then_the_lag(
    saying: Saying, crm: Any, ask: Any
) -> None:
    crm.unique, crm.answers = False, ["lost"]

    waited = looked_up_after(saying(lag_seconds=45.0, limit_seconds=300.0), ask())

    assert waited == timedelta(seconds=345)


def test_it_is_not_looked_for_a_moment_sooner(saying: Saying, crm: Any, ask: Any, clock: Any) -> None:
    crm.unique, crm.answers = False, ["late"]
    deps, action = saying(lag_seconds=10.0, limit_seconds=120.0), ask()
    execute_action(deps, "w1", action.id)
    clock.advance(129)
    execute_action(deps, "w1", action.id)
    crm.land()
    early = deps.actions.get("w1", action.id).status
    clock.advance(2)

    execute_action(deps, "w1", action.id)

    assert early is ActionStatus.SENDING
    assert deps.actions.get("w1", action.id).status is ActionStatus.COMPLETED
    assert crm.made() == ["n1"]


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
