"""One write to one CRM, exactly once: whatever dies, whatever the CRM answers, and whenever it really does it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import Account, Caller, Connection, Health
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    Unavailable,
)
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Record, RecordKey, State
from crmbridge.platforms.spec import ActionSpec, ObjectSpec, Platform, WriteRequest, Written
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import retry_action
from crmbridge.services.request_action import request_action

CREATES = {
    "create_task": {"subject": "Call Ann"},
    "log_call": {"subject": "Called Ann"},
    "create_contact": {"email": "ann@example.test", "last_name": "Lee"},
}
UPDATE = {"target": {"object": "deals", "external_id": "d1"}, "fields": {"amount": "75000"}}
BODIES: Mapping[str, Mapping[str, Any]] = {
    **{type: {"type": type, "connection": "c1", "fields": fields} for type, fields in CREATES.items()},
    "update_deal": {"type": "update_deal", "connection": "c1", **UPDATE},
}
KINDS = {"tasks": Kind.TASK, "calls": Kind.ACTIVITY, "contacts": Kind.CONTACT, "deals": Kind.DEAL}
OBJECTS = {"create_task": "tasks", "log_call": "calls", "create_contact": "contacts", "update_deal": "deals"}
NO_ANSWER = Unavailable("Fake did not answer", platform="fake", outcome_unknown=True)


@dataclass
class Crm:
    """Keeps what is written. `answers` are what the next requests meet: an error before anything happens, or one of
    lost (done, and nobody hears), late (done when `land` is called), never (not done, and nobody hears)."""

    unique: bool = True
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[PlatformError | str] = field(default_factory=list)
    hidden: list[PlatformError] = field(default_factory=list)
    """What the next look-ups meet."""
    flying: list[WriteRequest] = field(default_factory=list)
    sent: list[WriteRequest] = field(default_factory=list)
    on_send: Callable[[], None] = lambda: None

    def send(self, api: Any, request: WriteRequest) -> Written:
        self.sent.append(request)
        self.on_send()
        answer = self.answers.pop(0) if self.answers else "done"
        if isinstance(answer, PlatformError):
            raise answer
        if answer == "late":
            self.flying.append(request)
        if answer in ("late", "never"):
            raise NO_ANSWER
        written = self.commit(request)
        if answer == "lost":
            raise NO_ANSWER
        return written

    def land(self) -> None:
        """What was late is done now, unless the CRM refuses its key."""
        for request in self.flying:
            if not (self.unique and self.found(request.key)):
                self.commit(request)
        self.flying.clear()

    def commit(self, request: WriteRequest) -> Written:
        if request.external_id:
            self.objects[request.external_id] |= {"fields": dict(request.fields), "key": request.key}
            return Written(request.object, request.external_id)
        if self.unique and (found := self.found(request.key)):
            return Written(request.object, found)
        id = f"n{len(self.objects) + 1}"
        self.objects[id] = {"object": request.object, "fields": dict(request.fields), "key": request.key}
        return Written(request.object, id)

    def found(self, key: str) -> str | None:
        return next((id for id, one in self.objects.items() if one["key"] == key), None)

    def look_up(self, api: Any, request: WriteRequest) -> Written | None:
        if self.hidden:
            raise self.hidden.pop(0)
        found = self.found(request.key)
        return Written(request.object, found) if found else None

    def fetch(self, api: Any, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
        """CRMs normalise: this one shouts subjects."""
        return [
            Sighting(object=object, external_id=id, kind=KINDS[object], raw=one["fields"], fingerprint=repr(one))
            for id in ids
            if (one := self.objects.get(id))
        ]

    def made(self) -> list[str]:
        return [id for id in self.objects if id.startswith("n")]


def read(kind: Kind | str, raw: Any, context: Any = None, *, object: str | None = None, links: Any = None) -> Record:
    fields = {name: value.upper() if name == "subject" else value for name, value in raw.items()}
    if "amount" in fields:
        fields["amount"] = Decimal(fields["amount"])
    return Record(platform="fake", object=object or "", external_id="", kind=Kind(kind), fields=fields)


@pytest.fixture
def crm() -> Crm:
    return Crm(objects={"d1": {"object": "deals", "fields": {"amount": "50000"}, "key": ""}})


@pytest.fixture
def platform(crm: Crm, deps: Deps) -> Platform:
    """HubSpot in everything but what it does."""
    actions = {
        type: ActionSpec(object=object, send=crm.send, look_up=crm.look_up, unique_key=lambda _: crm.unique)
        for type, object in OBJECTS.items()
    }
    objects = {
        object: ObjectSpec(object, kind, remote={"subject": "hs_subject"} if object == "tasks" else {})
        for object, kind in KINDS.items()
    }
    return replace(
        deps.platform("hubspot"),
        title="Fake",
        actions=actions,
        objects=objects,
        read=read,
        fetch=crm.fetch,
        record_url=lambda account, object, id: f"https://fake.test/{account.id}/{object}/{id}",
    )


@pytest.fixture
def house(deps: Deps, platform: Platform, make_connection: Callable[..., Connection], put_record: Any) -> Deps:
    deps.connections.save_directories("w1", "c1", Directories(Account("48")))
    make_connection()
    put_record("deals", "d1", Kind.DEAL, amount=Decimal(50000))
    return replace(deps, platform=lambda _: platform)


@pytest.fixture
def ask(house: Deps, member: Caller) -> Callable[..., Action]:
    def asked(type: str = "create_task", key: str = "k1", **more: Any) -> Action:
        return request_action(house, member, {**BODIES[type], **more}, key)[0]

    return asked


@pytest.fixture
def settle(house: Deps, clock: Any) -> Callable[..., Action]:
    """Ring for what is due, minute after minute, until the action has ended; returns it."""

    def run(action: Action, deps: Deps | None = None, minutes: int = 60) -> Action:
        for _ in range(minutes):
            execute_action(deps or house, "w1", action.id)
            if house.actions.get("w1", action.id).is_final:
                break
            clock.advance(60)
        return house.actions.get("w1", action.id)

    return run


def told(deps: Deps) -> list[tuple[str, Mapping[str, Any]]]:
    """The events that wait for the chat app, as (type, data)."""
    ids = dict.fromkeys(m.body["outbound"] for m in deps.queues.chat.sent if "outbound" in m.body)  # type: ignore[attr-defined]
    rows = [deps.workspaces.outbound("w1", id) for id in ids]
    return [(row["event"]["type"], row["event"]["data"]) for row in rows if row]


class TestWhenAllGoesWell:
    @pytest.mark.parametrize("type", CREATES)
    def test_one_object_is_made(self, house: Deps, crm: Crm, ask: Any, type: str) -> None:
        action = ask(type)

        execute_action(house, "w1", action.id)

        done = house.actions.get("w1", action.id)
        assert (done.status, crm.made()) == (ActionStatus.COMPLETED, ["n2"])
        assert crm.objects["n2"]["object"] == OBJECTS[type]

    def test_the_receipt_says_what_the_crm_made_of_it(self, house: Deps, ask: Any, clock: Any) -> None:
        action = ask()

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.url, receipt.after) == ("https://fake.test/48/tasks/n2", {"subject": "CALL ANN"})
        assert (receipt.linked, receipt.attempts, receipt.completed_at) == (False, 1, clock())

    def test_the_record_is_stored_as_our_own_doing(self, house: Deps, ask: Any) -> None:
        action = ask()

        execute_action(house, "w1", action.id)

        stored = house.records.get(RecordKey("w1", "c1", "tasks", "n2"))
        assert stored is not None
        assert (stored.record.fields["subject"], stored.cause.action) == ("CALL ANN", action.id)

    def test_an_update_shows_before_and_after(self, house: Deps, crm: Crm, ask: Any) -> None:
        action = ask("update_deal")

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.before, receipt.after) == ({"amount": "50000"}, {"amount": "75000"})
        assert crm.objects["d1"]["fields"] == {"amount": "75000"}

    def test_the_chat_app_is_told(self, house: Deps, ask: Any) -> None:
        action = ask(chat="ch1", message="m1")

        execute_action(house, "w1", action.id)

        ((type, data),) = told(house)
        assert type == "action.completed"
        assert (data["action"], data["chat"], data["message"], data["external_id"]) == (action.id, "ch1", "m1", "n2")

    def test_ringing_again_does_nothing(self, house: Deps, crm: Crm, ask: Any) -> None:
        action = ask()

        for _ in range(3):
            execute_action(house, "w1", action.id)

        assert (len(crm.sent), len(told(house))) == (1, 1)

    def test_a_second_worker_in_the_middle_does_nothing(self, house: Deps, crm: Crm, ask: Any) -> None:
        action = ask()
        crm.on_send = lambda: execute_action(house, "w1", action.id)

        execute_action(house, "w1", action.id)

        assert (len(crm.sent), crm.made()) == (1, ["n2"])

    def test_a_merged_target_is_the_one_that_lives_on(
        self, house: Deps, crm: Crm, ask: Any, put_record: Callable[..., RecordKey]
    ) -> None:
        action = ask("update_deal")
        put_record("deals", "d2", Kind.DEAL, amount=Decimal(1))
        crm.objects["d2"] = {"object": "deals", "fields": {}, "key": ""}
        put_record("deals", "d1", Kind.DEAL, state=State.MERGED, successor_id="d2")

        execute_action(house, "w1", action.id)

        assert crm.objects["d2"]["fields"] == {"amount": "75000"}


class TestWhatWaits:
    def test_a_throttled_action_waits_as_long_as_it_is_told(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, clock: Any
    ) -> None:
        crm.answers = [Throttled("too many", platform="fake", retry_after=300)]
        action = ask()
        execute_action(house, "w1", action.id)
        waiting = house.actions.get("w1", action.id)

        assert waiting.status is ActionStatus.WAITING
        assert waiting.next_attempt_at == clock() + timedelta(seconds=300)
        assert settle(action).status is ActionStatus.COMPLETED
        assert crm.made() == ["n2"]

    def test_a_crm_that_cannot_be_reached_is_asked_again(self, crm: Crm, ask: Any, settle: Any) -> None:
        crm.answers = [Unavailable("no connection", platform="fake")] * 3

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n2"]

    def test_after_a_day_it_has_failed(self, house: Deps, crm: Crm, ask: Any, settle: Any) -> None:
        crm.answers = [Unavailable("no connection", platform="fake")] * 500

        failed = settle(ask(), minutes=60 * 30)

        assert (failed.status, failed.error["message"]) == (ActionStatus.FAILED, "no connection")
        assert [type for type, _ in told(house)] == ["action.failed"]
        assert len(crm.sent) < 60

    def test_a_lost_authorisation_waits_for_the_reconnect(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, clock: Any
    ) -> None:
        action = ask()
        connection = house.connections.get("w1", "c1")
        gone = house.connections.save(replace(connection, health=Health.NEEDS_RECONNECT))
        waiting = settle(action, minutes=60 * 48)
        house.connections.save(replace(gone, health=Health.CONNECTED))

        assert (waiting.status, crm.sent) == (ActionStatus.WAITING, [])
        assert settle(action).status is ActionStatus.COMPLETED

    def test_a_refused_token_waits_too(self, crm: Crm, ask: Any, settle: Any) -> None:
        crm.answers = [ReauthRequired("gone", platform="fake")]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n2"]


class TestWhatFails:
    def test_a_rejection_names_our_fields(self, house: Deps, crm: Crm, ask: Any) -> None:
        crm.answers = [Rejected("bad", platform="fake", request_id="r-1", fields={"hs_subject": "too long"})]
        action = ask()

        execute_action(house, "w1", action.id)

        failed = house.actions.get("w1", action.id)
        assert failed.status is ActionStatus.FAILED
        assert failed.error == {
            "message": "bad",
            "platform": "fake",
            "request_id": "r-1",
            "next_step": "change the input",
            "fields": {"subject": "too long"},
        }
        assert [type for type, _ in told(house)] == ["action.failed"]

    @pytest.mark.parametrize(
        "error", [RecordGone("gone", platform="fake"), MissingScope("no", platform="fake", scopes=["tasks"])], ids=repr
    )
    def test_what_cannot_be_done_fails_at_once(self, house: Deps, crm: Crm, ask: Any, error: PlatformError) -> None:
        crm.answers = [error]
        action = ask()

        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.FAILED

    def test_what_exists_already_is_linked_and_not_overwritten(self, house: Deps, crm: Crm, ask: Any) -> None:
        crm.objects["n7"] = {"object": "contacts", "fields": {"email": "ann@example.test", "title": "CEO"}, "key": ""}
        crm.answers = [Duplicate("exists", platform="fake", existing_id="n7")]
        action = ask("create_contact")

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.external_id, receipt.linked) == ("n7", True)
        assert crm.objects["n7"]["fields"]["title"] == "CEO"

    def test_a_duplicate_nobody_can_name_fails(self, house: Deps, crm: Crm, ask: Any) -> None:
        crm.answers = [Duplicate("exists", platform="fake", existing_id=None)]
        action = ask("create_contact")

        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.FAILED

    def test_a_removed_connection_ends_it(self, house: Deps, crm: Crm, ask: Any) -> None:
        action = ask()
        house.connections.delete(house.connections.get("w1", "c1"))

        execute_action(house, "w1", action.id)

        assert (house.actions.get("w1", action.id).status, crm.sent) == (ActionStatus.FAILED, [])

    def test_an_older_update_does_not_undo_a_later_one(self, house: Deps, crm: Crm, ask: Any) -> None:
        first, second = ask("update_deal", "k1"), ask("update_deal", "k2", fields={"amount": "9"})
        execute_action(house, "w1", second.id)

        execute_action(house, "w1", first.id)

        assert house.actions.get("w1", first.id).status is ActionStatus.SUPERSEDED
        assert crm.objects["d1"]["fields"] == {"amount": "9"}

    def test_a_failed_action_can_be_tried_again_under_its_key(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, member: Caller
    ) -> None:
        crm.answers = [Rejected("bad", platform="fake"), Rejected("worse", platform="fake")]
        action = ask()
        settle(action)
        settle(retry_action(house, member, action.id))

        again = settle(retry_action(house, member, action.id))

        assert again.status is ActionStatus.COMPLETED
        assert [type for type, _ in told(house)] == ["action.failed", "action.failed", "action.completed"]
        assert {request.key for request in crm.sent} == {action.key}


class TestWhenNobodyKnows:
    @pytest.mark.parametrize("unique", [True, False])
    @pytest.mark.parametrize("type", BODIES)
    def test_a_lost_answer_is_found_by_its_key(
        self, crm: Crm, ask: Any, settle: Any, type: str, *, unique: bool
    ) -> None:
        crm.unique, crm.answers = unique, ["lost"]

        done = settle(ask(type))

        assert (done.status, len(crm.sent)) == (ActionStatus.COMPLETED, 1)
        assert len(crm.made()) == (0 if type == "update_deal" else 1)

    @pytest.mark.parametrize("unique", [True, False])
    def test_what_never_arrived_is_sent_again(self, crm: Crm, ask: Any, settle: Any, *, unique: bool) -> None:
        crm.unique, crm.answers = unique, ["never"]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n2"]

    def test_without_a_unique_key_it_is_sent_again_once_and_then_a_person_decides(
        self, house: Deps, crm: Crm, ask: Any, settle: Any
    ) -> None:
        crm.unique, crm.answers = False, ["never", "never", "done"]

        unsure = settle(ask())

        assert (unsure.status, len(crm.sent), crm.made()) == (ActionStatus.UNCERTAIN, 2, [])
        assert [type for type, _ in told(house)] == ["action.uncertain"]
        assert "look in Fake" in unsure.error["next_step"]

    def test_an_uncertain_action_is_looked_for_before_it_is_tried_again(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, member: Caller
    ) -> None:
        crm.unique, crm.answers = False, ["late", "never"]
        action = ask()
        settle(action)
        crm.land()

        done = settle(retry_action(house, member, action.id))

        assert (done.status, len(crm.sent), crm.made()) == (ActionStatus.COMPLETED, 2, ["n2"])

    def test_without_a_unique_key_it_is_not_looked_for_before_it_may_have_landed(
        self, house: Deps, crm: Crm, ask: Any, clock: Any
    ) -> None:
        crm.unique, crm.answers = False, ["late"]
        action = ask()
        execute_action(house, "w1", action.id)
        clock.advance(59)
        execute_action(house, "w1", action.id)
        crm.land()
        clock.advance(2)

        execute_action(house, "w1", action.id)

        assert (len(crm.sent), crm.made()) == (1, ["n2"])

    @pytest.mark.parametrize("when", ["before the resend", "after the resend"])
    def test_what_lands_after_our_look_up_is_not_made_twice(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, when: str
    ) -> None:
        crm.answers = ["late"]
        action = ask()
        execute_action(house, "w1", action.id)
        if when == "before the resend":
            crm.on_send = crm.land

        done = settle(action)
        crm.land()

        assert (done.status, crm.made()) == (ActionStatus.COMPLETED, ["n2"])

    def test_a_look_up_that_meets_a_busy_crm_waits_and_stays_unknown(
        self, house: Deps, crm: Crm, ask: Any, settle: Any, clock: Any
    ) -> None:
        crm.answers, crm.hidden = ["lost"], [Throttled("busy", platform="fake", retry_after=5)]
        action = ask()
        execute_action(house, "w1", action.id)
        clock.advance(30)
        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.SENDING
        assert settle(action).status is ActionStatus.COMPLETED
        assert len(crm.sent) == 1

    def test_a_resend_that_was_throttled_is_looked_for_first(self, crm: Crm, ask: Any, settle: Any) -> None:
        crm.unique, crm.answers = False, ["never", Throttled("busy", platform="fake", retry_after=5)]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n2"]

    def test_a_look_up_that_is_refused_leaves_it_to_a_person(self, crm: Crm, ask: Any, settle: Any) -> None:
        crm.answers, crm.hidden = ["lost"], [Rejected("no", platform="fake")]

        assert settle(ask()).status is ActionStatus.UNCERTAIN


class Killed(BaseException):
    """The worker is gone, in the middle of anything."""


@dataclass
class Life:
    """Ends at its step number `last`, counted before and after everything that reaches the outside world."""

    last: int
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.last:
            raise Killed

    def around(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **named: Any) -> Any:
            self.step()
            result = do(*args, **named)
            self.step()
            return result

        return done


@dataclass
class Mortal:
    """A store or a queue as a worker sees it who may die at any call."""

    real: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        return self.life.around(getattr(self.real, name))


def mortal(house: Deps, life: Life) -> Deps:
    platform = house.platform("hubspot")
    actions = {
        type: replace(spec, send=life.around(spec.send), look_up=life.around(spec.look_up))
        for type, spec in platform.actions.items()
    }
    dying = replace(platform, actions=actions, fetch=life.around(platform.fetch))
    return replace(
        house,
        platform=lambda _: dying,
        actions=Mortal(house.actions, life),
        records=Mortal(house.records, life),
        connections=Mortal(house.connections, life),
        workspaces=Mortal(house.workspaces, life),
        queues=replace(house.queues, chat=Mortal(house.queues.chat, life)),
    )


def deaths(house: Deps, ask: Any, type: str) -> Iterator[Action]:
    """One action for every step at which its worker can die; the last one survives."""
    for last in range(1, 200):
        action, life = ask(type, f"k{last}"), Life(last)
        try:
            execute_action(mortal(house, life), "w1", action.id)
        except Killed:
            yield action
        else:
            yield action
            return


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("answer", ["done", "lost", "never"])
@pytest.mark.parametrize("type", CREATES)
def test_whatever_step_a_worker_dies_at_one_object_is_made(
    house: Deps, crm: Crm, ask: Any, settle: Any, type: str, answer: str, *, unique: bool
) -> None:
    crm.unique = unique
    count = 0
    for action in deaths(house, lambda *args: with_answer(crm, answer, ask(*args)), type):
        count += 1
        crm.answers = []
        done = settle(action)

        assert done.status is ActionStatus.COMPLETED
        assert done.receipt is not None
        assert [one["key"] for one in crm.objects.values()].count(action.key) == 1
        assert house.records.get(RecordKey("w1", "c1", OBJECTS[type], done.receipt.external_id)) is not None
        assert house.workspaces.outbound("w1", f"{action.id}.completed.0") is not None

    assert count > (20 if answer == "done" else 10)


def with_answer(crm: Crm, answer: str, action: Action) -> Action:
    crm.answers = [answer]
    return action


@pytest.mark.parametrize("answer", ["done", "lost", "never"])
def test_whatever_step_a_worker_dies_at_an_update_is_done(
    house: Deps, crm: Crm, ask: Any, settle: Any, answer: str
) -> None:
    for action in deaths(house, lambda *args: with_answer(crm, answer, ask(*args)), "update_deal"):
        crm.answers = []
        crm.objects["d1"] |= {"fields": {}, "key": ""} if answer == "never" else {}
        done = settle(action)

        assert done.status is ActionStatus.COMPLETED
        assert crm.objects["d1"]["fields"] == {"amount": "75000"}
        assert crm.objects["d1"]["key"] == action.key
