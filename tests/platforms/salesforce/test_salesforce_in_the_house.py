"""A whole story in memory: connected, synced, changed, told of and written to, with the simulator as the CRM."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.domain.stored import Stored
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.notes import PREVIEW
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.execute_action import execute_action
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.keep_channel import make_address
from crmbridge.services.ports import Deps, Queues
from crmbridge.services.read_records import Asked, list_records
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
from tests.crm_house import a_house

ADA = Caller("w1", "u1", "admin")
SHARDS = 16


def now() -> datetime:
    return datetime.now(UTC)


class NoChat:
    def post(self, *told: Any) -> None:
        """Nobody listens."""


def house(sim: Running, session: requests.Session) -> Deps:
    numbers, control = count(1), MemoryItems("control")
    app = AppCredentials("3MVG9simulatorConsumerKey", "simulator-client-secret", auth_url=sim.url)
    return Deps(
        now=now,
        new_id=lambda: f"{next(numbers):026}",
        sleep=lambda _: None,
        records=RecordStore(MemoryItems("records")),
        connections=ConnectionStore(control),
        vault=MemoryVault({"salesforce": app}),
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
        truth = {row["Id"]: row for row in rows if not row.get("IsConverted") and not row.get("IsPersonAccount")}
        held = {id: one.record for id, one in self.stored(object).items() if one.record.state is State.LIVE}
        wrong = sorted(truth.keys() ^ held.keys())
        for id in truth.keys() & held.keys():
            wrong += [id for ours, theirs in columns.items() if (held[id].get(ours) or None) != truth[id].get(theirs)]
        return wrong


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with (
        requests.Session() as session,
        running("salesforce", contacts=320, leads=40, companies=60, deals=90, tasks=40, activities=20) as sim,
    ):
        deps = house(sim, session)
        asked = start_connect(deps, ADA, "salesforce")
        answer = session.get(asked, params={"_sim_approve": "1"}, allow_redirects=False, timeout=5)
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        told = Story(sim, deps, finish_connect(deps, "salesforce", query).connection)
        told.work()
        yield told


OBJECTS: Mapping[str, Mapping[str, str]] = {
    "Account": {"name": "Name", "website": "Website"},
    "Contact": {"last_name": "LastName", "email": "Email", "company_id": "AccountId"},
    "Lead": {"last_name": "LastName", "lead_status": "Status"},
    "Opportunity": {"name": "Name", "stage": "StageName", "company_id": "AccountId"},
    "Task": {"subject": "Subject"},
    "Event": {"subject": "Subject"},
    "ContentNote": {"subject": "Title"},
}


@pytest.fixture
def is_equal(story: Story) -> Callable[[], bool]:
    return lambda: [wrong for name, columns in OBJECTS.items() for wrong in story.differences(name, **columns)] == []


def test_the_first_run_ends_with_equality_at_a_call_for_each_object(story: Story, is_equal: Callable[[], bool]) -> None:
    run = story.deps.journal.runs("w1", story.connection.id, limit=1, cursor=None).items[0]

    assert (run.status, run.errors) == (Status.SUCCESS, ())
    notes = [one.record for one in story.stored("ContentNote").values()]
    long = sum(len(str(note.get("body"))) > PREVIEW for note in notes)
    calls = sum(counts.calls for counts in run.counts.values())
    assert calls == len(SALESFORCE.objects) + 1 + long, "notes ask for their links, long ones for their text"
    assert is_equal()


def test_changes_of_every_sort_arrive_in_one_incremental_run(story: Story, is_equal: Callable[[], bool]) -> None:
    sim = story.sim
    contacts = sorted(one for one, held in story.stored("Contact").items() if held.record.state is State.LIVE)
    lead = sim.mutate({"op": "create", "object": "Lead", "fields": {"LastName": "Con", "Company": "Vert"}})[0]["ids"][0]
    story.sync(RunType.INCREMENTAL)
    sim.mutate(
        {"op": "update", "object": "Contact", "ids": contacts[:50], "fields": {"LastName": "Renamed"}},
        {"op": "delete", "object": "Contact", "id": contacts[60]},
        {"op": "merge", "object": "Contact", "winner": contacts[70], "loser": contacts[71]},
        {"op": "convert", "id": lead, "deal": "New deal"},
    )

    run = story.sync(RunType.INCREMENTAL)

    assert run.status is Status.SUCCESS
    assert is_equal()
    assert story.get("Contact", contacts[60]).record.state is State.DELETED
    assert story.get("Contact", contacts[71]).record.successor_id == contacts[70]
    converted = story.get("Lead", lead).record
    assert (converted.state, converted.successor_object) == (State.CONVERTED, "Contact")
    assert story.get("Contact", str(converted.successor_id)).record.last_name == "Con"


def test_what_was_erased_past_the_bin_is_swept(story: Story) -> None:
    made = {"op": "create", "object": "Account", "fields": {"Name": "Soon gone"}}
    gone = story.sim.mutate(made)[0]["ids"][0]
    story.sync(RunType.INCREMENTAL)
    story.sim.mutate({"op": "delete", "object": "Account", "id": gone})
    story.sim.mutate({"op": "hard_delete", "object": "Account", "id": gone})

    story.sync(RunType.FULL)

    assert story.get("Account", gone).record.state is State.HIDDEN


def test_an_outbound_message_is_let_in_and_read_again(story: Story, endpoint: Any) -> None:
    address = make_address(story.deps, ADA, story.connection.id)
    story.sim.settings(webhook_url=endpoint.url)
    made = {"op": "create", "object": "Contact", "fields": {"LastName": "Told of"}}
    contact = story.sim.mutate(made)[0]["ids"][0]
    story.sim.webhooks(flush=True)
    story.sim.settings(webhook_url="")
    body, headers = endpoint.posts[0]
    url = next(word for word in address.steps.split() if word.startswith("https://"))
    place, _, token = urlsplit(url).path.removeprefix("/v1/webhooks/salesforce/").rpartition("/")

    answer = receive_delivery(story.deps, "salesforce", (place, token), Delivery("POST", url, headers, body, now()))
    for message in story.deps.queues.deliveries.take():  # type: ignore[attr-defined]  # the memory twin's own
        apply_delivery(story.deps, message.body)

    assert (answer.status, "<Ack>true</Ack>" in answer.body) == (200, True)
    assert story.get("Contact", contact).record.last_name == "Told of"


def test_actions_are_written_read_back_and_linked_where_somebody_is_there(story: Story) -> None:
    lead = {"LastName": "There", "Company": "x", "Email": "there@before.test"}
    there = story.sim.mutate({"op": "create", "object": "Lead", "fields": lead})[0]["ids"][0]
    deal = next(id for id, one in story.stored("Opportunity").items() if one.record.state is State.LIVE)
    target = {"object": "Opportunity", "external_id": deal}

    task = story.act("create_task", fields={"subject": "Follow up", "priority": "high"}, links=[target])
    call = story.act("log_call", fields={"subject": "Intro", "duration_seconds": 60}, links=[target])
    moved = story.act("update_deal", target=target, fields={"stage": "Closed Won"})
    person = story.act("create_contact", fields={"email": "there@before.test", "last_name": "There"})

    receipts = [each.receipt for each in (task, call, moved, person) if each.receipt]
    assert [each.status for each in (task, call, moved, person)] == [ActionStatus.COMPLETED] * 4
    assert [(one.object, one.linked) for one in receipts] == [
        ("Task", False), ("Task", False), ("Opportunity", False), ("Lead", True),
    ]  # fmt: skip
    assert receipts[3].external_id == there
    assert story.get("Task", receipts[1].external_id).record.kind == "activity"
    assert story.get("Opportunity", deal).record.is_won is True


@pytest.mark.parametrize("answers", ["401", "redirect", "404"])
def test_an_org_that_moves_is_followed_and_shown_where_it_is(answers: str) -> None:
    with a_house("salesforce", contacts=6, companies=3, deals=3, leads=0, tasks=0, activities=0) as house:
        house.connect()
        house.work()
        before = house.connection.base_url
        house.sim.settings(moved_answers=answers)
        moved = house.sim.mutate({"op": "move", "domain": "falkenau-new"})[0]["instance_url"]
        house.sim.mutate(house.dialect.create("company", 2, ".moved"))
        house.sim.advance(3600)

        run, _ = house.sync(RunType.INCREMENTAL)

        found = list_records(house.deps, ADA, Asked(kind=Kind.COMPANY))["items"]
        assert (run.status, house.differences()) == (Status.SUCCESS, [])
        assert house.connection.base_url == moved != before
        assert all(str(one["url"]).startswith(moved) for one in found)
