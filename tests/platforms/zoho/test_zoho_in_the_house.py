"""A whole story in memory: connected, synced, changed, told of and written to, with the simulator as the CRM."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.changes import Delivery
from crmbridge.domain.channels import Door, password
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.records import RecordKey, State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.domain.stored import Stored
from crmbridge.platforms.channels import ChannelRequest
from crmbridge.platforms.zoho import ZOHO
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.execute_action import execute_action
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps, Queues
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.request_action import request_action
from crmbridge.services.request_run import request_run
from crmbridge.services.start_connect import start_connect
from crmbridge.services.sync_task import sync_task
from crmbridge.storage.actions import ActionStore
from crmbridge.storage.control import ConnectionStore, GroupStore, WorkspaceStore
from crmbridge.storage.guards import GuardStore
from crmbridge.storage.installations import InstallationStore
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.outbound import OutboundStore
from crmbridge.storage.queues import MemoryQueue
from crmbridge.storage.records import RecordStore
from crmbridge.storage.sidepanels import SidepanelStore
from crmbridge.storage.templates import TemplateStore
from crmbridge.storage.vault import MemoryVault

from local.simulators import Running, running

ADA = Caller("w1", "u1", "admin")
SHARDS = 16


def now() -> datetime:
    return datetime.now(UTC)


class NoChat:
    def post(self, *told: Any) -> None:
        """Nobody listens."""


def house(sim: Running, session: requests.Session) -> Deps:
    numbers, control = count(1), MemoryItems("control")
    app = AppCredentials(
        "1000.SIMULATORCLIENT", "simulator-client-secret", auth_url=sim.url, hosts=f"{sim.url}/accounts.zoho.eu"
    )
    return Deps(
        now=now,
        new_id=lambda: f"{next(numbers):026}",
        sleep=lambda _: None,
        records=RecordStore(MemoryItems("records")),
        connections=ConnectionStore(control),
        vault=MemoryVault({"zoho": app}),
        guards=GuardStore(MemoryItems("guards"), now, lambda _: None),
        journal=JournalStore(MemoryItems("journal"), now),
        actions=ActionStore(MemoryItems("actions")),
        groups=GroupStore(control),
        memberships=MembershipStore(MemoryItems("memberships")),
        workspaces=WorkspaceStore(control),
        outbound=OutboundStore(control),
        sidepanels=SidepanelStore(control),
        templates=TemplateStore(control),
        installations=InstallationStore(control),
        queues=Queues(*(MemoryQueue(now) for _ in range(5))),
        chat=NoChat(),
        http=session,
        public_url="https://bridge.test",
        sync_lag_seconds=-60.0,
    )


@dataclass
class Story:
    sim: Running
    deps: Deps
    connection: Connection

    def work(self) -> None:
        """Ring every doorbell until none is left."""
        while bells := self.deps.queues.pages.take():  # type: ignore[attr-defined]  # the memory twin's own
            for bell in bells:
                sync_task(self.deps, "w1", bell.body["task"], deadline=now() + timedelta(minutes=5))

    def sync(self, type: RunType) -> Run:
        run = request_run(self.deps, ADA, self.connection.id, type)
        self.work()
        return self.deps.journal.run("w1", run.id)

    def stored(self, object: str) -> Mapping[str, Stored]:
        shards = (self.deps.records.scan("w1", self.connection.id, object, shard) for shard in range(SHARDS))
        return {one.key.external_id: one for shard in shards for one in shard}

    def get(self, object: str, id: str) -> Stored:
        found = self.deps.records.get(RecordKey("w1", self.connection.id, object, id))
        assert found is not None
        return found

    def act(self, type: str, **body: Any) -> Action:
        wanted = {"type": type, "connection": self.connection.id, **body}
        action, _ = request_action(self.deps, ADA, wanted, f"{type}-{len(str(body))}")
        execute_action(self.deps, "w1", action.id)
        return self.deps.actions.get("w1", action.id)

    def differences(self, object: str, **columns: str) -> list[str]:
        """Against the simulator's own truth: who lives, and what a few fields say."""
        rows = self.sim.state(object=object, limit=100_000)["live"]
        truth = {row["id"]: row for row in rows if not row.get("Converted__s")}
        held = {id: one.record for id, one in self.stored(object).items() if one.record.state is State.LIVE}
        wrong = sorted(truth.keys() ^ held.keys())
        for id in truth.keys() & held.keys():
            for ours, theirs in columns.items():
                told = truth[id].get(theirs)
                value = told["id"] if isinstance(told, dict) else told
                wrong += [id] if (held[id].get(ours) or None) != value else []
        return wrong


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    sizes = {"contacts": 320, "leads": 40, "companies": 60, "deals": 90, "tasks": 40, "activities": 60}
    with requests.Session() as session, running("zoho", **sizes) as sim:
        deps = house(sim, session)
        asked = start_connect(deps, ADA, "zoho")
        answer = session.get(asked, params={"_sim_approve": "1"}, allow_redirects=False, timeout=5)
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        told = Story(sim, deps, finish_connect(deps, "zoho", query).connection)
        told.work()
        yield told


OBJECTS: Mapping[str, Mapping[str, str]] = {
    "Accounts": {"name": "Account_Name", "website": "Website"},
    "Contacts": {"last_name": "Last_Name", "email": "Email", "company_id": "Account_Name"},
    "Leads": {"last_name": "Last_Name", "lead_status": "Lead_Status"},
    "Deals": {"name": "Deal_Name", "stage": "Stage", "company_id": "Account_Name"},
    "Tasks": {"subject": "Subject"},
    "Calls": {"subject": "Subject"},
    "Events": {"subject": "Event_Title"},
    "Notes": {"body": "Note_Content"},
}


@pytest.fixture
def is_equal(story: Story) -> Callable[[], bool]:
    return lambda: [wrong for name, columns in OBJECTS.items() for wrong in story.differences(name, **columns)] == []


def test_the_first_run_ends_equal_at_a_call_for_each_module_and_one_for_roles(
    story: Story, is_equal: Callable[[], bool]
) -> None:
    run = story.deps.journal.runs("w1", story.connection.id, limit=1, cursor=None).items[0]

    assert (run.status, run.errors) == (Status.SUCCESS, ())
    assert sum(counts.calls for counts in run.counts.values()) == len(ZOHO.objects) + 1
    assert is_equal()


def test_changes_of_every_sort_arrive_in_one_incremental_run(story: Story, is_equal: Callable[[], bool]) -> None:
    sim = story.sim
    contacts = sorted(one for one, held in story.stored("Contacts").items() if held.record.state is State.LIVE)
    made = {"op": "create", "object": "Leads", "fields": {"Last_Name": "Con", "Company": "Vert"}}
    lead = sim.mutate(made)[0]["ids"][0]
    story.sync(RunType.INCREMENTAL)
    sim.mutate(
        {"op": "update", "object": "Contacts", "ids": contacts[:50], "fields": {"Last_Name": "Renamed"}},
        {"op": "delete", "object": "Contacts", "id": contacts[60]},
        {"op": "merge", "object": "Contacts", "primary": contacts[70], "other": contacts[71]},
        {"op": "convert", "id": lead},
    )

    run = story.sync(RunType.INCREMENTAL)

    assert run.status is Status.SUCCESS
    assert is_equal()
    assert {story.get("Contacts", contacts[at]).record.state for at in (60, 71)} == {State.DELETED}
    converted = story.get("Leads", lead).record
    assert (converted.state, converted.successor_object) == (State.CONVERTED, "Contacts")
    assert story.get("Contacts", str(converted.successor_id)).record.last_name == "Con"


def test_what_was_restored_lives_again(story: Story, is_equal: Callable[[], bool]) -> None:
    gone = story.sim.mutate({"op": "create", "object": "Accounts", "fields": {"Account_Name": "Back"}})[0]["ids"][0]
    story.sync(RunType.INCREMENTAL)
    story.sim.mutate({"op": "delete", "object": "Accounts", "id": gone})
    story.sync(RunType.INCREMENTAL)
    deleted = story.get("Accounts", gone).record.state
    story.sim.mutate({"op": "restore", "object": "Accounts", "id": gone})

    story.sync(RunType.FULL)

    assert (deleted, story.get("Accounts", gone).record.state) == (State.DELETED, State.LIVE)
    assert is_equal()


def test_what_is_no_longer_shared_is_swept_and_hidden(story: Story) -> None:
    made = {"op": "create", "object": "Accounts", "fields": {"Account_Name": "Soon unseen"}}
    unseen = story.sim.mutate(made)[0]["ids"][0]
    story.sync(RunType.INCREMENTAL)
    story.sim.mutate({"op": "hide", "object": "Accounts", "id": unseen})

    story.sync(RunType.FULL)

    assert story.get("Accounts", unseen).record.state is State.HIDDEN


def test_a_notification_is_let_in_and_its_records_are_read_again(story: Story, endpoint: Any) -> None:
    address, api = wanted_address(story), open_api(story.deps, story.connection, "webhook")
    request = replace(address, target_base=endpoint.url, target_url=endpoint.url + "/c/token")
    channel = ZOHO.channels.register(api, request)  # type: ignore[union-attr,misc]  # it has channels, made by us
    made = {"op": "create", "object": "Contacts", "count": 2, "fields": {"Last_Name": "Told of"}}
    contacts = story.sim.mutate(made)[0]["ids"]
    story.sim.webhooks(flush=True)
    ZOHO.channels.unregister(api, replace(request, channel=channel))  # type: ignore[union-attr,misc]

    for body, headers in endpoint.posts:
        delivery = Delivery("POST", address.target_url, headers, body, now())
        place, _, token = urlsplit(address.target_url).path.removeprefix("/v1/webhooks/zoho/").rpartition("/")
        assert receive_delivery(story.deps, "zoho", (place, token), delivery).status == 200
    for message in story.deps.queues.deliveries.take():  # type: ignore[attr-defined]  # the memory twin's own
        apply_delivery(story.deps, message.body)

    assert {story.get("Contacts", id).record.last_name for id in contacts} == {"Told of"}


def wanted_address(story: Story) -> ChannelRequest:
    """A door of the connection's own, as the house makes it."""
    token, salt, place = "t" * 40, "salt", f"{story.connection.id}.w1"
    door = Door(workspace="w1", connection=story.connection.id, platform="zoho", account=story.connection.account)
    story.deps.connections.save_door(door.with_key(token, salt))
    url = f"https://bridge.test/v1/webhooks/zoho/{place}/{token}"
    return ChannelRequest(
        target_base=url.removesuffix(token), target_url=url, user="crm-bridge", password=password(token, salt),
        channel=None, account=story.connection.account, person="", directories=None, now=now(),
    )  # fmt: skip


def test_actions_are_written_read_back_and_linked_where_somebody_is_there(story: Story) -> None:
    person = {"Last_Name": "There", "Email": "there@before.test"}
    there = story.sim.mutate({"op": "create", "object": "Contacts", "fields": person})[0]["ids"][0]
    deal = next(id for id, one in story.stored("Deals").items() if one.record.state is State.LIVE)
    target = {"object": "Deals", "external_id": deal}

    task = story.act("create_task", fields={"subject": "Follow up", "priority": "high"}, links=[target])
    call = story.act("log_call", fields={"subject": "Intro", "duration_seconds": 60}, links=[target])
    moved = story.act("update_deal", target=target, fields={"stage": "Closed Won"})
    person_there = story.act("create_contact", fields={"email": "there@before.test", "last_name": "There"})

    done = (task, call, moved, person_there)
    receipts = [each.receipt for each in done if each.receipt]
    assert [each.status for each in done] == [ActionStatus.COMPLETED] * 4
    assert [(one.object, one.linked) for one in receipts] == [
        ("Tasks", False), ("Calls", False), ("Deals", False), ("Contacts", True),
    ]  # fmt: skip
    assert receipts[3].external_id == there
    assert story.get("Deals", deal).record.is_won is True
