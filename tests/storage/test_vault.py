"""Secrets are replaced only by whoever read the current version, in memory and in Secrets Manager."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import orjson
import pytest
from crmbridge.domain.connections import AppCredentials, Connection, TokenSet
from crmbridge.domain.errors import Misconfigured, ReauthRequired, Stale
from crmbridge.domain.installations import Installation
from crmbridge.storage.vault import CACHE_SECONDS, MemoryVault, SecretsVault, Vault
from moto import mock_aws

SECRETS = {"eu": "of eu"}
APP = AppCredentials("id", "secret", app_id="990012", api_url="http://127.0.0.1:1", client_secrets=SECRETS)
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
INSTALLED = Installation(
    workspace="w1", team="T1", team_name="Acme", bot="UBOT", installer="U1", installed_by="ada", installed_at=NOW
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "aws"])
def vault(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Vault]:
    if request.param == "memory":
        yield MemoryVault({"hubspot": APP}, clock)
        return
    with mock_aws():
        client = boto3.client("secretsmanager")
        known = {"client_id": "id", "client_secret": "secret", "app_id": "990012", "api_url": APP.api_url}
        stored = {**known, "client_secrets": SECRETS, "note": "x"}
        client.create_secret(Name="bridge/apps/hubspot", SecretString=orjson.dumps(stored).decode())
        client.create_secret(Name="bridge/apps/zoho", SecretString='{"client_id": "id"}')
        wrong = {**known, "client_secrets": "of eu"}
        client.create_secret(Name="bridge/apps/pipedrive", SecretString=orjson.dumps(wrong).decode())
        yield SecretsVault(client, "bridge", clock)


@pytest.fixture
def connection() -> Connection:
    return Connection(
        id="c1", workspace="w1", platform="hubspot", account="48", display_name="", auth="oauth", base_url="",
        created_at=NOW, created_by="u1",
    )  # fmt: skip


def tokens(access: str, refresh: str = "r1") -> TokenSet:
    return TokenSet(access_token=access, refresh_token=refresh, expires_at=NOW, scopes=("oauth",), extra={"hub": "48"})


def test_tokens_come_back_as_they_were_kept(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("a1"))

    assert vault.read(connection).tokens == tokens("a1")
    assert vault.previous(connection) is None


def test_tokens_without_an_end_come_back_without_one(vault: Vault, connection: Connection) -> None:
    vault.create(connection, TokenSet(access_token="pat"))

    assert vault.read(connection).tokens == TokenSet(access_token="pat")


def test_a_replaced_token_set_is_current_and_the_one_before_can_be_read(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("a1"))
    replaced = vault.replace(connection, vault.read(connection), tokens("a2"))

    before = vault.previous(connection)

    assert vault.read(connection) == replaced
    assert before is not None
    assert before.tokens == tokens("a1")


def test_a_late_loser_replaces_nothing(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("a1"))
    held = vault.read(connection)
    vault.replace(connection, held, tokens("a2"))

    with pytest.raises(Stale):
        vault.replace(connection, held, tokens("late"))

    assert vault.read(connection).tokens == tokens("a2")


def test_replacing_goes_on_after_a_loser_left_its_version_behind(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("a1"))
    held = vault.read(connection)
    second = vault.replace(connection, held, tokens("a2"))
    with pytest.raises(Stale):
        vault.replace(connection, held, tokens("late"))

    vault.replace(connection, second, tokens("a3"))

    assert vault.read(connection).tokens == tokens("a3")


def test_creating_again_replaces_what_an_earlier_connection_left(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("old"))

    vault.create(connection, tokens("new"))

    assert vault.read(connection).tokens == tokens("new")


def test_deleted_tokens_need_a_reconnect_and_may_be_deleted_twice(vault: Vault, connection: Connection) -> None:
    vault.create(connection, tokens("a1"))
    vault.delete(connection)
    vault.delete(connection)

    with pytest.raises(ReauthRequired, match="hubspot"):
        vault.read(connection)

    assert vault.previous(connection) is None


def test_an_app_is_read_whatever_else_its_secret_holds(vault: Vault) -> None:
    assert vault.app("hubspot") == APP


@pytest.mark.parametrize("platform", ["zoho", "pipedrive", "unknown"])
def test_a_missing_or_half_filled_app_secret_is_named(vault: Vault, platform: str) -> None:
    with pytest.raises(Misconfigured, match=f"apps/{platform}"):
        vault.app(platform)


def test_a_workspace_has_a_signing_secret_of_its_own(vault: Vault) -> None:
    assert vault.signing_secrets("w1", NOW) == vault.signing_secrets("w1", NOW)
    assert vault.signing_secrets("w2", NOW) != vault.signing_secrets("w1", NOW)


def test_a_workspace_has_one_signing_secret_however_many_ask_first() -> None:
    vault = MemoryVault()  # moto's creates are not atomic between threads

    with ThreadPoolExecutor(4) as pool:
        secrets = set(pool.map(lambda _: vault.signing_secrets("w1", NOW), range(8)))

    assert len(secrets) == 1
    assert secrets.pop()[0].startswith("whsec_")


def test_while_the_grace_lasts_the_secret_of_before_signs_too(vault: Vault) -> None:
    (old,) = vault.signing_secrets("w1", NOW)

    new = vault.rotate_signing_secret("w1", NOW, timedelta(hours=24))

    assert vault.signing_secrets("w1", NOW + timedelta(hours=23)) == (new, old)
    assert vault.signing_secrets("w1", NOW + timedelta(hours=24)) == (new,)
    assert new not in (old, *vault.signing_secrets("w2", NOW))


def test_without_any_grace_only_the_new_secret_signs(vault: Vault) -> None:
    new = vault.rotate_signing_secret("w1", NOW, timedelta(0))

    assert vault.signing_secrets("w1", NOW) == (new,)


def test_of_secrets_rotated_twice_the_last_two_sign(vault: Vault) -> None:
    made = [vault.rotate_signing_secret("w1", NOW, timedelta(hours=1)) for _ in range(3)]

    assert vault.signing_secrets("w1", NOW) == (made[2], made[1])


def test_a_bots_token_is_read_anew_when_the_app_is_installed_again(vault: Vault) -> None:
    vault.keep_bot_token("w1", "xoxb-1")
    first = vault.bot_token(INSTALLED)

    vault.keep_bot_token("w1", "xoxb-2")

    again = replace(INSTALLED, installed_at=NOW + timedelta(minutes=1))
    assert (first, vault.bot_token(again)) == ("xoxb-1", "xoxb-2")


def test_a_forgotten_bots_token_is_gone_and_leaves_the_signing_secret(vault: Vault) -> None:
    signing = vault.signing_secrets("w1", NOW)
    vault.keep_bot_token("w1", "xoxb-1")

    vault.forget_bot_token("w1")

    assert vault.bot_token(INSTALLED) is None
    assert vault.signing_secrets("w1", NOW) == signing


def test_a_rotated_app_secret_arrives_within_minutes(clock: Clock) -> None:
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="b/apps/hubspot", SecretString='{"client_id": "id", "client_secret": "one"}')
        vault = SecretsVault(client, "b", clock)
        first = vault.app("hubspot")
        client.put_secret_value(SecretId="b/apps/hubspot", SecretString='{"client_id": "id", "client_secret": "two"}')

        soon = vault.app("hubspot")
        clock.seconds += CACHE_SECONDS
        later = vault.app("hubspot")

    assert [first.client_secret, soon.client_secret, later.client_secret] == ["one", "one", "two"]
