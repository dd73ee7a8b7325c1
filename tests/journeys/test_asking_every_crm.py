"""Every CRM is asked through the API: in its own language, and live for one record or one person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from crmbridge.platforms.registry import PLATFORMS

from local.journey import steps
from local.journey.neighbours import connect
from local.journey.steps import Story

pytestmark = pytest.mark.journey

EVERYBODY: Mapping[str, Mapping[str, Any]] = {
    "hubspot": {"object": "contacts", "search": {"properties": ["email"]}},
    "salesforce": {"query": "SELECT Id, Email FROM Contact WHERE Email != null"},
    "pipedrive": {"object": "persons", "search": {"term": "mail.test", "fields": "email"}},
    "zoho": {"query": "select id, Email from Contacts where Email is not null order by id asc"},
}


@dataclass(frozen=True)
class There:
    """One CRM that is connected."""

    story: Story
    platform: str
    connection: str

    def ask(self, **more: Any) -> Any:
        return self.post({**EVERYBODY[self.platform], **more})

    def post(self, question: Mapping[str, Any]) -> Any:
        """Five searches a second are what HubSpot grants: who is told to come later does."""
        path = f"/v1/connections/{self.connection}/query"

        def answered() -> Any:
            answer = self.story.admin.raw("POST", path, json=dict(question))
            return answer.json() if answer.status_code == 200 else None

        return steps.awaited("answer", answered, seconds=15, pause=1.0)


@pytest.fixture(scope="module", params=PLATFORMS)
def there(request: pytest.FixtureRequest, begin: Callable[..., Story], neighbour: Callable[[str], Any]) -> There:
    story = begin()
    if request.param == "hubspot":
        steps.connect_hubspot(story)
    else:
        one, _ = neighbour(request.param)
        story.connection = connect(story, one)
    steps.await_run(story)
    return There(story, request.param, story.connection)


def test_the_catalogue_says_how_and_its_example_is_answered(there: There) -> None:
    (entry,) = (one for one in there.story.admin.get("/v1/platforms")["items"] if one["name"] == there.platform)

    answer = there.post(entry["query"]["example"])

    assert answer.keys() == {"items", "total", "cursor"}


def test_rows_come_in_the_crms_json_with_the_records_they_are(there: There) -> None:
    first = there.ask(limit=3)
    second = there.ask(limit=3, cursor=first["cursor"])

    rows = first["items"] + second["items"]
    named = rows[0]["record"]
    read = there.story.admin.get(f"/v1/records/{named['connection']}/{named['object']}/{named['external_id']}")
    assert len({each["record"]["external_id"] for each in rows}) == len(rows) == 6
    assert (read["kind"], read["platform"]) == ("contact", there.platform)


def test_what_the_crm_refuses_is_told_with_its_field(there: There) -> None:
    wrong = {"query": "SELECT FROM"} if "query" in EVERYBODY[there.platform] else {"object": "persons", "search": {}}

    answer = there.story.admin.raw("POST", f"/v1/connections/{there.connection}/query", json=wrong)

    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["errors"][0]["field"].split(".")[0] in ("query", "search")
    assert answer.json()["request_id"]


def test_one_record_and_one_person_are_looked_up_live(there: There) -> None:
    named = there.ask(limit=1)["items"][0]["record"]
    path = f"/v1/records/{named['connection']}/{named['object']}/{named['external_id']}"

    read = there.story.admin.get(path, live="true")
    found = there.story.admin.get("/v1/records", email=read["fields"]["email"], live="true")

    assert read["state"] == "live"
    assert named["external_id"] in {one["external_id"] for one in found["items"]}


def test_a_record_that_the_crm_does_not_know_is_not_found_live(there: There) -> None:
    named = there.ask(limit=1)["items"][0]["record"]

    answer = there.story.admin.raw("GET", f"/v1/records/{there.connection}/{named['object']}/900000009?live=true")

    assert answer.status_code == 404, answer.text
