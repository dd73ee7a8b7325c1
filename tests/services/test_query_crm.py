"""An admin asks the CRM in its own language: of every CRM, as its simulator plays it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, NotFound, Rejected
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.query_crm import query_crm
from crmbridge.storage.items import query_all
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memory import MemoryItems

from tests.crm_house import ADA, House, a_house

Body = dict[str, Any]

EVERYBODY: dict[str, Body] = {
    "hubspot": {"object": "contacts", "search": {"properties": ["email"]}},
    "salesforce": {"query": "SELECT Id, Email FROM Contact ORDER BY Id"},
    "pipedrive": {"object": "persons", "search": {"term": "an"}},
    "zoho": {"query": "select id, Email from Contacts where Last_Name is not null order by id asc"},
}
WRONG: dict[str, Body] = {
    "hubspot": {"object": "contacts", "search": {"sorts": [{"propertyName": "no_such"}], "filterGroups": 5}},
    "salesforce": {"query": "SELECT Nonsense FROM Contact"},
    "pipedrive": {"object": "persons", "search": {"term": "a"}},
    "zoho": {"query": "select Nonsense from Contacts where Last_Name is not null"},
}
OTHER: dict[str, Body] = {
    "hubspot": {"query": "SELECT Id FROM Contact"},
    "salesforce": {"object": "contacts", "search": {}},
    "pipedrive": {"query": "SELECT Id FROM Contact"},
    "zoho": {"query": "SELECT Id FROM Contact", "object": "Contacts"},
}


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Return a small account, connected and not synced."""
    with a_house(request.param, contacts=40, companies=10, deals=10) as made:
        made.connect()
        yield made


def ask(house: House, body: Body, **more: Any) -> Any:
    house.sim.advance(10)  # searches are few in any second
    return query_crm(house.deps, ADA, house.connection_id, **body, **more)


def all_pages(house: House, body: Body, limit: int) -> list[Any]:
    found = ask(house, body, limit=limit)
    rows: list[Any] = list(found["items"])
    while found["cursor"]:
        found = ask(house, body, limit=limit, cursor=found["cursor"])
        assert len(found["items"]) <= limit
        rows += found["items"]
    return rows


def test_the_example_of_the_catalogue_is_answered(house: House) -> None:
    spec = PLATFORMS[house.platform].query
    assert spec is not None

    found = ask(house, dict(spec.example), limit=3)

    assert len(found["items"]) <= 3


def test_rows_come_page_by_page_as_often_as_they_are_there(house: House) -> None:
    whole = all_pages(house, EVERYBODY[house.platform], 200)

    paged = all_pages(house, EVERYBODY[house.platform], 7)

    assert len(whole) > 7
    assert paged == whole


def test_a_row_of_a_kept_object_names_the_record(house: House) -> None:
    found = ask(house, EVERYBODY[house.platform], limit=5)

    records = [each["record"] for each in found["items"]]
    assert {(one["connection"], one["object"]) for one in records} == {(house.connection_id, house.dialect.contact)}
    assert {one["external_id"] for one in records} <= set(house.live("contact"))


def test_what_the_crm_does_not_understand_is_told_in_its_own_words(house: House) -> None:
    with pytest.raises(Rejected) as caught:
        ask(house, WRONG[house.platform])

    (field,) = caught.value.fields
    assert field in ("query", "search")
    assert PLATFORMS[house.platform].title.split()[0] in caught.value.fields[field]


def test_the_form_of_another_crm_is_named_with_an_example(house: House) -> None:
    with pytest.raises(Invalid) as caught:
        ask(house, OTHER[house.platform])

    assert all("such as {" in problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize("cursor", ["junk", "bnVsbA==", "WzEsMl0=", "WyIiLHsiYWZ0ZXIiOiIxMCJ9XQ=="])
def test_a_cursor_of_another_question_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        ask(house, EVERYBODY[house.platform], cursor=cursor)


def test_a_cursor_that_somebody_has_written_leads_nowhere(house: House) -> None:
    told = ask(house, EVERYBODY[house.platform], limit=3)["cursor"]
    digest, _ = orjson.loads(urlsafe_b64decode(told))
    place = {"locator": "../sobjects/Contact", "after": "../x y", "done": "-1"}

    with pytest.raises(Invalid, match="cursor"):
        ask(house, EVERYBODY[house.platform], cursor=urlsafe_b64encode(orjson.dumps([digest, place])).decode())


def test_it_is_noted_who_asked_and_not_what_was_found(house: House) -> None:
    items = MemoryItems("journal")
    watched = replace(house.deps, journal=JournalStore(items, house.deps.now))

    query_crm(watched, ADA, house.connection_id, **EVERYBODY[house.platform], limit=3)

    (row,) = query_all(items, "w1#audit")
    assert (row["what"], row["who"]) == ("connection.queried", "u1")
    assert orjson.loads(str(row["detail"])) == {"connection": house.connection_id}


def test_members_may_not_ask_and_strangers_see_nothing(house: House) -> None:
    with pytest.raises(Forbidden):
        query_crm(house.deps, Caller("w1", "u2", "member"), house.connection_id, **EVERYBODY[house.platform])
    with pytest.raises(NotFound):
        query_crm(house.deps, Caller("w2", "u1", "admin"), house.connection_id, **EVERYBODY[house.platform])


def test_only_requests_that_read_leave_us(house: House) -> None:
    house.sim.forget_requests()

    ask(house, EVERYBODY[house.platform], limit=5)

    (route,) = house.sim.requests(summary=1)["by_route"]
    assert any(words in route for words in ("/search", "/query", "/coql"))
