"""How listings and windows are asked for, and what becomes of answers that a well-behaved account never gives."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import MissingScope, Unavailable
from crmbridge.domain.records import Link, State, Type
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.hubspot.associations import read_links
from crmbridge.platforms.hubspot.properties import asked_properties
from crmbridge.platforms.spec import PageRequest, Window

Told = Callable[..., tuple[Api, Any]]

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=1))
NOBODY = {"status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}


def row(id: int, **properties: Any) -> dict[str, Any]:
    return {"id": str(id), "properties": properties, "updatedAt": "2026-01-01T00:00:00Z", "archived": False}


def listing(*rows: Any, after: str = "") -> dict[str, Any]:
    return {"results": list(rows)} | ({"paging": {"next": {"after": after}}} if after else {})


def linked(id: int, *targets: int, label: str | None = None) -> dict[str, Any]:
    types = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}] + ([{"label": label}] if label else [])
    return {"from": {"id": str(id)}, "to": [{"toObjectId": target, "associationTypes": types} for target in targets]}


def forbidden(scope: str) -> tuple[int, dict[str, str], bytes]:
    body = '{"category":"MISSING_SCOPES","context":{"requiredGranularScopes":["%s"]}}'
    return 403, {}, (body % scope).encode()


def with_properties(directories: Directories, object: str, *fields: Field) -> Directories:
    return replace(directories, fields={**directories.fields, object: {field.key: field for field in fields}})


def test_a_listing_asks_for_a_hundred_with_links_and_no_encoded_commas(told: Told, keyed: Directories) -> None:
    api, script = told(listing(row(1), after="2"))

    page = HUBSPOT.page(api, PageRequest(object="contacts", directories=keyed))

    url = script.sent[0].url
    assert url.startswith("https://api.hubapi.com/crm/v3/objects/contacts?limit=100&archived=false")
    assert parse_qs(urlsplit(url).query)["associations"] == ["companies"]
    assert "%2C" not in url
    assert page.next is not None
    assert page.seen[0].links == {"companies": ()}


def test_a_cursor_continues_where_the_last_page_ended(told: Told, keyed: Directories) -> None:
    api, script = told(listing(row(1), after="2"), listing(row(2)))
    request = PageRequest(object="companies", directories=keyed)

    first = HUBSPOT.page(api, request)
    last = HUBSPOT.page(api, replace(request, cursor=first.next or {}))

    assert parse_qs(urlsplit(script.sent[1].url).query)["after"] == ["2"]
    assert last.next is None


def test_more_properties_than_a_url_holds_are_read_by_body(told: Told, keyed: Directories) -> None:
    many = [Field(f"a_property_of_the_customer_number_{n}", "?", Type.TEXT, custom=True) for n in range(250)]
    directories = with_properties(keyed, "companies", *many)
    api, script = told(listing(row(1), row(2)), listing(row(2, name="B"), row(1, name="A")))

    page = HUBSPOT.page(api, PageRequest(object="companies", directories=directories))

    assert "properties" not in parse_qs(urlsplit(script.sent[0].url).query)
    assert len(script.bodies()[1]["properties"]) > 250
    assert [seen.raw["properties"]["name"] for seen in page.seen] == ["A", "B"]


def test_the_statistics_of_hubspot_are_asked_for_only_where_there_is_room(keyed: Directories) -> None:
    statistics = [Field(f"hs_number_of_something_{n}", "?", Type.NUMBER, read_only=True) for n in range(300)]
    written = Field("city", "City", Type.TEXT)
    score = Field("hubspotscore", "Score", Type.NUMBER, read_only=True)

    asked = asked_properties(with_properties(keyed, "contacts", *statistics, written, score), "contacts")

    assert {"city", "hubspotscore", "email", "hs_merged_object_ids"} <= set(asked)
    assert sum(len(name) + 3 for name in asked) <= 2_500
    assert 20 < sum(name.startswith("hs_number") for name in asked) < 300


def test_ten_listed_pages_share_one_call_for_their_unfinished_links(told: Told, keyed: Directories) -> None:
    more = {"companies": {"results": [{"id": "7", "type": "contact_to_company"}], "paging": {"next": {"after": "x"}}}}
    lists = [listing({**row(n), "associations": more}, after=str(n + 1)) for n in range(10)]
    links = {"results": [linked(n, 7, 8) for n in range(10)]}
    api, script = told(*lists, links)

    page = HUBSPOT.page(api, PageRequest(object="contacts", directories=keyed))

    assert len(script.sent) == 11
    assert {len(seen.links["companies"]) for seen in page.seen} == {2}
    assert page.next is not None


def test_how_many_there_are_is_asked_once_it_costs_less_than_a_twentieth(told: Told, keyed: Directories) -> None:
    cursor: Mapping[str, Any] = {}
    answers = [listing(row(n), after=str(n + 1)) for n in range(20)]
    api, script = told(*answers, {"total": 4_200, "results": []}, listing(row(21), after="22"))

    totals: list[int | None] = []
    for _ in range(21):
        page = HUBSPOT.page(api, PageRequest(object="companies", directories=keyed, cursor=cursor))
        cursor, totals = page.next or {}, [*totals, page.total]

    assert totals == [None] * 19 + [4_200, None]
    assert script.sent[20].url.endswith("/crm/v3/objects/companies/search")


def test_a_window_is_asked_in_milliseconds_by_keyset(told: Told, keyed: Directories) -> None:
    api, script = told({"total": 1, "results": [row(5)]})

    HUBSPOT.page(api, PageRequest(object="companies", directories=keyed, cursor={"after": "4"}, window=WINDOW))

    body = script.bodies()[0]
    assert body["filterGroups"][0]["filters"] == [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1767225600000"},
        {"propertyName": "hs_lastmodifieddate", "operator": "LT", "value": "1767225660000"},
        {"propertyName": "hs_object_id", "operator": "GT", "value": "4"},
    ]
    assert (body["after"], body["limit"]) == ("0", 200)
    assert len(script.sent[0].body) <= 3_000


def test_contacts_have_a_modified_date_of_their_own(told: Told, keyed: Directories) -> None:
    api, script = told({"total": 0, "results": []})

    HUBSPOT.page(api, PageRequest(object="contacts", directories=keyed, window=WINDOW))

    assert script.bodies()[0]["filterGroups"][0]["filters"][0]["propertyName"] == "lastmodifieddate"


def test_hundreds_of_changes_of_one_instant_are_all_seen(told: Told, keyed: Directories) -> None:
    rows = [row(n) for n in range(1, 451)]
    pages = [rows[:200], rows[200:400], rows[400:]]
    api, script = told(*({"total": 450, **listing(*rows, after="200" if len(rows) == 200 else "")} for rows in pages))
    cursor: Mapping[str, Any] | None = {}
    seen: list[str] = []

    while cursor is not None:
        page = HUBSPOT.page(api, PageRequest(object="companies", directories=keyed, cursor=cursor, window=WINDOW))
        seen, cursor = seen + [one.external_id for one in page.seen], page.next

    asked = [body["filterGroups"][0]["filters"][2]["value"] for body in script.bodies()]
    assert seen == [str(n) for n in range(1, 451)]
    assert asked == ["0", "200", "400"]


def test_more_properties_than_a_search_holds_are_read_in_a_batch(told: Told, keyed: Directories) -> None:
    many = [Field(f"a_property_of_the_customer_{n}", "?", Type.TEXT, custom=True) for n in range(120)]
    directories = with_properties(keyed, "companies", *many)
    api, script = told({"total": 1, "results": [row(5)]}, listing(row(5, name="Whole")))

    page = HUBSPOT.page(api, PageRequest(object="companies", directories=directories, window=WINDOW))

    assert len(script.sent[0].body) <= 3_000
    assert script.sent[1].url.endswith("/companies/batch/read")
    assert page.seen[0].raw["properties"] == {"name": "Whole"}


def test_a_record_without_links_is_told_apart_from_one_that_could_not_be_read(told: Told) -> None:
    failed = {"category": "INTERNAL_ERROR", "context": {"fromObjectId": ["3"]}}
    api, _ = told({"results": [linked(1, 7)], "errors": [{**NOBODY, "context": {"fromObjectId": ["2"]}}, failed]})

    links = read_links(api, "contacts", "companies", ["1", "2", "3"])

    assert links == {"1": (Link("companies", "7"),), "2": ()}


def test_a_failure_that_names_nobody_fails_the_reading(told: Told) -> None:
    api, _ = told({"results": [], "errors": [{"category": "INTERNAL_ERROR", "message": "oops"}]})

    with pytest.raises(Unavailable, match="oops"):
        read_links(api, "contacts", "companies", ["1"])


def test_links_go_on_until_there_are_no_more(told: Told) -> None:
    more = {**linked(1, 7), "paging": {"next": {"after": "MTA"}}}
    api, script = told({"results": [more]}, {"results": [linked(1, 8, label="Billing contact")]})

    links = read_links(api, "contacts", "companies", ["1"])

    assert links["1"] == (Link("companies", "7"), Link("companies", "8", "Billing contact"))
    assert script.bodies()[1]["inputs"] == [{"id": "1", "after": "MTA"}]


def test_a_thousand_records_go_into_one_call(told: Told) -> None:
    api, script = told({"results": []}, {"results": []})

    links = read_links(api, "contacts", "companies", [str(n) for n in range(1_001)])

    assert [len(body["inputs"]) for body in script.bodies()] == [1_000, 1]
    assert len(links) == 1_001


def test_links_that_the_token_may_not_see_stay_unread(told: Told, keyed: Directories) -> None:
    api, _ = told(listing(row(1)), forbidden("crm.objects.companies.read"))

    seen = HUBSPOT.fetch(api, "contacts", ["1"], keyed)

    assert seen[0].links == {}


def test_links_to_an_object_without_a_schema_are_not_asked_for(told: Told, keyed: Directories) -> None:
    fields = {name: each for name, each in keyed.fields.items() if name != "deals"}
    api, script = told(listing(row(1)))

    page = HUBSPOT.page(api, PageRequest(object="tasks", directories=replace(keyed, fields=fields)))

    assert parse_qs(urlsplit(script.sent[0].url).query)["associations"] == ["contacts,companies"]
    assert set(page.seen[0].links) == {"contacts", "companies"}


def test_a_missing_scope_of_the_object_itself_is_told(told: Told, keyed: Directories) -> None:
    api, _ = told(forbidden("crm.objects.deals.read"))

    with pytest.raises(MissingScope, match=r"crm\.objects\.deals\.read"):
        HUBSPOT.page(api, PageRequest(object="deals", directories=keyed))


def test_a_batch_read_may_follow_a_merge(told: Told, keyed: Directories) -> None:
    survivor = row(9, hs_merged_object_ids="1;2")
    api, _ = told(listing(survivor, survivor), {"results": []})

    seen = {one.external_id: one for one in HUBSPOT.fetch(api, "contacts", ["1", "2"], keyed)}

    assert {seen["1"].successor_id, seen["2"].successor_id} == {"9"}
    assert (seen["9"].state, seen["9"].losers) == (State.LIVE, ("1", "2"))


def test_a_record_that_appears_while_we_look_is_live(told: Told, keyed: Directories) -> None:
    api, _ = told(listing(), listing(), row(1), listing(row(1)), {"results": []})

    seen = HUBSPOT.fetch(api, "contacts", ["1"], keyed)

    assert [(one.external_id, one.state) for one in seen] == [("1", State.LIVE)]


def test_a_body_that_breaks_off_says_nothing_and_a_write_is_unknown(told: Told) -> None:
    api, _ = told((200, {}, b'{"results":[{"id'), (201, {}, b'{"id'))

    with pytest.raises(Unavailable) as read:
        api.get("/x")
    with pytest.raises(Unavailable) as written:
        api.write("POST", "/x", {})
    assert (read.value.outcome_unknown, written.value.outcome_unknown) == (False, True)


def test_a_token_that_has_just_expired_is_replaced_once(told: Told) -> None:
    api, script = told((401, {}, b'{"category":"EXPIRED_AUTHENTICATION"}'), {"fine": True})

    assert api.call(Call(method="GET", path="/x")).json == {"fine": True}
    assert [sent.headers["Authorization"].endswith("-again") for sent in script.sent] == [False, True]


def test_nothing_is_no_answer_to_a_read(told: Told, berlin: Directories) -> None:
    api, _ = told((200, {}, b""))

    with pytest.raises(Unavailable):
        HUBSPOT.fetch(api, "contacts", ["1"], berlin)


@pytest.fixture
def with_tickets(keyed: Directories) -> Directories:
    """Of a token that may see tickets."""
    return replace(keyed, fields={**keyed.fields, "tickets": {}})


@pytest.mark.parametrize("object", ["contacts", "deals", "tasks", "calls", "notes", "meetings"])
def test_links_to_tickets_come_along_where_the_token_may_see_them(
    told: Told, with_tickets: Directories, keyed: Directories, object: str
) -> None:
    ticket = {"results": [{"id": "9", "type": f"{object.removesuffix('s')}_to_ticket"}]}
    api, script = told(listing({**row(1), "associations": {"tickets": ticket}}), listing(row(1)))

    may = HUBSPOT.page(api, PageRequest(object=object, directories=with_tickets)).seen[0]
    may_not = HUBSPOT.page(api, PageRequest(object=object, directories=keyed)).seen[0]

    asked = [parse_qs(urlsplit(sent.url).query)["associations"][0].split(",") for sent in script.sent]
    assert ["tickets" in targets for targets in asked] == [True, False]
    assert may.links["tickets"] == (Link("tickets", "9"),)
    assert "tickets" not in may_not.links


def test_a_ticket_linked_to_a_deal_rewrites_the_link_and_not_the_deal(told: Told, with_tickets: Directories) -> None:
    linked_deal = {**row(1), "associations": {"tickets": {"results": [{"id": "9", "type": "deal_to_ticket"}]}}}
    api, _ = told(listing(row(1)), listing(linked_deal))

    before, after = (HUBSPOT.page(api, PageRequest(object="deals", directories=with_tickets)).seen[0] for _ in "ab")

    assert before.fingerprint == after.fingerprint
    assert before.links != after.links


def test_changes_bring_their_links_to_tickets_for_one_more_call(told: Told, with_tickets: Directories) -> None:
    found = {"results": [row(1)], "total": 1}
    api, script = told(found, {"results": []}, {"results": [linked(1, 9)]})

    page = HUBSPOT.page(api, PageRequest(object="contacts", directories=with_tickets, window=WINDOW))

    assert script.sent[-1].url.endswith("/crm/v4/associations/contacts/tickets/batch/read")
    assert page.seen[0].links["tickets"] == (Link("tickets", "9"),)


@pytest.mark.parametrize(("answer", "shown"), [({"results": []}, True), (forbidden("tickets"), False)])
def test_directories_know_whether_tickets_are_shown(told: Told, answer: Any, shown: bool) -> None:
    nothing: dict[str, Any] = {"results": []}
    api, _ = told({"portalId": 1}, *[nothing] * (1 + len(HUBSPOT.objects)), answer, nothing, nothing)

    assert ("tickets" in HUBSPOT.load_directories(api).fields) is shown
