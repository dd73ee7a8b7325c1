"""Settings are changed whole or not at all, by admins of the workspace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.services.edit_connection import edit_connection
from crmbridge.services.ports import Deps
from crmbridge.services.read_connections import list_connections, read_connection

RULES = {"operator": "AND", "rules": [{"field": "amount", "operator": "gt", "value": 1000}]}


@pytest.fixture(autouse=True)
def connection(make_connection: Callable[..., Connection], clock: Any) -> Connection:
    return make_connection(incremental_due_at=clock() + timedelta(hours=9), full_due_at=clock() + timedelta(days=9))


def test_only_what_is_given_changes(deps: Deps, admin: Caller) -> None:
    before = deps.connections.get("w1", "c1")

    after = edit_connection(deps, admin, "c1", {"display_name": " Acme EU ", "kinds": ["deal", "contact"]})

    assert (after.display_name, after.settings.kinds) == ("Acme EU", ("contact", "deal"))
    assert after.settings.frequency == before.settings.frequency
    assert deps.connections.get("w1", "c1") == after


def test_everything_that_can_be_set_is_kept(deps: Deps, admin: Caller) -> None:
    body = {
        "direction": "from_crm", "frequency_minutes": 30, "full_every_hours": 24, "filters": {"deal": RULES},
        "conflict_strategy": "ask",
    }  # fmt: skip

    settings = edit_connection(deps, admin, "c1", body).settings

    assert (settings.direction, settings.conflict_strategy) == ("from_crm", "ask")
    assert (settings.frequency, settings.full_every) == (timedelta(minutes=30), timedelta(days=1))
    assert settings.filters == {"deal": RULES}


def test_a_shorter_interval_counts_from_now(deps: Deps, admin: Caller, clock: Any) -> None:
    after = edit_connection(deps, admin, "c1", {"frequency_minutes": 10, "full_every_hours": 1})

    assert after.incremental_due_at == clock() + timedelta(minutes=10)
    assert after.full_due_at == clock() + timedelta(hours=1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": 7}, "display_name"),
        ({"display_name": "x" * 201}, "display_name"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": ["both"]}, "direction"),
        ({"frequency_minutes": 1}, "frequency_minutes"),
        ({"frequency_minutes": True}, "frequency_minutes"),
        ({"frequency_minutes": 7.5}, "frequency_minutes"),
        ({"full_every_hours": 10**9}, "full_every_hours"),
        ({"kinds": []}, "kinds"),
        ({"kinds": "deal"}, "kinds"),
        ({"kinds": ["ticket"]}, "kinds"),
        ({"kinds": [["deal"]]}, "kinds"),
        ({"filters": []}, "filters"),
        ({"filters": {"ticket": RULES}}, "filters.ticket"),
        ({"filters": {"deal": {"operator": "XOR", "rules": []}}}, "filters.deal"),
        ({"conflict_strategy": None}, "conflict_strategy"),
        ({"account": "49"}, "account"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_changed(
    deps: Deps, admin: Caller, body: dict[str, Any], field: str
) -> None:
    before = deps.connections.get("w1", "c1")

    with pytest.raises(Invalid) as refused:
        edit_connection(deps, admin, "c1", {"direction": "both", **body})

    assert all(problem.field.startswith(field) for problem in refused.value.problems)
    assert deps.connections.get("w1", "c1") == before


def test_all_wrong_settings_are_named_at_once(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid) as refused:
        edit_connection(deps, admin, "c1", {"direction": "up", "kinds": 7})

    assert {problem.field for problem in refused.value.problems} == {"direction", "kinds"}


def test_members_look_and_admins_edit(deps: Deps, member: Caller) -> None:
    with pytest.raises(Forbidden):
        edit_connection(deps, member, "c1", {"direction": "both"})

    assert read_connection(deps, member, "c1").id == "c1"
    assert [each.id for each in list_connections(deps, member)] == ["c1"]


def test_a_foreign_connection_is_an_unknown_one(deps: Deps) -> None:
    stranger = Caller("w2", "u9", "admin")

    with pytest.raises(NotFound):
        edit_connection(deps, stranger, "c1", {"direction": "both"})
    with pytest.raises(NotFound):
        read_connection(deps, stranger, "c1")
    assert list_connections(deps, stranger) == []
