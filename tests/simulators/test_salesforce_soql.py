"""What integrators ask in SOQL, and what they hear when they ask wrongly."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from local.simulators import Running
from local.simulators.salesforce.ids import long_id, with_checksum
from local.simulators.salesforce.soql.dates import range_of
from local.simulators.salesforce.soql.where import like_pattern

Soql = Callable[..., Any]


def ids(body: Any) -> list[str]:
    return [record["Id"] for record in body["records"]]


@pytest.fixture
def five(cloud: Running) -> list[str]:
    """Contacts that differ in score and name."""
    made = cloud.mutate(
        {"op": "create", "object": "Contact", "count": 4,
         "fields": {"LastName": "Quill{n}", "Email": "q{n}@quill.test", "Department": "Soql"}},
        {"op": "create", "object": "Contact", "fields": {"LastName": "quill9", "Department": "Soql"}},
    )  # fmt: skip
    found = [*made[0]["ids"], *made[1]["ids"]]
    for number, each in enumerate(found[:4]):
        cloud.mutate({"op": "update", "object": "Contact", "id": each, "fields": {"Score__c": number * 10}})
    return found


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("Score__c > 10", [2, 3]),
        ("Score__c >= 10 AND Score__c < 30", [1, 2]),
        ("Score__c = 0 OR LastName = 'QUILL3'", [0, 3]),
        ("NOT (Score__c > 0)", [0, 4]),
        ("NOT Score__c > 0 AND Email != null", [0]),
        ("(Score__c = 10 OR Score__c = 20) AND Email LIKE 'q1@%'", [1]),
        ("Email = null", [4]),
        ("Email = ''", [4]),
        ("Score__c != 10", [0, 2, 3, 4]),
        ("LastName LIKE 'quill_'", [0, 1, 2, 3, 4]),
        ("LastName IN ('quill1', 'Quill2')", [1, 2]),
        ("LastName NOT IN ('quill1', 'Quill2')", [0, 3, 4]),
        ("CreatedDate = TODAY", [0, 1, 2, 3, 4]),
        ("CreatedDate < LAST_N_DAYS:3", []),
        ("CreatedDate >= 2020-01-01T00:00:00Z", [0, 1, 2, 3, 4]),
        ("SystemModstamp > 2020-01-01T00:00:00+02:00 AND IsDeleted = false", [0, 1, 2, 3, 4]),
        ("Owner.Email = 'ben@FALKENAU.test'", [0, 1, 2, 3, 4]),
        ("Contact.Score__c <> 0", [1, 2, 3, 4]),
        ("Account.Name = null", [0, 1, 2, 3, 4]),
    ],
)
def test_conditions_mean_what_salesforce_means(
    cloud: Running, soql: Soql, five: list[str], condition: str, wanted: list[int]
) -> None:
    body = soql(cloud, f"SELECT Id FROM Contact WHERE Department = 'Soql' AND ({condition}) ORDER BY Id")

    assert ids(body) == [five[place] for place in wanted]


def test_ids_compare_with_case_and_in_both_lengths(cloud: Running, soql: Soql, five: list[str]) -> None:
    short = five[2][:15]

    assert ids(soql(cloud, f"SELECT Id FROM Contact WHERE Id = '{short}'")) == [five[2]]
    assert ids(soql(cloud, f"SELECT Id FROM Contact WHERE Id > '{short}' ORDER BY Id")) == five[3:]
    assert soql(cloud, "SELECT Id FROM Contact WHERE Id = 'x'")[0]["errorCode"] == "INVALID_QUERY_FILTER_OPERATOR"


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("Score__c", [4, 0, 1, 2, 3]),
        ("Score__c DESC", [4, 3, 2, 1, 0]),
        ("Score__c DESC NULLS LAST", [3, 2, 1, 0, 4]),
        ("Department ASC, LastName DESC", [4, 3, 2, 1, 0]),
    ],
)
def test_null_comes_first_unless_told_otherwise(
    cloud: Running, soql: Soql, five: list[str], order: str, wanted: list[int]
) -> None:
    body = soql(cloud, f"SELECT Id FROM Contact WHERE Department = 'Soql' ORDER BY {order}")

    assert ids(body) == [five[place] for place in wanted]


def test_limit_and_offset_cut_after_the_order(cloud: Running, soql: Soql, five: list[str]) -> None:
    body = soql(cloud, "SELECT Id FROM Contact WHERE Department = 'Soql' ORDER BY Id LIMIT 2 OFFSET 1")

    assert (ids(body), body["totalSize"], body["done"]) == (five[1:3], 2, True)


def test_parents_are_nested_and_null_when_missing(cloud: Running, soql: Soql, five: list[str]) -> None:
    account = cloud.mutate({"op": "create", "object": "Account", "fields": {"Name": "Nest"}})[0]["ids"][0]
    cloud.mutate({"op": "update", "object": "Contact", "id": five[0], "fields": {"AccountId": account}})

    body = soql(
        cloud,
        "select id, c.account.name, Account.Owner.Email, LastName from Contact c where department = 'Soql' order by Id",
    )

    first, second = body["records"][:2]
    assert list(first) == ["attributes", "Id", "Account", "LastName"]
    assert first["Account"]["Name"] == "Nest"
    assert first["Account"]["attributes"]["url"] == f"/services/data/v62.0/sobjects/Account/{account}"
    assert first["Account"]["Owner"]["Email"] == "BEN@falkenau.test"
    assert second["Account"] is None


def test_a_reference_to_several_objects_knows_names_and_types(cloud: Running, soql: Soql) -> None:
    records = soql(cloud, "SELECT Who.Name, Who.Type, What.Type, Owner.Name FROM Task WHERE WhoId != null")["records"]

    assert {record["Who"]["Type"] for record in records} <= {"Contact", "Lead"}
    assert soql(cloud, "SELECT Who.Department FROM Task")[0]["errorCode"] == "INVALID_FIELD"


def test_children_come_as_lists_inside(cloud: Running, soql: Soql) -> None:
    query = (
        "SELECT Id, (SELECT ContactId, Contact.Email, IsPrimary FROM OpportunityContactRoles ORDER BY IsPrimary DESC)"
        " FROM Opportunity ORDER BY Id"
    )

    records = soql(cloud, query)["records"]

    lists = [record["OpportunityContactRoles"] for record in records]
    assert None in lists
    several = next(each for each in lists if each and each["totalSize"] > 1)
    assert several["done"] is True
    assert [each["IsPrimary"] for each in several["records"]][:2] == [True, False]
    assert "Email" in several["records"][0]["Contact"]


def test_a_semi_join_selects_by_what_another_query_finds(cloud: Running, soql: Soql) -> None:
    inside = soql(cloud, "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM OpportunityContactRole)")
    outside = soql(cloud, "SELECT Id FROM Contact WHERE Id NOT IN (SELECT ContactId FROM OpportunityContactRole)")

    assert len(ids(inside)) > 0
    assert len(ids(inside)) + len(ids(outside)) == soql(cloud, "SELECT COUNT() FROM Contact")["totalSize"]


def test_counts_and_totals(cloud: Running, soql: Soql, five: list[str]) -> None:
    count = soql(cloud, "SELECT COUNT() FROM Contact WHERE Department = 'Soql'")
    totals = soql(cloud, "SELECT COUNT(Id), MAX(Score__c) best FROM Contact WHERE Department = 'Soql'")
    groups = soql(cloud, "SELECT Department, COUNT(Id) n FROM Contact WHERE Department != null GROUP BY Department")

    assert count == {"totalSize": 5, "done": True, "records": []}
    assert totals["records"] == [{"attributes": {"type": "AggregateResult"}, "best": 30.0, "expr0": 5}]
    assert groups["records"][0]["n"] == 5


def test_compounds_are_put_together_and_cannot_be_filtered(cloud: Running, soql: Soql, five: list[str]) -> None:
    cloud.mutate({"op": "update", "object": "Contact", "id": five[0], "fields": {"MailingCity": "Bonn"}})

    record = soql(cloud, f"SELECT MailingAddress FROM Contact WHERE Id = '{five[0]}'")["records"][0]
    refused = soql(cloud, "SELECT Id FROM Contact WHERE MailingAddress = 'x'")

    assert record["MailingAddress"]["city"] == "Bonn"
    assert "can not be filtered" in refused[0]["message"]


def test_all_fields_at_once_need_a_small_limit(cloud: Running, soql: Soql) -> None:
    record = soql(cloud, "SELECT FIELDS(ALL) FROM Lead LIMIT 1")["records"][0]

    assert {"Id", "Company", "IsConverted", "SystemModstamp"} <= set(record)
    assert soql(cloud, "SELECT FIELDS(ALL) FROM Lead")[0]["errorCode"] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT Id, Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'"),
        ("SELECT Id FROM Contact WHERE Nope__c = 1", "INVALID_FIELD", "No such column 'Nope__c'"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Cntact", "INVALID_TYPE", "sObject type 'Cntact' is not supported"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Account", "INVALID_TYPE", "Didn't understand relationship"),
        ("SELECT Id, Name, Contact.id FROM Contact", "INVALID_FIELD", "duplicate field selected"),
        ("SELECT Name, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "must be grouped or aggregated"),
        ("SELECT SUM(Name) FROM Contact", "INVALID_FIELD", "does not support aggregate operator SUM"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-13-01T00:00:00Z", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id Contact", "MALFORMED_QUERY", "unexpected token: 'Contact'"),
        ("SELECT Id FROM Contact WHERE Email = 'a' AND Email = 'b' OR Email = 'c'", "MALFORMED_QUERY", "OR"),
        ("SELECT Id FROM Contact WHERE Email", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "should not be enclosed in"),
        ("SELECT Id FROM Contact WHERE Score__c = 'ten'", "INVALID_FIELD", "must be of type double"),
        ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Contact ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY", "Implementation restriction"),
        ("SELECT Id FROM Contact WHERE Score__c LIKE '1%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("", "MALFORMED_QUERY", "has to be specified"),
        ("SELECT Id FROM Contact WHERE LastName = 'x", "MALFORMED_QUERY", "unexpected token"),
    ],
)
def test_wrong_queries_are_refused_in_an_array(
    shared_cloud: Running, soql: Soql, query: str, code: str, words: str
) -> None:
    body = soql(shared_cloud, query)

    assert body[0]["errorCode"] == code
    assert words in body[0]["message"]


def test_pages_of_two_hundred_follow_the_locator(shared_cloud: Running, soql: Soql, rest: Callable[..., Any]) -> None:
    header = {"Sforce-Query-Options": "batchSize=100"}
    first = soql(shared_cloud, "SELECT Id FROM Contact ORDER BY Id", **header)

    second = rest(shared_cloud, "GET", first["nextRecordsUrl"].removeprefix("/services/data/v62.0")).json()

    assert (first["done"], len(first["records"]), first["nextRecordsUrl"][-4:]) == (False, 200, "-200")
    assert second["done"] is True
    assert "nextRecordsUrl" not in second
    assert len({*ids(first), *ids(second)}) == first["totalSize"] == second["totalSize"]


def test_a_keyset_walk_meets_every_row_once_though_stamps_are_equal(cloud: Running, soql: Soql) -> None:
    cloud.mutate({"op": "touch", "object": "Contact", "count": 12})
    seen: list[str] = []
    after, last = "2000-01-01T00:00:00Z", "000000000000000"

    while True:
        keyset = f"(SystemModstamp = {after} AND Id > '{last}') OR SystemModstamp > {after}"
        query = f"SELECT Id, SystemModstamp FROM Contact WHERE {keyset} ORDER BY SystemModstamp, Id LIMIT 5"
        rows = soql(cloud, query)["records"]
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        after, last = rows[-1]["SystemModstamp"].replace("+0000", "Z"), rows[-1]["Id"]

    assert sorted(seen) == cloud.state(object="Contact", ids_only=1)["live"]


def test_a_cursor_dies_unused_and_when_too_many_are_open(cloud: Running, soql: Soql, rest: Callable[..., Any]) -> None:
    cloud.settings(rows_per_page=10, max_cursors=2)

    def opened() -> str:
        url: str = soql(cloud, "SELECT Id FROM Contact")["nextRecordsUrl"]
        return url.removeprefix("/services/data/v62.0")

    oldest, older, newest = opened(), opened(), opened()
    assert rest(cloud, "GET", oldest).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert rest(cloud, "GET", older).status_code == 200
    cloud.advance(901)
    assert rest(cloud, "GET", newest).status_code == 400


def test_deleted_rows_appear_in_query_all_only(cloud: Running, soql: Soql, five: list[str]) -> None:
    cloud.mutate({"op": "delete", "object": "Contact", "id": five[0]})
    query = f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{five[0]}'"

    assert soql(cloud, query)["records"] == []
    assert soql(cloud, query, how="queryAll")["records"][0]["IsDeleted"] is True
    cloud.advance(16 * 86_400)
    assert soql(cloud, query, how="queryAll")["records"] == []


def test_a_field_that_the_user_may_not_see_is_not_there(cloud: Running, soql: Soql, rest: Callable[..., Any]) -> None:
    cloud.mutate({"op": "hide_field", "object": "Contact", "field": "Email"})

    names = {field["name"] for field in rest(cloud, "GET", "/sobjects/Contact/describe").json()["fields"]}

    assert "Email" not in names
    assert soql(cloud, "SELECT Email FROM Contact")[0]["errorCode"] == "INVALID_FIELD"


def test_the_checksum_is_the_documented_one() -> None:
    assert with_checksum("001ak00000OKNPH") == "001ak00000OKNPHAA5"
    assert long_id("003AK000003DQCGAA2") == "003ak000003dQCGAA2"
    assert [long_id(each) for each in ("", "003", "0035g00000!!!!!", None)] == [None] * 4


def test_patterns_of_like_know_their_escapes() -> None:
    assert like_pattern(r"100\%%").fullmatch("100% sure")
    assert not like_pattern(r"100\%%").fullmatch("1000 sure")


def test_date_literals_are_ranges_of_days() -> None:
    day = date(2026, 5, 6)

    assert range_of("LAST_N_DAYS", 7, day) == (date(2026, 4, 29), date(2026, 5, 7))
    assert range_of("THIS_WEEK", 0, day) == (date(2026, 5, 3), date(2026, 5, 10))
    assert range_of("LAST_QUARTER", 0, day) == (date(2026, 1, 1), date(2026, 4, 1))
    assert range_of("NEXT_YEAR", 0, day) == (date(2027, 1, 1), date(2028, 1, 1))
    assert range_of("LAST_N_MONTHS", 5, day) == (date(2025, 12, 1), date(2026, 5, 1))
