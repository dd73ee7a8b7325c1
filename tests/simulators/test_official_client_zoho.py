"""Zoho's own Python client must be content with the simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper as Query
from zohocrmsdk.src.com.zoho.crm.api.coql import CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.dc import USDataCenter
from zohocrmsdk.src.com.zoho.crm.api.deal_contact_roles import (
    DealContactRolesOperations,
    GetAssociatedContactRolesParam,
)
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.record import BodyWrapper, Field, GetRecordsParam, Record, RecordOperations
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

from local.simulators import Running, running


@pytest.fixture(scope="module")
def org() -> Iterator[Running]:
    with running("zoho", contacts=250, companies=20, deals=20) as sim:
        yield sim


@pytest.fixture(scope="module")
def contacts(org: Running, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The client with a code of the self client, which it turns into tokens at its first call."""
    place = tmp_path_factory.mktemp("zoho")
    facts = next(iter(org.state(summary=1)["orgs"].values()))
    centre = USDataCenter.PRODUCTION()
    centre.url, centre.accounts_url = facts["api_domain"], f"{facts['accounts_server']}/oauth/v2/token"
    code = org.mutate({"op": "self_client_code"})[0]["code"]
    Initializer.initialize(
        environment=centre,
        token=OAuthToken("1000.SIMULATORCLIENT", "simulator-client-secret", grant_token=code),
        store=FileStore(file_path=str(place / "tokens")),
        sdk_config=SDKConfig(auto_refresh_fields=True, pick_list_validation=False),
        resource_path=str(place),
        logger=Logger.get_instance(level=Logger.Levels.ERROR, file_path=str(place / "log")),
    )
    return RecordOperations("Contacts")


def written(fields: dict[str, str]) -> BodyWrapper:
    record, body = Record(), BodyWrapper()
    for name, value in fields.items():
        record.add_field_value(getattr(Field.Contacts, name)(), value)
    body.set_data([record])
    return body


def row(answer: Any) -> Any:
    return answer.get_object().get_data()[0]


def id_of(answer: Any) -> int:
    return int(row(answer).get_details()["id"])


def test_a_page_of_contacts_is_listed(contacts: Any) -> None:
    asked = ParameterMap()
    asked.add(GetRecordsParam.fields, "Last_Name,Email")
    asked.add(GetRecordsParam.per_page, 100)

    answer = contacts.get_records(asked, HeaderMap())

    found = answer.get_object()
    assert answer.get_status_code() == 200
    assert len(found.get_data()) == 100
    assert found.get_info().get_more_records() is True
    assert all(record.get_key_value("Last_Name") for record in found.get_data())


def test_a_contact_is_created_changed_and_read(contacts: Any) -> None:
    made = contacts.create_records(written({"last_name": "Client", "email": "client@example.test"}), HeaderMap())
    changed = contacts.update_record(id_of(made), written({"title": "Boss"}), HeaderMap())
    read = row(contacts.get_record(id_of(made), ParameterMap(), HeaderMap()))

    assert (made.get_status_code(), changed.get_status_code()) == (201, 200)
    assert row(changed).get_code().get_value() == "SUCCESS"
    assert (read.get_key_value("Last_Name"), read.get_key_value("Title")) == ("Client", "Boss")


def test_what_was_deleted_is_among_the_deleted(contacts: Any) -> None:
    made = contacts.create_records(written({"last_name": "Soon gone"}), HeaderMap())

    gone = contacts.delete_record(id_of(made), ParameterMap(), HeaderMap())

    bin = contacts.get_deleted_records(ParameterMap(), HeaderMap()).get_object().get_data()
    assert row(gone).get_status().get_value() == "success"
    assert id_of(made) in {each.get_id() for each in bin}


@pytest.mark.usefixtures("contacts")
def test_a_query_brings_its_rows() -> None:
    query = Query()
    query.set_select_query("select Last_Name, Email from Contacts where id > 0 order by id asc limit 0, 200")

    answer = CoqlOperations().get_records(query)

    assert answer.get_status_code() == 200
    assert len(answer.get_object().get_data()) == 200


def test_a_refusal_names_its_code(contacts: Any) -> None:
    answer = contacts.create_records(written({"email": "nobody@example.test"}), HeaderMap())

    assert answer.get_object().get_data()[0].get_code().get_value() == "MANDATORY_NOT_FOUND"


def test_the_people_of_a_deal_are_read_by_the_client(contacts: Any, org: Running) -> None:
    deals = org.state(object="Deals")["live"]
    deal = next(each for each in deals if each.get("contact_roles"))
    parameters = ParameterMap()
    parameters.add(GetAssociatedContactRolesParam.fields, "Last_Name,Contact_Role")

    answer = DealContactRolesOperations().get_associated_contact_roles(int(deal["id"]), parameters)

    people = {str(each.get_id()): each.get_contact_role() for each in answer.get_object().get_data()}
    assert set(people) == set(deal["contact_roles"])
    assert {each: role and role.get_name() for each, role in people.items()} == deal["contact_roles"]
