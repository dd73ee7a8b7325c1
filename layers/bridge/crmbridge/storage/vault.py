"""Tokens, app credentials and signing secrets: one secret each, in Secrets Manager or, for fast tests, in memory."""

import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson

from crmbridge.domain.connections import AppCredentials, Connection, HeldTokens, TokenSet
from crmbridge.domain.errors import Misconfigured, ReauthRequired, Stale
from crmbridge.domain.installations import Installation
from crmbridge.domain.records import instant_text
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.meanings import aws_errors, code_of, meaning

CURRENT: Final = "AWSCURRENT"
PREVIOUS: Final = "AWSPREVIOUS"
REFRESHED: Final = "REFRESHED"
"""The private stage of a new version until it is promoted. One name for all, so that crashes leave no labels behind;
Secrets Manager keeps a version that lost its labels for a day, far longer than a late refresher needs it."""
CACHE_SECONDS: Final = 300.0
_MISSING: Final = ("ResourceNotFoundException", "InvalidRequestException")
"""Not there, or marked as deleted."""

Version = tuple[str, str]
"""(version id, text)"""


class Secrets(Protocol):
    """Named texts with versions and stages, as Secrets Manager keeps them."""

    def read(self, name: str, stage: str = CURRENT) -> Version | None: ...

    def create(self, name: str, text: str) -> bool:
        """False when the name is taken."""

    def overwrite(self, name: str, text: str) -> None: ...

    def stage(self, name: str, text: str) -> str:
        """A new version that is not current; returns its id."""

    def promote(self, name: str, version: str, expected: str) -> bool:
        """Make the version current; False when `expected` no longer is."""

    def delete(self, name: str) -> None: ...


class Vault:
    """What our secrets are called and what is inside; `clock` is monotonic, in seconds."""

    def __init__(self, held: Secrets, prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._secrets = held
        self._prefix = prefix
        self._clock = clock
        self._cache: dict[str, tuple[float, str]] = {}

    def read(self, connection: Connection) -> HeldTokens:
        found = self._secrets.read(self._name(connection))
        if found is None:
            raise ReauthRequired(
                f"no tokens are stored for this {connection.platform} connection", platform=connection.platform
            )
        return HeldTokens(found[0], from_json(TokenSet, found[1]))

    def create(self, connection: Connection, tokens: TokenSet) -> None:
        if not self._secrets.create(self._name(connection), to_json(tokens)):
            self._secrets.overwrite(self._name(connection), to_json(tokens))

    def replace(self, connection: Connection, held: HeldTokens, tokens: TokenSet) -> HeldTokens:
        version = self._secrets.stage(self._name(connection), to_json(tokens))
        if not self._secrets.promote(self._name(connection), version, held.version):
            raise Stale("another worker stored newer tokens")
        return HeldTokens(version, tokens)

    def previous(self, connection: Connection) -> HeldTokens | None:
        found = self._secrets.read(self._name(connection), PREVIOUS)
        return HeldTokens(found[0], from_json(TokenSet, found[1])) if found else None

    def delete(self, connection: Connection) -> None:
        self._secrets.delete(self._name(connection))

    def app(self, platform: str) -> AppCredentials:
        name = f"{self._prefix}/apps/{platform}"
        text = self._cached(name)
        try:
            stored = orjson.loads(text or "")
            known = {field.name: stored[field.name] for field in fields(AppCredentials) if stored.get(field.name)}
            secrets = {str(place): str(secret) for place, secret in known.pop("client_secrets", {}).items()}
            return AppCredentials(client_secrets=secrets, **{name: str(value) for name, value in known.items()})
        except (ValueError, TypeError, AttributeError):
            raise Misconfigured(f"the secret {name} must be JSON with client_id and client_secret") from None

    def bot_token(self, installation: Installation) -> str | None:
        """Remembered per installation: who installs again has another token."""
        text = self._cached(self._bot(installation.workspace), mark=installation.installed_at.isoformat())
        return str(orjson.loads(text)["bot_token"]) if text else None

    def keep_bot_token(self, workspace: str, token: str) -> None:
        name, text = self._bot(workspace), orjson.dumps({"bot_token": token}).decode()
        if not self._secrets.create(name, text):
            self._secrets.overwrite(name, text)

    def forget_bot_token(self, workspace: str) -> None:
        name = self._bot(workspace)
        self._secrets.delete(name)
        self._cache = {cached: known for cached, known in self._cache.items() if not cached.startswith(name)}

    def _bot(self, workspace: str) -> str:
        return f"{self._prefix}/chat/{workspace}/slack"

    def signing_secrets(self, workspace: str, now: datetime) -> Sequence[str]:
        """Of two makers, the one whose create is refused reads what the other made."""
        name = self._signing(workspace)
        text = self._cached(name)
        if text is None:
            self._secrets.create(name, orjson.dumps({"secret": _new_secret()}).decode())
            text = self._cached(name) or ""
        stored = orjson.loads(text)
        before = stored.get("before")
        still = before and instant_text(now) < stored["before_until"]
        return (stored["secret"], before) if still else (stored["secret"],)

    def rotate_signing_secret(self, workspace: str, now: datetime, grace: timedelta) -> str:
        self.signing_secrets(workspace, now)
        name = self._signing(workspace)
        version, text = self._secrets.read(name) or ("", "{}")
        made, before = _new_secret(), orjson.loads(text)["secret"]
        stored = orjson.dumps({"secret": made, "before": before, "before_until": instant_text(now + grace)}).decode()
        if not self._secrets.promote(name, self._secrets.stage(name, stored), version):
            raise Stale("the secret was rotated meanwhile")
        self._cache.pop(name, None)
        return made

    def _signing(self, workspace: str) -> str:
        return f"{self._prefix}/chat/{workspace}"

    def _name(self, connection: Connection) -> str:
        return f"{self._prefix}/connections/{connection.workspace}/{connection.id}"

    def _cached(self, name: str, mark: str = "") -> str | None:
        """Every process reads a secret again after a while, so that a rotated one arrives; a missing one, and one with
        another mark, at once."""
        until, text = self._cache.get(name + mark, (0.0, ""))
        if self._clock() < until:
            return text
        found = self._secrets.read(name)
        if found is None:
            return None
        self._cache[name + mark] = (self._clock() + CACHE_SECONDS, found[1])
        return found[1]


def _new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(24)).decode()


class SecretsVault(Vault):
    """In AWS Secrets Manager."""

    def __init__(self, client: Any, prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(_AwsSecrets(client), prefix, clock)


class MemoryVault(Vault):
    """In memory; `apps` are the credentials per platform, as the secrets would hold them."""

    def __init__(
        self, apps: Mapping[str, AppCredentials] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        held = MemorySecrets()
        for platform, app in (apps or {}).items():
            held.create(f"memory/apps/{platform}", to_json(app))
        super().__init__(held, "memory", clock)


class _AwsSecrets:
    """Stages are always named: what is current without being asked for differs between real and pretended AWS."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, name: str, stage: str = CURRENT) -> Version | None:
        found = self._call(name, "get_secret_value", SecretId=name, VersionStage=stage)
        return (found["VersionId"], found["SecretString"]) if found else None

    def create(self, name: str, text: str) -> bool:
        try:
            self._client.create_secret(Name=name, SecretString=text, ClientRequestToken=str(uuid4()))
        except aws_errors() as error:
            if code_of(error) in ("ResourceExistsException", "InvalidRequestException"):
                return False
            raise meaning(error, name) from error
        return True

    def overwrite(self, name: str, text: str) -> None:
        self._call(name, "restore_secret", SecretId=name)
        self._put(name, text, CURRENT)

    def stage(self, name: str, text: str) -> str:
        return self._put(name, text, REFRESHED)

    def promote(self, name: str, version: str, expected: str) -> bool:
        moved = self._call(
            name, "update_secret_version_stage", missing=("InvalidParameterException",),
            SecretId=name, VersionStage=CURRENT, MoveToVersionId=version, RemoveFromVersionId=expected,
        )  # fmt: skip
        return moved is not None

    def delete(self, name: str) -> None:
        self._call(name, "delete_secret", SecretId=name, ForceDeleteWithoutRecovery=True)

    def _put(self, name: str, text: str, stage: str) -> str:
        made = self._call(
            name, "put_secret_value", missing=(), SecretId=name, SecretString=text, VersionStages=[stage],
            ClientRequestToken=str(uuid4()),
        )  # fmt: skip
        return str(made["VersionId"])

    def _call(self, name: str, operation: str, missing: tuple[str, ...] = _MISSING, **parameters: Any) -> Any:
        """The answer; None for an error of the kinds named in `missing`."""
        try:
            return getattr(self._client, operation)(**parameters)
        except aws_errors() as error:
            if code_of(error) in missing:
                return None
            raise meaning(error, name) from error


class MemorySecrets:
    """The twin of Secrets Manager."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[str, str]] = {}
        self._stages: dict[str, dict[str, str]] = {}
        self._lock = RLock()

    def read(self, name: str, stage: str = CURRENT) -> Version | None:
        with self._lock:
            version = self._stages.get(name, {}).get(stage)
            return (version, self._texts[name][version]) if version else None

    def create(self, name: str, text: str) -> bool:
        with self._lock:
            if name in self._stages:
                return False
            self._texts[name], self._stages[name] = {}, {}
            self._stages[name][CURRENT] = self.stage(name, text)
            return True

    def overwrite(self, name: str, text: str) -> None:
        with self._lock:
            self.promote(name, self.stage(name, text), self._stages[name][CURRENT])

    def stage(self, name: str, text: str) -> str:
        with self._lock:
            if name not in self._stages:
                raise Misconfigured(f"{name}: there is no such secret")
            version = str(uuid4())
            self._texts[name][version] = text
            self._stages[name][REFRESHED] = version
            return version

    def promote(self, name: str, version: str, expected: str) -> bool:
        with self._lock:
            stages = self._stages[name]
            if stages[CURRENT] != expected:
                return False
            stages[CURRENT], stages[PREVIOUS] = version, expected
            return True

    def delete(self, name: str) -> None:
        with self._lock:
            self._texts.pop(name, None)
            self._stages.pop(name, None)
