"""How SOQL is built, sent and asked again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import MissingScope, Rejected
from crmbridge.domain.records import Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.queries import Soql, any_of, both, literal, run
from crmbridge.platforms.spec import PageRequest, Window
from hypothesis import given
from hypothesis import strategies as st

Told = Callable[..., tuple[Api, Any]]
DEAL = "0065g00000PPPP1AAA"
WINDOW = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, 0, 15, 0, 500_000, tzinfo=UTC))


def rows(*records: dict[str, Any], following: str = "", total: int | None = None) -> dict[str, Any]:
    body = {"totalSize": len(records) if total is None else total, "done": not following, "records": list(records)}
    return {**body, "nextRecordsUrl": following} if following else body


def soql_of(request: Any) -> str:
    return str(parse_qs(urlsplit(request.url).query)["q"][0])


def unknown_column(name: str) -> tuple[int, dict[str, str], bytes]:
    said = f"\nSELECT Id,{name}\nERROR at Row:1\nNo such column '{name}' on entity 'Contact'. If you are"
    return 400, {}, orjson.dumps([{"errorCode": "INVALID_FIELD", "message": said}])


def test_conditions_are_joined_so_that_an_or_stays_inside() -> None:
    soql = Soql(("Id", "Name"), "Task", both("A = 1", "", "B = 1 OR C = 1"), "Id", 5)

    assert str(soql) == "SELECT Id,Name FROM Task WHERE A = 1 AND (B = 1 OR C = 1) ORDER BY Id LIMIT 5"


@given(st.text())
def test_no_text_can_end_its_quotation(text: str) -> None:
    quoted = literal(text)
    inside = quoted[1:-1].replace("\\\\", "").replace("\\'", "")

    assert (quoted[0], quoted[-1], "'" in inside, inside.endswith("\\")) == ("'", "'", False, False)


def test_a_column_that_vanished_is_left_out_and_the_rest_asked_again(told: Told) -> None:
    api, script = told(unknown_column("Old__c"), rows({"Id": DEAL}))

    found = run(api, Soql(("Id", "Old__c", "Older__c"), "Contact"))

    assert [row["Id"] for row in found.records] == [DEAL]
    assert soql_of(script.sent[1]) == "SELECT Id,Older__c FROM Contact"


def test_a_relationship_that_the_user_may_not_see_is_left_out(told: Told) -> None:
    said = "Didn't understand relationship 'OpportunityContactRoles' in FROM part of query call."
    api, script = told((400, {}, orjson.dumps([{"errorCode": "INVALID_FIELD", "message": said}])), rows())

    run(api, Soql(("Id", "(SELECT ContactId FROM OpportunityContactRoles)"), "Opportunity"))

    assert soql_of(script.sent[1]) == "SELECT Id FROM Opportunity"


def test_another_refusal_of_a_query_is_told(told: Told) -> None:
    api, _ = told(unknown_column("Elsewhere"))

    with pytest.raises(Rejected, match="Elsewhere"):
        run(api, Soql(("Id",), "Contact"))


def test_a_query_that_no_url_has_room_for_goes_in_a_body(told: Told) -> None:
    ids = [f"0065g0000{number:06}AAA" for number in range(900)]
    api, script = told({"compositeResponse": [{"httpStatusCode": 200, "body": rows({"Id": DEAL})}]})

    found = run(api, Soql(("Id",), "Opportunity", any_of("Id", ids)), deleted=True)

    part = script.bodies()[0]["compositeRequest"][0]
    assert [row["Id"] for row in found.records] == [DEAL]
    assert (script.sent[0].method, part["method"]) == ("POST", "GET")
    assert part["url"].startswith("/services/data/v62.0/queryAll?q=SELECT%20Id%20FROM%20Opportunity")
    assert ids[-1] in part["url"]


def test_a_refusal_inside_a_body_is_a_refusal(told: Told) -> None:
    error = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}]
    api, _ = told({"compositeResponse": [{"httpStatusCode": 400, "body": error}]})

    with pytest.raises(Rejected, match="unexpected token"):
        run(api, Soql(("Id",), "Opportunity", any_of("Id", [DEAL] * 900)))


def test_a_listing_goes_on_behind_the_last_id_and_tells_the_total_once(told: Told, org: Directories) -> None:
    bare = replace(org, fields={})
    api, script = told(rows({"Id": "0015g1"}, following="/n", total=3), rows({"Id": "0015g2"}, total=1))

    first = SALESFORCE.page(api, PageRequest(object="Account", directories=bare))
    assert first.next is not None
    second = SALESFORCE.page(api, PageRequest(object="Account", directories=bare, cursor=first.next))

    assert (first.total, second.total, second.next) == (3, None, None)
    assert soql_of(script.sent[0]).endswith("FROM Account ORDER BY Id")
    assert soql_of(script.sent[1]).endswith("FROM Account WHERE Id > '0015g1' ORDER BY Id LIMIT 2001")


def test_a_window_goes_on_among_rows_that_share_a_stamp(told: Told, org: Directories) -> None:
    row = {"Id": "0015g1", "SystemModstamp": "2026-05-01T00:10:00.120+0000"}
    api, script = told(rows(row, following="/n"), rows())
    request = PageRequest(object="Account", directories=replace(org, fields={}), window=WINDOW)

    first = SALESFORCE.page(api, request)
    assert first.next is not None
    SALESFORCE.page(api, replace(request, cursor=first.next))

    assert "/queryAll" in script.sent[1].url
    assert soql_of(script.sent[1]).endswith(
        "WHERE SystemModstamp >= 2026-05-01T00:00:00Z AND SystemModstamp < 2026-05-01T00:15:01Z AND "
        "(SystemModstamp > 2026-05-01T00:10:00.120Z OR (SystemModstamp = 2026-05-01T00:10:00.120Z AND Id > '0015g1')) "
        "ORDER BY SystemModstamp, Id LIMIT 2001"
    )


def test_an_id_that_cannot_be_read_hides_nobody_else(told: Told, org: Directories) -> None:
    body = b'[{"errorCode":"INVALID_QUERY_FILTER_OPERATOR","message":"invalid ID field: 0065g00000badbadAA"}]'
    spoilt: tuple[int, dict[str, str], bytes] = (400, {}, body)
    api, script = told(spoilt, rows({"Id": DEAL}), spoilt)

    seen = SALESFORCE.fetch(api, "Opportunity", [DEAL, "0065g00000badbadAA"], org)

    assert [(one.external_id, one.state) for one in seen] == [(DEAL, "live"), ("0065g00000badbadAA", "hidden")]
    assert len(script.sent) == 3


def test_a_nested_list_that_is_not_whole_is_read_to_its_end(told: Told, org: Directories) -> None:
    first = {"totalSize": 2, "done": False, "nextRecordsUrl": "/more", "records": [{"ContactId": "0035g1"}]}
    api, _ = told(rows({"Id": DEAL, "OpportunityContactRoles": first}), rows({"ContactId": "0035g2"}))

    seen = SALESFORCE.fetch(api, "Opportunity", [DEAL], org)

    assert [link.external_id for link in seen[0].links["Contact"]] == ["0035g1", "0035g2"]


def test_an_object_that_the_user_may_not_see_is_empty_or_an_error_that_says_so(told: Told, org: Directories) -> None:
    api, script = told()
    narrow = replace(org, fields={"Task": {"Id": Field("Id", "Id", Type.ID)}})

    assert SALESFORCE.page(api, PageRequest(object="Lead", directories=narrow)).seen == ()
    with pytest.raises(MissingScope, match="Contact"):
        SALESFORCE.page(api, PageRequest(object="Contact", directories=narrow))
    assert script.sent == []


def test_roles_that_the_user_may_not_see_are_no_changes(told: Told, org: Directories) -> None:
    api, _ = told((400, {}, b'[{"errorCode":"INVALID_TYPE","message":"sObject type is not supported"}]'))
    request = PageRequest(object="Opportunity", directories=org, step="roles", window=WINDOW)

    assert SALESFORCE.page(api, request).seen == ()
