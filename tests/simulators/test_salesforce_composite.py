"""Many records or many requests at once: collections, composite, batch, tree and Bulk 2.0."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
Soql = Callable[..., Any]
KEY = "CrmBridgeKey__c"
BASE = "/services/data/v62.0"


def contact(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, **fields}


def many(rest: Rest, sim: Running, method: str, records: list[Any], path: str = "", **more: Any) -> Any:
    return rest(sim, method, f"/composite/sobjects{path}", json={"records": records, **more}).json()


def found(soql: Soql, sim: Running, name: str) -> int:
    total: int = soql(sim, f"SELECT COUNT() FROM Contact WHERE LastName = '{name}'")["totalSize"]
    return total


def test_a_collection_answers_in_order_and_each_for_itself(cloud: Running, rest: Rest) -> None:
    answer = rest(
        cloud,
        "POST",
        "/composite/sobjects",
        json={"records": [contact(LastName="A"), contact(), contact(LastName="C")]},
    )

    assert answer.status_code == 200
    assert [each["success"] for each in answer.json()] == [True, False, True]
    assert answer.json()[1] == {
        "success": False,
        "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]",
                    "fields": ["LastName"]}],
    }  # fmt: skip


def test_all_or_none_undoes_the_good_ones(cloud: Running, rest: Rest, soql: Soql) -> None:
    body = many(rest, cloud, "POST", [contact(LastName="Rolled"), contact()], allOrNone=True)

    assert [each["errors"][0]["statusCode"] for each in body] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"
    ]  # fmt: skip
    assert found(soql, cloud, "Rolled") == 0


def test_collections_update_upsert_read_and_delete(cloud: Running, rest: Rest) -> None:
    first, second = (each["id"] for each in many(rest, cloud, "POST", [contact(LastName="A"), contact(LastName="B")]))

    updated = many(rest, cloud, "PATCH", [contact(id=first, LastName="A2"), contact(LastName="no id")])
    upserted = [
        many(rest, cloud, "PATCH", [contact(LastName="U", **{KEY: "u1"})], path=f"/Contact/{KEY}")[0]["created"]
        for _ in range(2)
    ]
    read = rest(
        cloud,
        "POST",
        "/composite/sobjects/Contact",
        json={"ids": [second, "0035g00000ZZZZZ", first], "fields": ["LastName"]},
    ).json()
    deleted = rest(cloud, "DELETE", "/composite/sobjects", params={"ids": f"{first},{first}"}).json()

    assert updated[0] == {"id": first, "success": True, "errors": []}
    assert updated[1]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    assert upserted == [True, False]
    assert [each and each["LastName"] for each in read] == ["B", None, "A2"]
    assert [each["success"] for each in deleted] == [True, False]


@pytest.mark.parametrize(("count", "code"), [(0, "REQUIRED_FIELD_MISSING"), (201, "EXCEEDED_MAX_SIZE_REQUEST")])
def test_a_collection_holds_one_to_two_hundred(shared_cloud: Running, rest: Rest, count: int, code: str) -> None:
    body = many(rest, shared_cloud, "POST", [contact(LastName="x")] * count)

    assert body[0]["errorCode"] == code


def test_a_later_request_refers_to_an_earlier_answer(cloud: Running, rest: Rest) -> None:
    requests_ = [
        {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "firm", "body": {"Name": "Ref"}},
        {"method": "POST", "url": f"{BASE}/sobjects/Contact", "referenceId": "person",
         "body": {"LastName": "Ref", "AccountId": "@{firm.id}"}},
        {"method": "GET", "url": f"{BASE}/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{{firm.id}}'",
         "referenceId": "all"},
        {"method": "GET", "url": f"{BASE}/sobjects/Contact/@{{all.records[0].Id}}?fields=LastName",
         "referenceId": "again"},
    ]  # fmt: skip

    body = rest(cloud, "POST", "/composite", json={"compositeRequest": requests_}).json()["compositeResponse"]

    assert [each["httpStatusCode"] for each in body] == [201, 201, 200, 200]
    assert [each["referenceId"] for each in body] == ["firm", "person", "all", "again"]
    assert body[3]["body"]["LastName"] == "Ref"


@pytest.mark.parametrize(("all_or_none", "left"), [(True, 0), (False, 1)])
def test_a_failing_request_undoes_the_others_only_if_asked(
    cloud: Running, rest: Rest, soql: Soql, all_or_none: bool, left: int
) -> None:
    url = f"{BASE}/sobjects/Contact"
    requests_ = [
        {"method": "POST", "url": url, "referenceId": "good", "body": {"LastName": "Comp"}},
        {"method": "POST", "url": url, "referenceId": "bad", "body": {}},
    ]

    body = rest(cloud, "POST", "/composite", json={"allOrNone": all_or_none, "compositeRequest": requests_}).json()

    codes = [each["httpStatusCode"] for each in body["compositeResponse"]]
    assert codes == ([400, 400] if all_or_none else [201, 400])
    assert found(soql, cloud, "Comp") == left
    if all_or_none:
        assert body["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_reference_to_nothing_halts_that_request(shared_cloud: Running, rest: Rest) -> None:
    request = {"method": "GET", "url": f"{BASE}/sobjects/Contact/@{{x.id}}", "referenceId": "y"}

    body = rest(shared_cloud, "POST", "/composite", json={"compositeRequest": [request]}).json()

    assert body["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_batch_counts_as_one_request(cloud: Running, rest: Rest) -> None:
    queries = [{"method": "GET", "url": f"v62.0/query?q=SELECT+COUNT()+FROM+{name}"} for name in ("Contact", "Nope")]
    before = cloud.state()["orgs"]["00D5g0000000001EAA"]["api_usage"]

    body = rest(cloud, "POST", "/composite/batch", json={"batchRequests": queries}).json()

    assert body["hasErrors"] is True
    assert [each["statusCode"] for each in body["results"]] == [200, 400]
    assert body["results"][0]["result"]["totalSize"] == 30
    assert cloud.state()["orgs"]["00D5g0000000001EAA"]["api_usage"] == before + 1


def test_a_batch_can_stop_at_the_first_error(shared_cloud: Running, rest: Rest) -> None:
    requests_ = [{"method": "GET", "url": "v62.0/nowhere"}, {"method": "GET", "url": "v62.0/limits"}]

    body = rest(shared_cloud, "POST", "/composite/batch", json={"haltOnError": True, "batchRequests": requests_}).json()

    assert [each["statusCode"] for each in body["results"]] == [404, 412]


def test_twenty_six_requests_are_one_too_many(shared_cloud: Running, rest: Rest) -> None:
    requests_ = [{"method": "GET", "url": "v62.0/limits"}] * 26

    assert rest(shared_cloud, "POST", "/composite/batch", json={"batchRequests": requests_}).status_code == 400


def test_a_tree_plants_children_with_their_parent(cloud: Running, rest: Rest, soql: Soql) -> None:
    record = {
        "attributes": {"type": "Account", "referenceId": "r1"}, "Name": "Tree",
        "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "Leaf"}]},
    }  # fmt: skip

    answer = rest(cloud, "POST", "/composite/tree/Account", json={"records": [record]})

    assert answer.status_code == 201
    assert [each["referenceId"] for each in answer.json()["results"]] == ["r1", "r2"]
    assert (
        soql(cloud, "SELECT Account.Name FROM Contact WHERE LastName = 'Leaf'")["records"][0]["Account"]["Name"]
        == "Tree"
    )


def test_a_tree_with_a_bad_leaf_is_not_planted(cloud: Running, rest: Rest, soql: Soql) -> None:
    leaf = {"attributes": {"type": "Contact", "referenceId": "leaf"}}
    record = {"attributes": {"type": "Account", "referenceId": "root"}, "Name": "Bare", "Contacts": {"records": [leaf]}}

    answer = rest(cloud, "POST", "/composite/tree/Account", json={"records": [record]})

    assert (answer.status_code, answer.json()["hasErrors"]) == (400, True)
    assert answer.json()["results"][0]["referenceId"] == "leaf"
    assert soql(cloud, "SELECT COUNT() FROM Account WHERE Name = 'Bare'")["totalSize"] == 0


def test_a_bulk_query_comes_in_parts(cloud: Running, rest: Rest) -> None:
    cloud.settings(bulk_seconds=60)
    wish = {
        "operation": "query",
        "query": "SELECT Id, Email, HasOptedOutOfEmail, CreatedDate, Account.Name FROM Contact",
    }
    job = rest(cloud, "POST", "/jobs/query", json=wish).json()
    path = f"/jobs/query/{job['id']}"
    early = rest(cloud, "GET", f"{path}/results").status_code
    cloud.advance(61)
    state = rest(cloud, "GET", path).json()

    rows: list[dict[str, str]] = []
    locator = ""
    while locator != "null":
        part = rest(cloud, "GET", f"{path}/results", params={"maxRecords": 20, "locator": locator})
        rows += csv.DictReader(io.StringIO(part.text))
        locator = part.headers["sforce-locator"]

    assert (job["state"], early, state["state"], state["numberRecordsProcessed"]) == (
        "UploadComplete", 400, "JobComplete", 30
    )  # fmt: skip
    assert len(rows) == 30
    assert list(rows[0]) == ["Id", "Email", "HasOptedOutOfEmail", "CreatedDate", "Account.Name"]
    assert rows[0]["HasOptedOutOfEmail"] == "false"
    assert rows[0]["CreatedDate"].endswith(".000Z")
    assert part.headers["sforce-numberofrecords"] == "10"


def test_a_bulk_query_shows_what_was_there_when_it_began(cloud: Running, rest: Rest) -> None:
    wish = {"operation": "queryAll", "query": "SELECT Id, Title FROM Contact"}
    job = rest(cloud, "POST", "/jobs/query", json=wish).json()["id"]
    cloud.mutate({"op": "update", "object": "Contact", "count": 30, "fields": {"Title": "After"}})

    text = rest(cloud, "GET", f"/jobs/query/{job}/results").text

    assert "After" not in text


def test_a_bulk_query_can_be_aborted_and_deleted(cloud: Running, rest: Rest) -> None:
    cloud.settings(bulk_seconds=60)
    wish = {"operation": "query", "query": "SELECT Id FROM Contact"}
    path = f"/jobs/query/{rest(cloud, 'POST', '/jobs/query', json=wish).json()['id']}"

    aborted = rest(cloud, "PATCH", path, json={"state": "Aborted"}).json()["state"]
    deleted = rest(cloud, "DELETE", path).status_code

    assert (aborted, deleted, rest(cloud, "GET", path).status_code) == ("Aborted", 204, 404)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT COUNT(Id) FROM Account",
        "SELECT Id FROM Account LIMIT 5 OFFSET 5",
        "SELECT Id, BillingAddress FROM Account",
    ],
)
def test_bulk_refuses_what_it_cannot_flatten(shared_cloud: Running, rest: Rest, query: str) -> None:
    answer = rest(shared_cloud, "POST", "/jobs/query", json={"operation": "query", "query": query})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "API_ERROR")


def test_an_upload_sorts_rows_into_good_and_bad(cloud: Running, rest: Rest) -> None:
    wish = {"object": "Contact", "operation": "upsert", "externalIdFieldName": KEY, "contentType": "CSV"}
    job = rest(cloud, "POST", "/jobs/ingest", json=wish).json()
    text = f"LastName,Email,{KEY}\nGood,,i1\n,,i2\nBad,nonsense,i3\n"

    content = job["contentUrl"].removeprefix(BASE[1:])
    put = rest(cloud, "PUT", content, data=text, headers={"Content-Type": "text/csv"}).status_code
    rest(cloud, "PATCH", f"/jobs/ingest/{job['id']}", json={"state": "UploadComplete"})

    state = rest(cloud, "GET", f"/jobs/ingest/{job['id']}").json()
    failed = list(csv.DictReader(io.StringIO(rest(cloud, "GET", f"/jobs/ingest/{job['id']}/failedResults").text)))
    assert (put, state["state"], state["numberRecordsProcessed"], state["numberRecordsFailed"]) == (
        201, "JobComplete", 3, 2
    )  # fmt: skip
    assert [each["sf__Error"].split(":")[0] for each in failed] == ["REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS"]
