"""The product's own parts in this very process, on the engine's tables: for workers that live later, or are killed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmbridge.services import ports
from crmbridge.settings import Settings, read_settings
from crmbridge.storage.dynamo import DynamoItems
from crmbridge.storage.guards import BudgetGate, GuardStore
from crmbridge.storage.queues import SqsQueue
from crmbridge.storage.vault import SecretsVault
from crmbridge.wiring import LateBlobs, Wired

from local.engine.deploy import Stack

if TYPE_CHECKING:
    from crmbridge.domain.budgets import Pool, Slots
    from crmbridge.storage.items import Items

HASTE = 20


class _Guards(GuardStore):
    """Leases end by a clock that runs ahead. A CRM counts requests by its own: what is asked then was asked now."""

    def budget(self, scope: str, pools: "Sequence[Pool]", lane: str, slots: "Sequence[Slots]" = ()) -> BudgetGate:
        return GuardStore(self._items, lambda: datetime.now(UTC), time.sleep).budget(scope, pools, lane, slots)


class Inside(Wired):
    """What a function is wired with, but for the clients, which are the engine's, and the clock, which runs ahead."""

    client: Callable[[str], Any]
    ahead: timedelta

    def __init__(self, settings: Settings, client: Callable[[str], Any], ahead: timedelta = timedelta()) -> None:
        super().__init__(settings)
        object.__setattr__(self, "client", client)
        object.__setattr__(self, "ahead", ahead)

    @cached_property
    def now(self) -> ports.Clock:
        return lambda: datetime.now(UTC) + self.ahead

    @cached_property
    def sleep(self) -> Callable[[float], None]:
        """A clock that runs ahead need not be waited for."""
        return self._skip if self.ahead else time.sleep

    def _skip(self, seconds: float) -> None:
        time.sleep(seconds / HASTE)
        object.__setattr__(self, "ahead", self.ahead + timedelta(seconds=seconds))

    @cached_property
    def guards(self) -> ports.Guards:
        return _Guards(self._table(self.settings.guards_table), self.now, self.sleep)

    @cached_property
    def vault(self) -> ports.TokenVault:
        return SecretsVault(self.client("secretsmanager"), self.settings.secret_prefix)

    def _table(self, name: str) -> "Items":
        return DynamoItems(self.client("dynamodb"), name)

    def _queue(self, url: str) -> ports.Queue:
        return SqsQueue(self.client("sqs"), url, LateBlobs())


def inside(stack: Stack, ahead: timedelta = timedelta(), **queue_urls: str) -> Inside:
    """As the deployed functions are set; what rings other queues (`pages_queue_url`) nobody else works on."""
    settings = replace(read_settings(environment(stack)), **queue_urls)  # type: ignore[arg-type] # queues are texts
    return Inside(settings, stack.engine.client, ahead)


def environment(stack: Stack) -> dict[str, str]:
    """What the deployed functions are told."""
    function = stack.resources["SyncPagesFunction"]
    told = stack.engine.client("lambda").get_function_configuration(FunctionName=function)
    return dict(told["Environment"]["Variables"])
