"""A connection test says who, what is missing, what is left, and what to do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.budgets import Pool
from crmbridge.domain.connections import Account, Caller, Connection, Health, Identity, TokenSet
from crmbridge.domain.errors import Forbidden, NotFound
from crmbridge.domain.runs import Counts, Run, RunType, Status
from crmbridge.entry.connections import CheckShown
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.check_connection import Forecast, check_connection
from crmbridge.services.ports import Deps

SCOPES = tuple(scope.name for scope in HUBSPOT.oauth.scopes)
LIMITS = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Remaining": "150"}


@pytest.fixture
def connection(deps: Deps, make_connection: Callable[..., Connection], clock: Any, remote: Any) -> Connection:
    remote.answer = lambda asked: (200, {"portalId": 48, "timeZone": "Europe/Berlin"}, LIMITS)
    made = make_connection(scopes=SCOPES)
    grant(deps, made, SCOPES, clock)
    return made


def grant(deps: Deps, connection: Connection, scopes: tuple[str, ...], clock: Any) -> None:
    ends = clock() + timedelta(hours=1)
    tokens = TokenSet(access_token="a0", refresh_token="r0", expires_at=ends, scopes=scopes)
    deps.vault.create(connection, tokens)


def finished(deps: Deps, id: str, type: RunType, calls: int) -> None:
    run = Run(id=id, workspace="w1", connection="c1", type=type, started_at=deps.now())
    deps.journal.add_run(run, [])
    counts = {"deal": Counts(calls=calls - 1), "contact": Counts(calls=1)}
    deps.journal.finish_run(replace(run, status=Status.SUCCESS, completed_at=deps.now(), counts=counts))


def test_a_healthy_connection_says_who_where_and_what_is_left(
    deps: Deps, admin: Caller, connection: Connection
) -> None:
    check = check_connection(deps, admin, "c1")

    assert check.is_ok
    assert check.identity is not None
    assert check.identity.account.time_zone == "Europe/Berlin"
    assert CheckShown.model_validate(check).model_dump()["identity"]["account"]["id"] == check.identity.account.id
    assert (check.quota["burst"]["left"], check.quota["burst"]["limit"]) == (150, 190)
    assert check.quota["search"]["limit"] == 4


def test_a_missing_scope_says_what_breaks(deps: Deps, admin: Caller, connection: Connection, clock: Any) -> None:
    grant(deps, connection, SCOPES[:5], clock)

    check = check_connection(deps, admin, "c1")

    assert not check.is_ok
    assert "crm.objects.owners.read" in {scope.name for scope in check.missing}
    assert all(scope.why for scope in check.missing)
    assert deps.connections.get("w1", "c1").scopes == SCOPES[:5]


def test_what_the_crm_refuses_is_an_answer_with_a_next_step(
    deps: Deps, admin: Caller, connection: Connection, remote: Any
) -> None:
    remote.answer = lambda asked: (403, {"message": "suspended", "correlationId": "77aa"})

    check = check_connection(deps, admin, "c1")

    assert not check.is_ok
    assert "suspended" in check.error
    assert "77aa" in check.error
    assert check.next_step


def test_a_connection_that_needs_a_reconnect_is_not_asked(
    deps: Deps, admin: Caller, connection: Connection, remote: Any
) -> None:
    deps.connections.save(replace(connection, health=Health.NEEDS_RECONNECT))

    check = check_connection(deps, admin, "c1")

    assert check.next_step == "an admin reconnects the account"
    assert remote.asked == []


def test_the_forecast_follows_from_the_newest_runs(deps: Deps, admin: Caller, connection: Connection) -> None:
    finished(deps, "r1", RunType.FULL, 9_000)
    finished(deps, "r2", RunType.FULL, 990)
    finished(deps, "r3", RunType.INCREMENTAL, 10)

    check = check_connection(deps, admin, "c1")

    assert check.forecast == Forecast(990, 10, 990 + 96 * 10, 100.0)


def test_without_a_run_there_is_no_forecast(deps: Deps, admin: Caller, connection: Connection) -> None:
    assert check_connection(deps, admin, "c1").forecast == Forecast()


def test_only_admins_test_and_only_their_own(deps: Deps, member: Caller, connection: Connection) -> None:
    with pytest.raises(Forbidden):
        check_connection(deps, member, "c1")
    with pytest.raises(NotFound):
        check_connection(deps, Caller("w2", "u9", "admin"), "c1")


def test_a_days_quota_that_will_not_last_says_until_when(
    deps: Deps, connection: Connection, admin: Caller, clock: Any
) -> None:
    daily = Pool("burst", 1000, 86_400.0)

    def quota(left: int) -> datetime | None:
        said = Identity(Account("48"), quota={"burst": (left, 1000)})
        asked = replace(deps, platform=lambda _: replace(HUBSPOT, pools=(daily,), identify=lambda *_: said))
        return check_connection(asked, admin, connection.id).forecast.lasts_until

    assert quota(900) is None
    assert quota(200) == clock() + timedelta(hours=6)
