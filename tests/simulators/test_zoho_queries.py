"""COQL, search and bulk read over the same records."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulators import Running, running
from tests.simulators.zoho_calls import ask, coql, first, insert


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with running("zoho", contacts=260) as sim:
        yield sim


@pytest.fixture
def own() -> Iterator[Running]:
    with running("zoho", contacts=20, leads=8, companies=5, deals=8, tasks=6, activities=9) as sim:
        yield sim


def rows(sim: Running, query: str) -> list[dict[str, Any]]:
    answer = coql(sim, query)
    assert answer.status_code in {200, 204}, answer.text
    return answer.json()["data"] if answer.content else []


def live(sim: Running, module: str = "Contacts") -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = sim.state(object=module)["live"]
    return records


def test_a_keyset_walk_by_time_and_id_meets_every_record_once(shared: Running) -> None:
    met: list[str] = []
    stamp, last = "1970-01-01T00:00:00+00:00", "0"
    select = "select id, Modified_Time from Contacts where"
    while page := rows(
        shared, f"{select} ((Modified_Time > '{stamp}') or (Modified_Time = '{stamp}' and id > '{last}'))"
        " order by Modified_Time asc, id asc limit 100",
    ):  # fmt: skip
        met += [row["id"] for row in page]
        stamp, last = page[-1]["Modified_Time"], page[-1]["id"]

    assert sorted(met) == shared.state(object="Contacts", ids_only=1)["live"]


def test_lookups_are_followed_and_shown(shared: Running) -> None:
    query = "select Last_Name, Account_Name, Account_Name.Account_Name, Owner from Contacts"

    found = rows(shared, f"{query} where Account_Name.Account_Name like 'a%' limit 5")

    assert found
    assert all(row["Account_Name.Account_Name"].startswith("A") for row in found)
    assert set(found[0]) == {"Last_Name", "Account_Name", "Account_Name.Account_Name", "Owner", "id"}
    assert found[0]["Account_Name"]["name"] == found[0]["Account_Name.Account_Name"]


@pytest.mark.parametrize(
    ("criteria", "fits"),
    [
        ("Email is null", lambda row: "Email" not in row),
        ("Loyalty_Points between 10 and 20", lambda row: 10 <= row.get("Loyalty_Points", -1) <= 20),
        ("Loyalty_Points not in (1, 2)", lambda row: row.get("Loyalty_Points", 1) not in {1, 2}),
        ("Last_Name in ('Ott', 'Roy')", lambda row: row["Last_Name"] in {"Ott", "Roy"}),
        ("Email_Opt_Out = true", lambda row: row.get("Email_Opt_Out") is True),
        ("(Title = 'CFO' or Title = 'Founder') and Phone is not null",
         lambda row: row.get("Title") in {"CFO", "Founder"} and "Phone" in row),
        ("Last_Name like '%er'", lambda row: row["Last_Name"].endswith("er")),
        ("Products_Of_Interest = 'Support'", lambda row: "Support" in row.get("Products_Of_Interest", [])),
    ],
)  # fmt: skip
def test_criteria_find_what_they_say(shared: Running, criteria: str, fits: Any) -> None:
    wanted = [row["id"] for row in live(shared) if fits(row)]

    found = [row["id"] for row in rows(shared, f"select id from Contacts where {criteria} limit 2000")]

    assert wanted
    assert found == wanted


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select id from Contacts", "SYNTAX_ERROR"),
        ("select External from Contacts where id is not null", "SYNTAX_ERROR"),
        ("select id from Contacts where a = 1 and b = 2 and c = 3", "SYNTAX_ERROR"),
        ("select id from Contacts where Last_Name = ott", "SYNTAX_ERROR"),
        ("delete from Contacts where id = '1'", "SYNTAX_ERROR"),
        ("select Nope from Contacts where id is not null", "INVALID_QUERY"),
        ("select id from Nope where id is not null", "INVALID_QUERY"),
        ("select id from Contacts where Description = 'x'", "INVALID_QUERY"),
        ("select id from Contacts where Modified_Time > 'yesterday'", "INVALID_QUERY"),
        ("select id from Contacts where id is not null limit 2001", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id is not null limit 99000, 2000", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id is not null order by id, id", "DUPLICATE_DATA"),
        (f"select {', '.join(['id'] * 51)} from Contacts where id is not null", "LIMIT_EXCEEDED"),
        (f"select id from Contacts where id in ({', '.join(['1'] * 51)})", "LIMIT_EXCEEDED"),
    ],
)
def test_a_query_that_is_wrong_says_where(shared: Running, query: str, code: str) -> None:
    answer = coql(shared, query)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_page_knows_whether_there_is_more_and_nothing_is_204(shared: Running) -> None:
    total = shared.state(object="Contacts", limit=1)["counts"]["live"]
    whole = "select id from Contacts where id is not null"

    assert coql(shared, f"{whole} limit 0, {total}").json()["info"] == {"count": total, "more_records": False}
    assert coql(shared, f"{whole} limit {total - 1}").json()["info"]["more_records"]
    assert coql(shared, f"{whole} limit 10 offset {total}").status_code == 204


def test_a_picklist_answers_with_what_people_see_and_takes_either_name(shared: Running) -> None:
    by_name, by_reference = (
        rows(shared, f"select Stage from Deals where Stage = '{text}'")
        for text in ("Identify Decision Makers", "Id. Decision Makers")
    )

    assert by_name == by_reference
    assert {row["Stage"] for row in by_name} == {"Identify Decision Makers"}


@pytest.mark.parametrize("column", ["'External'", '"External"'])
def test_a_column_that_is_called_by_a_word_of_sql_is_quoted(own: Running, column: str) -> None:
    own.mutate({"op": "add_field", "object": "Contacts", "name": "External", "type": "text"})

    found = rows(own, f"select id, {column} from Contacts where id is not null limit 1")

    assert set(found[0]) == {"id", "External"}


def test_search_lags_behind_a_write_and_coql_does_not(own: Running) -> None:
    insert(own, "Contacts", {"Last_Name": "Fresh", "Email": "fresh@example.test"})

    early = ask(own, "GET", "/v8/Contacts/search", params={"email": "Fresh@example.test"})
    at_once = rows(own, "select id from Contacts where Email = 'fresh@example.test'")
    own.advance(6)
    later = ask(own, "GET", "/v8/Contacts/search", params={"email": "Fresh@example.test"})

    assert early.status_code == 204
    assert len(at_once) == len(later.json()["data"]) == 1


def test_search_still_finds_a_record_that_was_just_deleted(own: Running) -> None:
    gone = first(own, "Contacts")
    ask(own, "DELETE", f"/v8/Contacts/{gone['id']}")
    query = {"criteria": f"(Last_Name:equals:{gone['Last_Name']})", "fields": "id"}

    early = ask(own, "GET", "/v8/Contacts/search", params=query)
    own.advance(6)
    later = ask(own, "GET", "/v8/Contacts/search", params=query)

    assert gone["id"] in {row["id"] for row in early.json()["data"]}
    assert later.status_code == 204 or gone["id"] not in {row["id"] for row in later.json()["data"]}


def test_search_joins_criteria_and_knows_words_and_numbers(shared: Running) -> None:
    person = next(row for row in live(shared) if row.get("Phone") and row.get("Title"))
    both = f"((Last_Name:starts_with:{person['Last_Name'][:2]})and(Title:equals:{person['Title']}))"
    queries = [{"criteria": both}, {"phone": person["Phone"]}, {"word": person["Last_Name"]}]

    found = [{row["id"] for row in ask(shared, "GET", "/v8/Contacts/search", params=query).json()["data"]}
             for query in queries]  # fmt: skip

    assert all(person["id"] in each for each in found)
    assert ask(shared, "GET", "/v8/Contacts/search").json()["code"] == "REQUIRED_PARAM_MISSING"


def start_bulk(sim: Running, **query: Any) -> str:
    body = {"query": {"module": {"api_name": "Contacts"}, **query}, "file_type": "csv"}
    job: str = ask(sim, "POST", "/bulk/v8/read", json=body).json()["data"][0]["details"]["id"]
    return job


def test_a_bulk_job_ends_in_a_zip_with_bare_ids(own: Running) -> None:
    job = start_bulk(own, fields=["Last_Name", "Account_Name", "Modified_Time"])
    begun = ask(own, "GET", f"/bulk/v8/read/{job}").json()["data"][0]
    early = ask(own, "GET", f"/bulk/v8/read/{job}/result")
    own.advance(1)
    done = ask(own, "GET", f"/bulk/v8/read/{job}").json()["data"][0]
    packed = ask(own, "GET", f"/bulk/v8/read/{job}/result").content

    text = zipfile.ZipFile(io.BytesIO(packed)).read(f"{job}.csv").decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert (begun["state"], early.json()["code"]) == ("IN PROGRESS", "RESOURCE_NOT_FOUND")
    assert done["state"] == "COMPLETED"
    assert done["result"]["count"] == 20
    assert [row["Id"] for row in table] == own.state(object="Contacts", ids_only=1)["live"]
    assert table[0]["Account_Name"] == live(own)[0].get("Account_Name", {"id": ""})["id"]


@pytest.mark.parametrize("value", [[], [1], "x", None, {"a": 1}])
def test_bulk_criteria_that_make_no_sense_are_refused(own: Running, value: Any) -> None:
    criteria = {"field": {"api_name": "Loyalty_Points"}, "comparator": "between", "value": value}

    answer = ask(
        own, "POST", "/bulk/v8/read", json={"query": {"module": {"api_name": "Contacts"}, "criteria": criteria}}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_DATA")


def test_bulk_jobs_run_one_after_the_other_and_page(own: Running) -> None:
    own.settings(bulk_rows=15)
    newest = {"field": {"api_name": "id"}, "comparator": "greater_than", "value": "0"}
    jobs = [start_bulk(own, fields=["id"], page=page, criteria=newest) for page in (1, 2)]

    waiting = ask(own, "GET", f"/bulk/v8/read/{jobs[1]}").json()["data"][0]["state"]
    own.advance(2)
    results = [ask(own, "GET", f"/bulk/v8/read/{job}").json()["data"][0]["result"] for job in jobs]

    assert waiting == "ADDED"
    assert [(each["count"], each["more_records"]) for each in results] == [(15, True), (5, False)]


def test_totals_over_all_rows_and_per_group(own: Running) -> None:
    deals = live(own, "Deals")
    amounts = [deal["Amount"] for deal in deals if deal.get("Amount") is not None]

    whole = rows(own, "select COUNT(id), SUM(Amount) as total, MAX(Amount) from Deals where id > '0'")[0]
    stages = rows(own, "select Stage, count(id) as n from Deals where id > '0' group by Stage")

    assert whole["COUNT(id)"] == len(deals)
    assert (whole["total"], whole["MAX(Amount)"]) == (pytest.approx(sum(amounts)), max(amounts))
    assert {row["Stage"]: row["n"] for row in stages} == Counter(deal["Stage"] for deal in deals)


@pytest.mark.parametrize(
    ("select", "message"),
    [("Stage, COUNT(id)", "not in the group by"), ("SUM(Deal_Name)", "data type not supported"),
     ("COUNT(Nope)", "column given seems to be invalid")],
)  # fmt: skip
def test_totals_that_make_no_sense_are_refused(shared: Running, select: str, message: str) -> None:
    answer = coql(shared, f"select {select} from Deals where id > '0'")

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_QUERY")
    assert message in answer.json()["message"]
