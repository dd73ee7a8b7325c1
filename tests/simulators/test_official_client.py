"""HubSpot's own Python client must be content with the simulator."""

from typing import Any

from hubspot.crm.associations.v4 import AssociationSpec, BatchInputPublicFetchAssociationsBatchRequest  # type: ignore
from hubspot.crm.companies import SimplePublicObjectInputForCreate as CompanyInput  # type: ignore
from hubspot.crm.contacts import (  # type: ignore
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.objects.tasks import SimplePublicObjectInputForCreate as TaskInput  # type: ignore
from hubspot.crm.properties import PropertyCreate  # type: ignore

from local.simulators import Running


def test_get_all_walks_through_every_contact_in_order_of_id(official: Any, shared_hub: Running) -> None:
    live = shared_hub.state(object="contacts", ids_only=1)["live"]

    contacts = official.crm.contacts.get_all(properties=["email"])

    assert [contact.id for contact in contacts] == live


def test_companies_deals_tasks_and_calls_are_listed_with_their_default_properties(official: Any) -> None:
    crm = official.crm

    pages = [
        api.basic_api.get_page(limit=5) for api in (crm.companies, crm.deals, crm.objects.tasks, crm.objects.calls)
    ]

    assert [len(page.results) for page in pages] == [5, 5, 5, 5]
    assert set(pages[1].results[0].properties) == {
        "amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline",
    }  # fmt: skip
    assert set(pages[2].results[0].properties) == {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}


def test_a_contact_is_created_read_changed_and_archived(official: Any) -> None:
    api = official.crm.contacts.basic_api

    made = api.create(
        SimplePublicObjectInputForCreate(properties={"email": "New.One@Example.Test", "firstname": "New"})
    )
    changed = api.update(made.id, SimplePublicObjectInput(properties={"firstname": "Newer"}))
    read = api.get_by_id("new.one@example.test", id_property="email", properties=["firstname", "email", "phone"])
    api.archive(made.id)
    gone = api.get_by_id(made.id, archived=True)

    assert made.properties["email"] == "new.one@example.test"
    assert changed.properties["firstname"] == "Newer"
    assert (read.id, read.properties["firstname"], read.properties["phone"]) == (made.id, "Newer", None)
    assert gone.archived
    assert gone.archived_at


def test_search_finds_by_filter_and_pages_by_offset(official: Any) -> None:
    wanted = FilterGroup(filters=[Filter(property_name="hs_object_id", operator="GT", value="0")])
    request = PublicObjectSearchRequest(
        filter_groups=[wanted], sorts=["hs_object_id"], limit=100, properties=["email"], after="100"
    )

    page = official.crm.contacts.search_api.do_search(request)

    assert page.total >= 230
    assert len(page.results) == 100
    assert page.paging.next.after == "200"


def test_batches_create_read_update_and_upsert(official: Any) -> None:
    api = official.crm.contacts.batch_api
    inputs = [{"properties": {"email": f"batch{number}@example.test"}, "associations": []} for number in range(3)]

    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    ids = [record.id for record in made.results]
    read = api.read(BatchReadInputSimplePublicObjectId(
        inputs=[{"id": each} for each in ids], properties=["email"], properties_with_history=[]))  # fmt: skip
    changed = api.update(BatchInputSimplePublicObjectBatchInput(
        inputs=[{"id": each, "properties": {"city": "Porto"}} for each in ids]))  # fmt: skip
    upserted = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=[
        {"idProperty": "email", "id": "batch0@example.test", "properties": {"city": "Lyon"}},
        {"idProperty": "email", "id": "batch9@example.test", "properties": {"city": "Lyon"}},
    ]))  # fmt: skip

    assert {record.properties["email"] for record in read.results} == {
        f"batch{number}@example.test" for number in range(3)
    }
    assert {record.properties["city"] for record in changed.results} == {"Porto"}
    assert sorted(record.new for record in upserted.results) == [False, True]


def test_a_task_is_created_with_its_contact_and_deal(official: Any, shared_hub: Running) -> None:
    contact, deal = (shared_hub.state(object=name, ids_only=1)["live"][0] for name in ("contacts", "deals"))
    links = [
        {"to": {"id": contact}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]},
        {"to": {"id": deal}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]},
    ]
    properties = {"hs_task_subject": "Call", "hs_timestamp": "2026-12-01T09:00:00Z", "hs_task_status": "NOT_STARTED"}

    task = official.crm.objects.tasks.basic_api.create(TaskInput(properties=properties, associations=links))

    read = official.crm.objects.tasks.basic_api.get_by_id(task.id, associations=["contacts", "deals"])
    assert [each.id for each in read.associations["contacts"].results] == [contact]
    assert [each.type for each in read.associations["deals"].results] == ["task_to_deal"]


def test_associations_are_read_in_bulk_set_by_default_and_labelled(official: Any, shared_hub: Running) -> None:
    v4 = official.crm.associations.v4
    contact = official.crm.contacts.basic_api.create(
        SimplePublicObjectInputForCreate(properties={"lastname": "Linked"})
    )
    company = official.crm.companies.basic_api.create(CompanyInput(properties={"name": "Linked Ltd"}))

    v4.basic_api.create_default("contacts", contact.id, "companies", company.id)
    billing = AssociationSpec(association_category="USER_DEFINED", association_type_id=115)
    labelled = v4.basic_api.create("contacts", contact.id, "companies", company.id, [billing])
    page = v4.basic_api.get_page("contacts", contact.id, "companies")
    bulk = v4.batch_api.get_page(
        "contacts",
        "companies",
        BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": contact.id}, {"id": "77"}]),
    )

    assert labelled.labels == ["Billing contact"]
    assert {each.label for each in page.results[0].association_types} == {"Primary", None, "Billing contact"}
    assert [each._from.id for each in bulk.results] == [contact.id]
    assert bulk.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_owners_properties_and_pipelines_describe_the_account(official: Any) -> None:
    owners = official.crm.owners.owners_api.get_page(limit=500)
    former = official.crm.owners.owners_api.get_page(archived=True)
    stages = official.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    properties = {each.name: each for each in official.crm.properties.core_api.get_all("contacts").results}

    assert {owner.type for owner in owners.results} == {"PERSON", "QUEUE"}
    assert [owner.user_id for owner in former.results] == [None]
    assert stages[-2].metadata == {"isClosed": "true", "probability": "1.0"}
    assert len(properties) > 250
    assert properties["hubspot_owner_id"].options == []
    assert properties["loyalty_points"].hubspot_defined is None


def test_a_unique_property_is_created_and_then_identifies_records(official: Any) -> None:
    wish = PropertyCreate(
        name="sync_external_id", label="External id", type="string", field_type="text", group_name="companyinformation",
        has_unique_value=True,
    )  # fmt: skip

    prop = official.crm.properties.core_api.create("companies", wish)
    company = official.crm.companies.basic_api.create(
        CompanyInput(properties={"name": "X", "sync_external_id": "row-1"})
    )

    assert prop.has_unique_value
    assert official.crm.companies.basic_api.get_by_id("row-1", id_property="sync_external_id").id == company.id


def test_merged_contacts_lead_to_a_third_one(official: Any) -> None:
    api = official.crm.contacts.basic_api
    first, second = (
        api.create(SimplePublicObjectInputForCreate(properties={"email": f"twin{number}@example.test"}))
        for number in (1, 2)
    )

    merged = official.crm.contacts.basic_api.merge(
        PublicMergeInput(primary_object_id=first.id, object_id_to_merge=second.id)
    )

    assert merged.id not in (first.id, second.id)
    assert merged.properties["hs_merged_object_ids"] == f"{first.id};{second.id}"
    assert merged.properties["hs_additional_emails"] == "twin2@example.test"
    assert {api.get_by_id(each.id).id for each in (first, second)} == {merged.id}
