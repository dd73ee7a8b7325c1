"""One refresh, whoever dies; a refused authorisation stops the asking and is told once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from crmbridge.domain.connections import AppCredentials, Connection, Health, TokenSet
from crmbridge.domain.errors import NotFound, ReauthRequired, Throttled, Unavailable
from crmbridge.services.keep_tokens import LEASE, KeptTokens, require_reconnect
from crmbridge.services.ports import Deps
from crmbridge.storage.guards import GuardStore

TOKEN_PATH = "/oauth/2026-03/token"


class Killed(BaseException):
    """The worker's process ended here."""


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection()


@pytest.fixture
def expire_in(deps: Deps, connection: Connection, clock: Any) -> Callable[[float], None]:
    """Store a token that ends in so many seconds."""

    def store(seconds: float) -> None:
        ends = clock() + timedelta(seconds=seconds)
        deps.vault.create(connection, TokenSet(access_token="a0", refresh_token="r0", expires_at=ends))

    return store


@pytest.fixture
def endpoint(remote: Any) -> Any:
    """A token endpoint that numbers its tokens."""
    numbers = count(1)
    remote.answer = lambda asked: (
        200,
        {"access_token": f"a{next(numbers)}", "refresh_token": "r0", "expires_in": 1800},
    )
    return remote


@pytest.fixture
def keep(deps: Deps, connection: Connection) -> Callable[..., KeptTokens]:
    """One worker's view of the tokens."""

    def make(**parts: Any) -> KeptTokens:
        known = {"deps": deps, "platform": deps.platform("hubspot"), "app": AppCredentials("client", "secret")}
        return KeptTokens(**{**known, "connection": connection, **parts})

    return make


def events(deps: Deps) -> list[str]:
    places = deps.outbound.due(deps.now())
    return [row.event["type"] for place in places if (row := deps.outbound.get(*place))]


def refuse(asked: Any) -> Any:
    return 400, {"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN", "correlationId": "4c1e"}


def test_a_token_that_lives_long_enough_is_used_as_it_is(keep: Any, expire_in: Any, endpoint: Any) -> None:
    expire_in(600)

    assert keep().current() == "a0"
    assert endpoint.asked == []


def test_a_token_is_refreshed_five_minutes_ahead(keep: Any, expire_in: Any, endpoint: Any, deps: Deps) -> None:
    expire_in(299)

    assert keep().current() == "a1"
    assert endpoint.asked[0].body["refresh_token"] == "r0"


def test_a_worker_keeps_using_the_token_it_knows(keep: Any, expire_in: Any, endpoint: Any, clock: Any) -> None:
    expire_in(10)
    tokens = keep()
    first = tokens.current()
    clock.advance(1400)

    assert (first, tokens.current()) == ("a1", "a1")
    clock.advance(200)
    assert tokens.current() == "a2"


def test_a_hundred_workers_with_one_expired_token_refresh_once(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, clock: Any
) -> None:
    expire_in(-1)
    answer = endpoint.answer

    def slow(asked: Any) -> Any:
        time.sleep(0.2)
        return answer(asked)

    endpoint.answer = slow
    waiting = replace(deps, sleep=lambda _: time.sleep(0.02))

    with ThreadPoolExecutor(100) as pool:
        tokens = set(pool.map(KeptTokens.current, [keep(deps=waiting) for _ in range(100)]))

    assert tokens == {"a1"}
    assert endpoint.count(TOKEN_PATH) == 1


def test_while_the_old_token_lives_nobody_waits_for_the_refresher(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, clock: Any
) -> None:
    expire_in(60)
    deps.guards.acquire("refresh#w1#c1", "somebody", LEASE)
    before = clock()

    assert keep().current() == "a0"
    assert (endpoint.asked, clock()) == ([], before)


def test_without_a_living_token_a_worker_waits_for_the_one_who_refreshes(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, clock: Any, connection: Connection
) -> None:
    expire_in(-1)
    deps.guards.acquire("refresh#w1#c1", "somebody", LEASE)
    fresh = TokenSet(access_token="theirs", refresh_token="r1", expires_at=clock() + timedelta(hours=1))

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        deps.vault.replace(connection, deps.vault.read(connection), fresh)

    assert keep(deps=replace(deps, sleep=sleep)).current() == "theirs"
    assert endpoint.asked == []


def test_a_click_does_not_wait_for_ever(keep: Any, expire_in: Any, endpoint: Any, deps: Deps) -> None:
    expire_in(-1)
    deps.guards.acquire("refresh#w1#c1", "somebody", LEASE)

    with pytest.raises(Unavailable, match="refreshed elsewhere"):
        keep(patience=timedelta(seconds=5)).current()


@pytest.mark.parametrize("answered", [False, True])
def test_a_refresher_killed_before_or_after_the_answer_is_replaced_by_one_other(
    answered: bool, keep: Any, expire_in: Any, endpoint: Any, clock: Any, deps: Deps
) -> None:
    expire_in(-1)
    answer, killed = endpoint.answer, iter([True])

    def mortal(asked: Any) -> Any:
        if next(killed, False):
            if answered:
                answer(asked)
            raise Killed
        return answer(asked)

    endpoint.answer = mortal
    with pytest.raises(Killed):
        die(keep())
    clock.advance(LEASE.total_seconds() + 1)
    waiting = replace(deps, sleep=lambda _: time.sleep(0.02))  # a hundred sleepers must not move one clock
    with ThreadPoolExecutor(100) as pool:
        tokens = set(pool.map(KeptTokens.current, [keep(deps=waiting) for _ in range(100)]))

    assert len(tokens) == 1
    assert endpoint.count(TOKEN_PATH) == 2


def die(tokens: KeptTokens) -> None:
    """Like a process that ends: what a worker does on its way out does not happen."""
    guards = tokens.deps.guards
    assert isinstance(guards, GuardStore)
    tokens.deps = replace(tokens.deps, guards=Undying(guards))
    tokens.current()


class Undying(GuardStore):
    """Guards of a process that was killed: leases are taken, but nothing is ever released."""

    def __init__(self, guards: GuardStore) -> None:
        super().__init__(guards._items, guards._now, guards._sleep)

    def release(self, name: str, holder: str) -> None:
        """The process is gone."""


def test_a_worker_waits_out_the_lease_of_a_refresher_that_died(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, clock: Any
) -> None:
    expire_in(-1)
    deps.guards.acquire("refresh#w1#c1", "dead", LEASE)
    before = clock()

    assert keep().current() == "a1"
    assert clock() - before <= LEASE + timedelta(seconds=1)


def test_a_late_refresher_uses_what_the_winner_stored(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, connection: Connection, clock: Any
) -> None:
    expire_in(-1)
    answer = endpoint.answer
    fresh = TokenSet(access_token="winner", refresh_token="r1", expires_at=clock() + timedelta(hours=1))

    def slow(asked: Any) -> Any:
        deps.vault.replace(connection, deps.vault.read(connection), fresh)
        return answer(asked)

    endpoint.answer = slow

    assert keep().current() == "winner"
    assert deps.vault.read(connection).tokens == fresh


def test_an_empty_refresh_token_in_a_reply_overwrites_nothing(
    keep: Any, expire_in: Any, remote: Any, deps: Deps, connection: Connection
) -> None:
    expire_in(-1)
    remote.answer = lambda asked: (200, {"access_token": "a1", "refresh_token": "", "expires_in": 1800})

    keep().current()

    assert deps.vault.read(connection).tokens.refresh_token == "r0"


def test_a_refused_refresh_token_needs_a_reconnect_and_is_told_once(
    keep: Any, expire_in: Any, remote: Any, deps: Deps
) -> None:
    expire_in(60)
    remote.answer = refuse

    for _ in range(3):
        with pytest.raises(ReauthRequired, match="HubSpot"):
            keep().current()

    stored = deps.connections.get("w1", "c1")
    assert stored.health is Health.NEEDS_RECONNECT
    assert "invalid_grant" in stored.health_note
    assert events(deps) == ["connection.needs_reconnect"]


def test_the_previous_refresh_token_is_tried_once(
    keep: Any, expire_in: Any, remote: Any, deps: Deps, connection: Connection, clock: Any
) -> None:
    expire_in(-1)
    lost = TokenSet(access_token="x", refresh_token="unknown to the CRM", expires_at=clock())
    deps.vault.replace(connection, deps.vault.read(connection), lost)
    remote.answer = lambda asked: (
        (200, {"access_token": "a1", "refresh_token": "r9", "expires_in": 1800})
        if asked.body["refresh_token"] == "r0"
        else refuse(asked)
    )

    assert keep().current() == "a1"
    assert [asked.body["refresh_token"] for asked in remote.asked] == ["unknown to the CRM", "r0"]
    assert deps.vault.read(connection).tokens.refresh_token == "r9"


def test_a_refusal_is_no_news_when_somebody_stored_newer_tokens_meanwhile(
    keep: Any, expire_in: Any, remote: Any, deps: Deps, connection: Connection, clock: Any
) -> None:
    expire_in(-1)
    fresh = TokenSet(access_token="new", refresh_token="r1", expires_at=clock() + timedelta(hours=1))

    def overtaken(asked: Any) -> Any:
        deps.vault.replace(connection, deps.vault.read(connection), fresh)
        return refuse(asked)

    remote.answer = overtaken

    assert keep().current() == "new"
    assert deps.connections.get("w1", "c1").health is Health.CONNECTED


def test_a_busy_token_endpoint_is_left_alone_for_as_long_as_it_asks(
    keep: Any, expire_in: Any, endpoint: Any, clock: Any
) -> None:
    answer = endpoint.answer
    expire_in(200)
    endpoint.answer = lambda asked: (429, {}, {"Retry-After": "120"})
    kept = [keep().current(), keep().current()]
    endpoint.answer = answer
    clock.advance(121)

    assert kept == ["a0", "a0"]
    assert keep().current() == "a1"
    assert endpoint.count(TOKEN_PATH) == 2


def test_without_a_living_token_a_busy_token_endpoint_is_an_error_that_passes(
    keep: Any, expire_in: Any, remote: Any
) -> None:
    expire_in(-1)
    remote.answer = lambda asked: (429, {}, {"Retry-After": "120"})

    with pytest.raises(Throttled) as refused:
        keep().current()

    assert refused.value.retry_after == 120


def test_a_pause_that_the_token_endpoint_asked_for_is_waited_out_by_everybody_without_a_worker_asleep(
    keep: Any, expire_in: Any, remote: Any, clock: Any
) -> None:
    expire_in(-1)
    remote.answer = lambda asked: (429, {}, {"Retry-After": "600"})
    first = keep()
    with pytest.raises(Throttled):
        first.current()
    clock.advance(60)
    before = clock()

    for tokens in (first, keep()):
        with pytest.raises(Throttled) as refused:
            tokens.current()
        assert refused.value.retry_after == pytest.approx(540)

    assert (len(remote.asked), clock()) == (1, before)


def test_a_token_endpoint_that_fails_matters_only_when_the_old_token_is_dead(
    keep: Any, expire_in: Any, remote: Any, clock: Any
) -> None:
    expire_in(60)
    remote.answer = lambda asked: (503, None)
    tokens = keep()

    assert tokens.current() == "a0"
    clock.advance(60)
    with pytest.raises(Unavailable):
        tokens.current()


def test_a_token_that_the_crm_refused_is_replaced_though_it_should_live(
    keep: Any, expire_in: Any, endpoint: Any
) -> None:
    expire_in(1700)
    tokens = keep()

    assert tokens.current(refused=tokens.current()) == "a1"


def test_a_token_made_by_hand_that_is_refused_needs_a_reconnect(
    keep: Any, deps: Deps, connection: Connection, remote: Any
) -> None:
    deps.vault.create(connection, TokenSet(access_token="pat"))
    tokens = keep()

    with pytest.raises(ReauthRequired):
        tokens.current(refused=tokens.current())

    assert deps.connections.get("w1", "c1").health is Health.NEEDS_RECONNECT
    assert remote.asked == []


def test_a_connection_whose_secret_is_gone_needs_a_reconnect(deps: Deps, connection: Connection) -> None:
    require_reconnect(deps, connection, "no tokens are stored")

    assert deps.connections.get("w1", "c1").health is Health.NEEDS_RECONNECT


def test_an_admin_who_has_just_reconnected_is_not_disturbed(deps: Deps, connection: Connection, expire_in: Any) -> None:
    expire_in(600)

    require_reconnect(deps, connection, "the old tokens are gone", version="older")

    assert deps.connections.get("w1", "c1").health is Health.CONNECTED


def test_a_connection_that_was_removed_meanwhile_is_not_marked(deps: Deps, connection: Connection) -> None:
    deps.connections.delete(connection)

    require_reconnect(deps, connection, "gone")

    with pytest.raises(NotFound):
        deps.connections.get("w1", "c1")


def test_an_api_that_moved_is_noted_with_the_connection(
    keep: Any, expire_in: Any, endpoint: Any, deps: Deps, connection: Connection
) -> None:
    platform, home = deps.platform("hubspot"), "https://moved.little.test"
    read = platform.oauth.read_tokens
    spec = replace(platform.oauth, read_tokens=lambda reply, now: replace(read(reply, now), base_url=home))
    expire_in(1)

    keep(platform=replace(platform, oauth=spec)).current()

    assert deps.connections.get(connection.workspace, connection.id).base_url == home
