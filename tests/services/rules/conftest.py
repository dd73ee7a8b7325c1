"""A workspace with a connected CRM, and its rules."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.rules import Firing, Rule
from crmbridge.services.edit_rules import create_rule, read_firings
from crmbridge.services.ports import Deps

from tests.rules_place import BIG, ON_DEALS, TASK, Place, make_place


@pytest.fixture
def place(make_deps: Callable[..., Deps], clock: Any) -> Place:
    return make_place(make_deps, clock)


@pytest.fixture
def make_rule(place: Place, admin: Caller, clock: Any) -> Callable[..., Rule]:
    """A rule on big deals that asks for a task; give any part by name to have it instead."""

    def make(**parts: Any) -> Rule:
        body = {"name": "Big deals", "trigger": ON_DEALS, "condition": BIG, "actions": [TASK], **parts}
        rule = create_rule(place.deps, admin, {name: each for name, each in body.items() if each is not None})
        clock.advance(1)
        return rule

    return make


@pytest.fixture
def firings(place: Place, admin: Caller) -> Callable[[Rule], list[Firing]]:
    """What a rule did, the oldest first."""
    return lambda rule: [*read_firings(place.deps, admin, rule.id, limit=100).items][::-1]
