"""Nobody can tell whether the CRM did it: a person who has looked says so, and each CRM is asked for the record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.platforms.registry import PLATFORMS

from local.journey import steps
from local.journey.inside import Inside
from local.journey.neighbours import connect
from local.journey.steps import Story
from local.journey.world import Simulator

pytestmark = pytest.mark.journey

Json = Any
Trouble = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a CRM calls a task, its subject, and the fields that hold our reference; `place` takes new ones."""

    object: str
    subject: str
    references: tuple[str, ...]
    place: str
    id: str = "id"
    wrapped: str = "fields"


WORDS: Final[Mapping[str, Words]] = {
    "hubspot": Words(
        object="tasks",
        subject="hs_task_subject",
        references=("crm_bridge_key", "hs_task_body"),
        place="/objects/tasks$",
        wrapped="properties",
    ),
    "salesforce": Words(
        object="Task",
        subject="Subject",
        references=("CrmBridgeKey__c", "Description"),
        place="/sobjects/Task/?$",
        id="Id",
    ),
    "pipedrive": Words(object="activities", subject="subject", references=("note",), place="/activities$"),
    "zoho": Words(object="Tasks", subject="Subject", references=("Description",), place="/Tasks$"),
}


@dataclass(frozen=True)
class There:
    """One CRM that is connected."""

    story: Story
    words: Words
    crm: Simulator
    trouble: Trouble
    time_passes: Callable[[Story, str], None]

    def tasks(self, subject: str) -> list[str]:
        """The ids of those that are called so."""
        words, account = self.words, {"portal": self.story.portal} if self.story.portal else {}
        living = self.crm.get("state", object=words.object, **account)["live"]
        named = [one for one in living if one.get(words.wrapped, one)[words.subject] == subject]
        return [str(one[words.id]) for one in named]

    def tidy_up(self, ids: list[str]) -> None:
        """As somebody does who sees a strange reference."""
        account = {"portal": self.story.portal} if self.story.portal else {}
        emptied = dict.fromkeys(self.words.references, "")
        change = {"op": "update", "object": self.words.object, "ids": ids, self.words.wrapped: emptied}
        self.crm.post("mutate", [{**account, **change}])

    def ask(self, subject: str) -> str:
        wish = {"type": "create_task", "connection": self.story.connection, "fields": {"subject": subject}}
        return str(self.story.admin.post("/v1/actions", wish, Idempotency_Key=f"settling-{subject}")["id"])

    def unsure(self, subject: str, first: Json) -> str:
        """An action of which nobody can tell: what `first` says becomes of the first request, error pages of others."""
        page = {"kind": "status", "status": 500, "body": "html", "times": None}
        self.trouble(*({"method": "POST", "path": self.words.place, **rule} for rule in (first, page)), at=self.crm)
        action = self.ask(subject)
        steps.await_unknown(self.story, action)
        self.tidy_up(self.tasks(subject))
        self.time_passes(self.story, action)
        self.crm.ask("DELETE", "faults")
        assert self.action(action)["status"] == "uncertain", self.action(action)
        return action

    def action(self, id: str) -> Json:
        return self.story.admin.get(f"/v1/actions/{id}")

    def settle(self, id: str, **word: Json) -> Json:
        self.story.admin.post(f"/v1/actions/{id}/settle", word)
        return steps.await_action(self.story, id)

    def named(self, id: str) -> Json:
        return {"object": self.words.object, "external_id": id}


@pytest.fixture(scope="module", params=PLATFORMS)
def connection(
    request: pytest.FixtureRequest, begin: Callable[..., Story], neighbour: Callable[[str], Any]
) -> tuple[Story, Simulator, Words]:
    """Return a story with each CRM in turn."""
    story, crm = begin(), None
    if request.param == "hubspot":
        steps.connect_hubspot(story)
    else:
        one, crm = neighbour(request.param)
        story.connection = connect(story, one)
    steps.await_run(story)
    return story, crm or story.world.hubspot, WORDS[request.param]


@pytest.fixture
def there(
    connection: tuple[Story, Simulator, Words], trouble: Trouble, time_passes: Callable[[Story, str], None]
) -> There:
    story, crm, words = connection
    return There(story, words, crm, trouble, time_passes)


LOST = {"kind": "commit_then_timeout", "body": "reset"}
NEVER = {"kind": "status", "status": 502, "body": "html"}


def test_what_a_person_found_completes_it_with_a_receipt_that_names_it(there: There) -> None:
    action = there.unsure("Done, and never heard of", LOST)
    (made,) = there.tasks("Done, and never heard of")

    done = there.settle(action, done=True, record=there.named(made))

    assert (done["status"], done["error"]) == ("completed", None)
    assert (done["receipt"]["object"], done["receipt"]["external_id"]) == (there.words.object, made)
    assert made in done["receipt"]["url"]
    assert there.tasks("Done, and never heard of") == [made]


def test_a_record_that_the_crm_does_not_show_leaves_it_uncertain_and_says_why(there: There) -> None:
    action = there.unsure("Seen by nobody", NEVER)

    still = there.settle(action, done=True, record=there.named("987654321"))

    assert (still["status"], still["receipt"]) == ("uncertain", None)
    assert "does not show that record" in still["error"]["message"]
    assert "settle" in still["error"]["next_step"]
    assert there.tasks("Seen by nobody") == []


def test_what_was_not_done_has_failed_and_a_retry_makes_exactly_one(there: There) -> None:
    action = there.unsure("Not done", NEVER)

    failed = there.settle(action, done=False)
    there.story.admin.post(f"/v1/actions/{action}/retry", {})
    steps.await_rest(there.story, action)
    there.time_passes(there.story, action)
    done = there.action(action)

    assert (failed["status"], "not done" in failed["error"]["message"]) == ("failed", True)
    assert (done["status"], there.tasks("Not done")) == ("completed", [done["receipt"]["external_id"]])


@pytest.fixture(scope="module")
def unsure(shared: Story, deps: Callable[..., Inside]) -> str:
    """Return an admin's action of which nobody can tell, as it is kept."""
    fields = {"subject": "Settled by nobody"}
    wish = {"type": "create_task", "connection": shared.connection, "fields": fields}
    asked = str(shared.admin.post("/v1/actions", wish, Idempotency_Key="walls")["id"])
    steps.await_action(shared, asked)
    store, now = deps().actions, deps().now()
    store.save(store.get(shared.workspace, asked).moved(ActionStatus.UNCERTAIN, now, receipt=None))
    return asked


def test_only_who_asked_for_it_or_an_admin_settles_it(shared: Story, unsure: str) -> None:
    other = shared.world.sign_in("somebody-else", "member", shared.workspace)

    answer = other.raw("POST", f"/v1/actions/{unsure}/settle", json={"done": False})

    assert answer.status_code == 403, answer.text
    assert shared.admin.get(f"/v1/actions/{unsure}")["status"] == "uncertain"


def test_another_workspace_does_not_learn_that_it_is_there(shared: Story, unsure: str) -> None:
    stranger = shared.world.sign_in("eve", "admin", "another-workspace")

    answers = [
        stranger.raw("POST", f"/v1/actions/{id}/settle", json={"done": False}) for id in (unsure, "f" * len(unsure))
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


@pytest.mark.parametrize(
    ("word", "field"),
    [
        ({}, "done"),
        ({"done": "perhaps"}, "done"),
        ({"done": True}, "record"),
        ({"done": True, "record": {"object": "deals", "external_id": "1"}}, "record"),
        ({"done": True, "record": {"object": "tasks"}}, "record.external_id"),
        ({"done": True, "record": {"object": "tasks", "external_id": ""}}, "record.external_id"),
        ({"done": False, "record": {"object": "tasks", "external_id": "1"}}, "record"),
        ({"done": False, "reason": "none"}, "reason"),
    ],
)
def test_what_is_wrong_with_a_word_is_named(shared: Story, unsure: str, word: Json, field: str) -> None:
    answer = shared.admin.raw("POST", f"/v1/actions/{unsure}/settle", json=word)

    assert answer.status_code in (400, 422), answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert shared.admin.get(f"/v1/actions/{unsure}")["status"] == "uncertain"
