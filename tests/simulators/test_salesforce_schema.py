"""What an org tells about its objects, and how it is searched."""

from collections.abc import Callable

import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
KEY = "CrmBridgeKey__c"


def test_a_description_tells_types_choices_and_references(shared_cloud: Running, rest: Rest) -> None:
    answer = rest(shared_cloud, "GET", "/sobjects/Opportunity/describe")
    fields = {field["name"]: field for field in answer.json()["fields"]}

    assert fields["StageName"]["picklistValues"][0] == {
        "active": True, "defaultValue": False, "label": "Prospecting", "validFor": None, "value": "Prospecting"
    }  # fmt: skip
    assert (fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]) == (["Account"], "Account")
    assert (fields["IsWon"]["updateable"], fields["CloseDate"]["nillable"]) == (False, False)
    assert (fields[KEY]["externalId"], fields[KEY]["unique"], fields[KEY]["custom"]) == (True, True, True)
    assert [each["name"] for each in answer.json()["recordTypeInfos"]] == ["New Business", "Renewal", "Master"]
    children = {each["relationshipName"] for each in answer.json()["childRelationships"]}
    assert "OpportunityContactRoles" in children


def test_a_description_is_sent_again_only_after_a_change(cloud: Running, rest: Rest) -> None:
    path = "/sobjects/Contact/describe"
    since = {"If-Modified-Since": rest(cloud, "GET", path).headers["last-modified"]}
    unchanged = rest(cloud, "GET", path, headers=since)
    cloud.advance(5)
    cloud.mutate({"op": "add_field", "object": "Contact", "name": "Shoe_Size__c", "type": "double"})

    changed = rest(cloud, "GET", path, headers=since)

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert "Shoe_Size__c" in changed.text


def test_searching_finds_by_word_beginnings_in_names_and_addresses(cloud: Running, rest: Rest) -> None:
    fields = {"LastName": "Zebrafinch", "Email": "z@finch.test"}
    row_id = cloud.mutate({"op": "create", "object": "Contact", "fields": fields})[0]["ids"][0]
    find = "FIND {zebraf*} IN ALL FIELDS RETURNING Contact(Id, Email WHERE Email != null LIMIT 5), Lead(Id)"

    sosl = rest(cloud, "GET", "/search", params={"q": find}).json()["searchRecords"]
    plain = rest(
        cloud,
        "GET",
        "/parameterizedSearch",
        params={"q": "z@finch.test", "sobject": "Contact", "Contact.fields": "Name"},
    ).json()["searchRecords"]

    assert [(each["Id"], each["Email"]) for each in sosl] == [(row_id, "z@finch.test")]
    assert [each["Name"] for each in plain] == ["Zebrafinch"]
    assert rest(cloud, "GET", "/search", params={"q": "LOOK {x}"}).json()[0]["errorCode"] == "MALFORMED_SEARCH"


def test_choices_are_also_told_per_record_type(shared_cloud: Running, rest: Rest) -> None:
    master = "012000000000000AAA"

    body = rest(shared_cloud, "GET", f"/ui-api/object-info/Lead/picklist-values/{master}").json()

    status = body["picklistFieldValues"]["Status"]
    assert status["values"][0] == {"attributes": None, "label": "Open - Not Contacted", "validFor": [],
                                   "value": "Open - Not Contacted"}  # fmt: skip
    assert status["defaultValue"]["value"] == "Open - Not Contacted"
