"""What an admin writes can only read, whatever it is called."""

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.platforms.questions import Question
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.platforms.zoho.asking import QUERY as COQL
from hypothesis import given
from hypothesis import strategies as st

SOQL = PLATFORMS["salesforce"].query
assert SOQL is not None

CHANGING = [
    "SELECT Id FROM Account FOR UPDATE",
    "SELECT Id FROM Account LIMIT 2 for\n\tview",
    "SELECT Id FROM Contact FOR REFERENCE",
    "SELECT Title FROM FAQ__kav WHERE PublishStatus='online' UPDATE VIEWSTAT",
    "SELECT Title FROM FAQ__kav UPDATE TRACKING",
    "SELECT Id FROM Account WHERE Name = 'it\\'s' FOR VIEW",
]
NO_SELECT = ["", "DELETE FROM Account", "FIND {Acme} IN ALL FIELDS", "(SELECT Id FROM Account)", "SELECTED", "'SELECT'"]
SEVERAL = ["SELECT Id FROM Account; DELETE FROM Account", "SELECT Id FROM Account WHERE Name = 'open", "SELECT 1;"]


def soql(text: str) -> None:
    assert SOQL is not None
    SOQL.check(Question(text=text, limit=5))


@pytest.mark.parametrize("text", CHANGING)
def test_a_select_that_locks_dates_or_counts_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="changes something"):
        soql(text)


@pytest.mark.parametrize("text", [*NO_SELECT, *SEVERAL])
def test_what_is_not_one_select_is_refused(text: str) -> None:
    for spec in (SOQL, COQL):
        with pytest.raises(Invalid, match="query: is not"):
            spec.check(Question(text=text, limit=5))  # type: ignore[union-attr]  # asserted above


@pytest.mark.parametrize(
    "flood",
    [
        "SELECT Id FROM Account WHERE Name = '" + "\\'" * 500_000,
        "SELECT Id FROM Account WHERE Name = ''" + "'\\" * 500_001,
    ],
    ids=["marks", "marks and signs"],
)
def test_a_flood_of_quotation_marks_is_looked_at_once(flood: str) -> None:
    with pytest.raises(Invalid, match="is not one statement"):
        soql(flood)


@pytest.mark.parametrize(
    "text",
    [
        "select Id from Account",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'for update; it\\'s \\\\'",
        "SELECT Forecast__c, Update__c FROM Opportunity WITH SECURITY_ENFORCED",
        "SELECT COUNT() FROM Lead WHERE Company = 'Update GmbH'",
    ],
)
def test_reading_is_let_through_whatever_is_quoted_in_it(text: str) -> None:
    soql(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Id FROM Account -- '\nFOR UPDATE --'",
        "SELECT Id FROM Account /*'*/ FOR UPDATE /*'*/",
        "SELECT Id FROM Account WHERE Name = \"' FOR UPDATE '\"",
    ],
)
def test_nothing_hides_in_comments_and_other_quotations(text: str) -> None:
    with pytest.raises(Invalid, match="not of this language"):
        soql(text)


def test_comments_and_quotations_inside_a_text_are_letters() -> None:
    soql("SELECT Id FROM Account WHERE Name = 'the \"-- /* Bar'")


@given(text=st.text(alphabet="' ABCforupdate;\n", max_size=60).map(lambda text: text.replace("'", "\\'")))
def test_no_quotation_hides_a_word_that_changes_something(text: str) -> None:
    with pytest.raises(Invalid):
        soql(f"SELECT Id FROM Account WHERE Name = '{text}' FOR UPDATE")


@pytest.mark.parametrize("object", ["", "../contacts", "contacts/batch/archive", "contacts?x=", "a" * 200, "кontakt"])
@pytest.mark.parametrize("name", ["hubspot", "pipedrive"])
def test_what_is_searched_is_a_name_and_no_path(name: str, object: str) -> None:
    spec = PLATFORMS[name].query
    assert spec is not None

    with pytest.raises(Invalid, match="object"):
        spec.check(Question(object=object, search={"term": "acme"}, limit=5))


def test_a_parameter_that_pipedrive_would_ignore_is_named() -> None:
    spec = PLATFORMS["pipedrive"].query
    assert spec is not None

    with pytest.raises(Invalid, match=r"search\.feilds: is not known") as caught:
        spec.check(Question(object="persons", search={"feilds": "email"}, limit=5))

    assert {problem.field for problem in caught.value.problems} == {"search.feilds", "search.term"}


def test_hubspots_own_paging_is_left_to_the_cursor() -> None:
    spec = PLATFORMS["hubspot"].query
    assert spec is not None

    with pytest.raises(Invalid, match=r"search\.after"):
        spec.check(Question(object="deals", search={"after": "10"}, limit=5))


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_language_has_an_example_that_it_takes(name: str) -> None:
    spec = PLATFORMS[name].query
    assert spec is not None

    asked = {"text": spec.example.get("query", ""), "object": spec.example.get("object", "")}
    spec.check(Question(**asked, search=spec.example.get("search", {}), limit=5))

    assert spec.is_text == ("search" not in spec.example)
