"""What a running function is made of: the one place that chooses stores, queues and clients.

Everything is made when it is first asked for, imports included: a function that never reads a token never makes a
Secrets Manager client, and the webhooks' never loads what talks to CRMs.
"""

import gc
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from crmbridge.domain.records import Json
from crmbridge.services import group_ports, ports, rule_ports, workspace_ports
from crmbridge.settings import Settings, read_settings

if TYPE_CHECKING:
    import requests

    from crmbridge.platforms.listening import WebhookSpec
    from crmbridge.platforms.spec import Platform
    from crmbridge.services.slack.ports import Installations
    from crmbridge.storage.blobs import Blobs
    from crmbridge.storage.items import Items

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@cache
def settings() -> Settings:
    return read_settings()


@cache
def deps() -> ports.Deps:
    """The process's own, kept between invocations."""
    calm_collector()
    return Wired(settings())


def calm_collector() -> None:
    """A worker makes records by the ten thousand and drops them page by page, hardly a cycle among them. Looking
    through all that lives after every 700 new objects, as Python does, is a tenth of a sync's processor time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def unpark(text: str) -> Mapping[str, Json]:
    """What was sent, from a queue message's text."""
    from crmbridge.storage import queues

    return queues.unpark(text, LateBlobs())


def utc_now() -> datetime:
    return datetime.now(UTC)


def ulid() -> str:
    """48 bits of milliseconds, 80 bits of chance, in Crockford's base 32."""
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


@cache
def aws(service: str) -> Any:
    """Signed here where that is possible: loading botocore would be most of a cold start, and its calls half of what
    a worker does."""
    from crmbridge.storage.signed import SignedClient, credentials_of, speaks

    credentials = credentials_of(os.environ) if speaks(service) else None
    if credentials is None:
        from crmbridge.storage.aws import client

        return client(service)
    return SignedClient(service, credentials, os.environ.get("AWS_ENDPOINT_URL", ""))


class LateBlobs:
    """A bucket whose client is made when something is parked or fetched, which is seldom."""

    def put(self, key: str, body: bytes) -> None:
        self._blobs.put(key, body)

    def get(self, key: str) -> bytes | None:
        return self._blobs.get(key)

    @cached_property
    def _blobs(self) -> "Blobs":
        from crmbridge.storage.blobs import S3Blobs

        return S3Blobs(aws("s3"), settings().bucket)


class Wired(ports.Deps):
    """`Deps` whose parts are made when they are first used."""

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        object.__setattr__(self, "settings", settings)

    @cached_property
    def now(self) -> ports.Clock:
        return utc_now

    @cached_property
    def new_id(self) -> ports.NewId:
        return ulid

    @cached_property
    def sleep(self) -> Callable[[float], None]:
        return time.sleep

    @cached_property
    def records(self) -> ports.Records:
        from crmbridge.storage.records import RecordStore

        return RecordStore(self._table(self.settings.records_table))

    @cached_property
    def connections(self) -> ports.Connections:
        from crmbridge.storage.control import ConnectionStore

        return ConnectionStore(self._control)

    @cached_property
    def vault(self) -> ports.TokenVault:
        from crmbridge.storage.vault import SecretsVault

        return SecretsVault(aws("secretsmanager"), self.settings.secret_prefix)

    @cached_property
    def guards(self) -> ports.Guards:
        from crmbridge.storage.guards import GuardStore

        return GuardStore(self._table(self.settings.guards_table), self.now, self.sleep)

    @cached_property
    def journal(self) -> ports.Journal:
        from crmbridge.storage.journal import JournalStore

        return JournalStore(self._table(self.settings.journal_table), self.now)

    @cached_property
    def actions(self) -> ports.Actions:
        from crmbridge.storage.actions import ActionStore

        return ActionStore(self._table(self.settings.actions_table))

    @cached_property
    def groups(self) -> group_ports.Groups:
        from crmbridge.storage.control import GroupStore

        return GroupStore(self._control)

    @cached_property
    def memberships(self) -> group_ports.Memberships:
        from crmbridge.storage.memberships import MembershipStore

        return MembershipStore(self._table(self.settings.memberships_table))

    @cached_property
    def rules(self) -> rule_ports.Rules:
        from crmbridge.storage.rules import RuleStore

        return RuleStore(self._control)

    @cached_property
    def occasions(self) -> rule_ports.Occasions:
        from crmbridge.storage.occasions import OccasionStore

        return OccasionStore(self._table(self.settings.journal_table))

    @cached_property
    def firings(self) -> rule_ports.Firings:
        from crmbridge.storage.firings import FiringStore

        return FiringStore(self._table(self.settings.journal_table))

    @cached_property
    def workspaces(self) -> workspace_ports.Workspaces:
        from crmbridge.storage.control import WorkspaceStore

        return WorkspaceStore(self._control)

    @cached_property
    def outbound(self) -> workspace_ports.Outbound:
        from crmbridge.storage.outbound import OutboundStore

        return OutboundStore(self._control)

    @cached_property
    def sidepanels(self) -> workspace_ports.Sidepanels:
        from crmbridge.storage.sidepanels import SidepanelStore

        return SidepanelStore(self._control)

    @cached_property
    def templates(self) -> workspace_ports.Templates:
        from crmbridge.storage.templates import TemplateStore

        return TemplateStore(self._control)

    @cached_property
    def installations(self) -> "Installations":
        from crmbridge.storage.installations import InstallationStore

        return InstallationStore(self._control)

    @cached_property
    def queues(self) -> ports.Queues:
        urls = self.settings
        return ports.Queues(
            deliveries=self._queue(urls.deliveries_queue_url),
            pages=self._queue(urls.pages_queue_url),
            groups=self._queue(urls.groups_queue_url),
            actions=self._queue(urls.actions_queue_url),
            chat=self._queue(urls.chat_queue_url),
            rules=self._queue(urls.rules_queue_url),
        )

    @cached_property
    def chat(self) -> ports.ChatDoor:
        from crmbridge.chat.signed_events import SignedEvents

        return SignedEvents(self.http, self.now)

    @cached_property
    def http(self) -> "requests.Session":
        import requests

        from crmbridge.platforms.whole_answers import WholeAnswers

        session = requests.Session()
        session.trust_env = False  # no .netrc may replace a token, and no look at the environment per request
        session.mount("https://", WholeAnswers(pool_maxsize=32))
        session.mount("http://", WholeAnswers(pool_maxsize=32))
        return session

    @cached_property
    def begin(self) -> ports.Begin:
        from concurrent.futures import ThreadPoolExecutor

        beside = ThreadPoolExecutor(4, "beside")
        return lambda call: beside.submit(call).result

    @cached_property
    def platform(self) -> "Callable[[str], Platform]":
        return ports.registered_platform

    def webhook(self, platform: str) -> "WebhookSpec":
        from crmbridge.platforms import registry

        return registry.webhook(platform)

    @cached_property
    def sync_lag_seconds(self) -> float | None:
        return self.settings.sync_lag_seconds

    @cached_property
    def max_groups(self) -> int:
        return ports.MAX_GROUPS if self.settings.max_groups is None else self.settings.max_groups

    @cached_property
    def max_rules(self) -> int:
        return ports.MAX_RULES if self.settings.max_rules is None else self.settings.max_rules

    @cached_property
    def public_url(self) -> str:
        return self.settings.public_url

    @cached_property
    def return_urls(self) -> tuple[str, ...]:
        return self.settings.return_urls

    @cached_property
    def _control(self) -> "Items":
        return self._table(self.settings.control_table)

    def _table(self, name: str) -> "Items":
        from crmbridge.storage.dynamo import DynamoItems

        return DynamoItems(aws("dynamodb"), name)

    def _queue(self, url: str) -> ports.Queue:
        from crmbridge.storage.queues import SqsQueue

        return SqsQueue(aws("sqs"), url, LateBlobs())
