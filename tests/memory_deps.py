"""The services with every store and queue in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import requests
from crmbridge.domain.connections import AppCredentials
from crmbridge.services.ports import ChatDoor, Deps, Queues
from crmbridge.storage.actions import ActionStore
from crmbridge.storage.control import ConnectionStore, GroupStore, WorkspaceStore
from crmbridge.storage.firings import FiringStore
from crmbridge.storage.guards import GuardStore
from crmbridge.storage.installations import InstallationStore
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.occasions import OccasionStore
from crmbridge.storage.outbound import OutboundStore
from crmbridge.storage.queues import MemoryQueue
from crmbridge.storage.records import RecordStore
from crmbridge.storage.rules import RuleStore
from crmbridge.storage.sidepanels import SidepanelStore
from crmbridge.storage.templates import TemplateStore
from crmbridge.storage.vault import MemoryVault


def memory_deps(
    now: Callable[[], datetime],
    sleep: Callable[[float], Any],
    *,
    apps: Mapping[str, AppCredentials],
    chat: ChatDoor,
    http: requests.Session,
    **parts: Any,
) -> Deps:
    """`apps`: our credentials at each CRM. `parts`: what else is not to be as it is here, by its name in Deps."""
    numbers, control, journal = count(1), MemoryItems("control"), MemoryItems("journal")
    deps = Deps(
        now=now,
        new_id=lambda: f"{next(numbers):026}",
        sleep=sleep,
        records=RecordStore(MemoryItems("records")),
        connections=ConnectionStore(control),
        vault=MemoryVault(apps),
        guards=GuardStore(MemoryItems("guards"), now, sleep),
        journal=JournalStore(journal, now),
        actions=ActionStore(MemoryItems("actions")),
        groups=GroupStore(control),
        memberships=MembershipStore(MemoryItems("memberships")),
        rules=RuleStore(control),
        occasions=OccasionStore(journal),
        firings=FiringStore(journal),
        workspaces=WorkspaceStore(control),
        outbound=OutboundStore(control),
        sidepanels=SidepanelStore(control),
        templates=TemplateStore(control),
        installations=InstallationStore(control),
        queues=Queues(*(MemoryQueue(now) for _ in range(6))),
        chat=chat,
        http=http,
        public_url="https://bridge.test",
    )
    return replace(deps, **parts)
