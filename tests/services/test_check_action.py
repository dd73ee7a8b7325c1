"""What is asked for is checked against the CRM's own lists and people before anything is promised."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import Invalid, NotFound
from crmbridge.domain.records import Kind, Type
from crmbridge.services.check_action import Checked, check_action
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.ports import Deps

SIZES = (Option("s", "Small"), Option("m", "Medium"))
FIELDS = (
    Field("region", "Region", Type.TEXT),
    Field("size", "Size", Type.OPTION, options=SIZES),
    Field("score", "Score", Type.NUMBER),
    Field("budget", "Budget", Type.MONEY),
    Field("vip", "VIP", Type.FLAG),
    Field("renewal", "Renewal", Type.DAY),
    Field("total", "Total", Type.NUMBER, read_only=True),
    Field("key", "CRM Bridge key", Type.TEXT, is_ours=True),
    Field("amount", "Amount", Type.MONEY, maps_to="amount"),
)
STAGES = (
    Stage("s2", "Offer", "p1", "Sales", 2),
    Stage("s1", "New", "p1", "Sales", 1),
    Stage("w0", "Won", "p1", "Sales", 0, is_closed=True, is_won=True),
)
OWNERS = (
    Owner("7", "Ada", "ada@client.test"),
    Owner("8", "Ben", "ben@client.test"),
    Owner("9", "Gone", "gone@client.test", active=False),
)
DIRECTORIES = Directories(
    account=Account("48"),
    owners={owner.id: owner for owner in OWNERS},
    stages={stage.id: stage for stage in STAGES},
    fields={"deals": {field.key: field for field in FIELDS}},
)
DEAL: Mapping[str, Any] = {"type": "create_deal", "connection": "c1", "fields": {"name": "Acme"}}

Check = Callable[..., Checked]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Any], put_record: Callable[..., Any]) -> None:
    make_connection()
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    deps.workspaces.map_people("w1", {"Ada@client.test": "U-ADA", "ben@client.test": "U-2", "ada@home.test": "U-ADA"})
    deps.workspaces.map_people("w1", {"guest@home.test": "U-GUEST"})
    put_record("deals", "d1", Kind.DEAL, name="Acme")


@pytest.fixture
def check(deps: Deps) -> Check:
    def checked(fields: Mapping[str, Any] | None = None, **more: Any) -> Checked:
        return check_action(deps, "w1", {**DEAL, **more, "fields": {"name": "Acme", **(fields or {})}})

    return checked


@pytest.fixture
def wrong(check: Check) -> Callable[..., list[str]]:
    def refused(fields: Mapping[str, Any] | None = None, **more: Any) -> list[str]:
        with pytest.raises(Invalid) as caught:
            check(fields, **more)
        return [problem.field for problem in caught.value.problems]

    return refused


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"size": "m"}, {"size": "m"}),
        ({"size": " medium"}, {"size": "m"}),
        ({"size": ["Small", "m"]}, {"size": ["s", "m"]}),
        ({"size": "Small;Medium"}, {"size": "s;m"}),
        ({"score": 5, "budget": "5.50", "vip": False}, {"score": 5, "budget": "5.50", "vip": False}),
        ({"vip": "True"}, {"vip": True}),
        ({"renewal": "2026-12-31"}, {"renewal": "2026-12-31"}),
        ({"renewal": "2026-12-31T09:00:00Z"}, {"renewal": "2026-12-31T09:00:00Z"}),
    ],
)
def test_custom_fields_go_by_the_schema_and_options_by_label(
    check: Check, given: Mapping[str, Any], kept: Mapping[str, Any]
) -> None:
    assert check(custom_fields=given).custom_fields == kept


@pytest.mark.parametrize(
    "given",
    [
        {"regin": "EMEA"},
        {"total": 5},
        {"key": "mine"},
        {"size": "Huge"},
        {"size": ["Small", "Huge"]},
        {"size": []},
        {"score": "many"},
        {"score": True},
        {"vip": "perhaps"},
        {"renewal": "soon"},
        {"renewal": "2026-12-31T09:00:00"},
        {"amount": 5},
        {"region": None},
    ],
)
def test_a_wrong_custom_field_is_named(wrong: Callable[..., list[str]], given: Mapping[str, Any]) -> None:
    assert wrong(custom_fields=given) == [f"custom_fields.{next(iter(given))}"]


@pytest.fixture
def strict(deps: Deps) -> None:
    """The customer cannot do without a region and a size."""
    must = {key: replace(DIRECTORIES.fields["deals"][key], required=True, custom=True) for key in ("region", "size")}
    fields = {"deals": {**DIRECTORIES.fields["deals"], **must}}
    deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields=fields))


@pytest.mark.usefixtures("strict")
def test_what_the_customer_has_made_a_must_is_asked_for_before_the_crm_refuses(wrong: Callable[..., list[str]]) -> None:
    assert wrong(custom_fields={"size": "Small"}) == ["custom_fields.region"]
    assert wrong() == ["custom_fields.region", "custom_fields.size"]


@pytest.mark.usefixtures("strict")
def test_a_must_cannot_be_emptied_and_need_not_be_repeated(check: Check, wrong: Callable[..., list[str]]) -> None:
    update = {"type": "update_deal", "target": {"object": "deals", "external_id": "d1"}}

    assert check({"amount": 5}, **update).custom_fields == {}
    assert wrong(custom_fields={"region": None}, **update) == ["custom_fields.region"]


def test_every_wrong_custom_field_is_named(wrong: Callable[..., list[str]]) -> None:
    assert wrong(custom_fields={"size": "Huge", "score": "x"}) == ["custom_fields.size", "custom_fields.score"]


@pytest.mark.parametrize(
    ("owner", "id"), [("7", "7"), ("9", "9"), ("BEN@client.test", "8"), ("U-ADA", "7"), ("newer", "newer")]
)
def test_an_owner_is_named_by_id_by_mail_or_as_chat_user(check: Check, owner: str, id: str) -> None:
    assert check({"owner_id": owner}).fields["owner_id"] == id


@pytest.mark.parametrize("owner", ["nobody@client.test", "gone@client.test", "U-GUEST"])
def test_who_is_no_owner_is_refused(wrong: Callable[..., list[str]], owner: str) -> None:
    assert wrong({"owner_id": owner}) == ["fields.owner_id"]


def test_a_chat_user_who_is_two_owners_is_refused(deps: Deps, wrong: Callable[..., list[str]]) -> None:
    deps.workspaces.map_people("w1", {"ben@client.test": "U-ADA"})

    assert wrong({"owner_id": "U-ADA"}) == ["fields.owner_id"]


def test_what_the_crm_cannot_be_without_is_not_emptied(deps: Deps) -> None:
    must = Field("dealname", "Deal name", Type.TEXT, maps_to="name", required=True)
    deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields={"deals": {must.key: must}}))
    target = {"object": "deals", "external_id": "d1"}
    body = {"type": "update_deal", "connection": "c1", "target": target}

    with pytest.raises(Invalid) as caught:
        check_action(deps, "w1", {**body, "fields": {"name": None, "close_date": None}})

    assert [(each.field, each.message) for each in caught.value.problems] == [("fields.name", "is required in the CRM")]


@pytest.mark.parametrize("given", [5, True, ["a"], {"a": 1}])
def test_a_text_of_the_customers_is_given_as_a_text(wrong: Callable[..., list[str]], given: Any) -> None:
    assert wrong(custom_fields={"region": given}) == ["custom_fields.region"]


def test_what_the_crm_has_no_room_for_is_refused(deps: Deps) -> None:
    name = Field("dealname", "Deal name", Type.TEXT, maps_to="name", length=10)
    region = Field("region", "Region", Type.TEXT, length=3)
    amount = Field("amount", "Amount", Type.MONEY, maps_to="amount", length=3)
    schema = {field.key: field for field in (name, region, amount)}
    deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields={"deals": schema}))

    with pytest.raises(Invalid) as ours:
        check_action(deps, "w1", {**DEAL, "fields": {"name": "x" * 11, "amount": 50000}})
    with pytest.raises(Invalid) as customs:
        check_action(deps, "w1", {**DEAL, "custom_fields": {"region": "EMEA"}})

    assert [(each.field, each.fix) for each in ours.value.problems] == [("fields.name", "at most 10 characters")]
    assert [(each.field, each.fix) for each in customs.value.problems] == [
        ("custom_fields.region", "at most 3 characters")
    ]


def test_another_workspaces_people_name_no_owner(deps: Deps, check: Check) -> None:
    deps.workspaces.map_people("w2", {"ben@client.test": "U-BEN"})

    assert check({"owner_id": "U-BEN"}).fields["owner_id"] == "U-BEN"


def test_a_new_deal_begins_at_the_first_open_stage(check: Check) -> None:
    assert check().fields["stage"] == "s1"


@pytest.mark.parametrize(("pipeline", "stage"), [("sales", "s1"), ("p2", "t1")])
def test_a_new_deal_begins_in_the_pipeline_that_is_given(deps: Deps, check: Check, pipeline: str, stage: str) -> None:
    deps.connections.save_directories("w1", "c1", several_pipelines())

    assert check({"pipeline": pipeline}).fields["stage"] == stage


@pytest.mark.parametrize(("fields", "path"), [({}, "fields.stage"), ({"pipeline": "Moon"}, "fields.pipeline")])
def test_of_several_pipelines_one_must_be_named(
    deps: Deps, wrong: Callable[..., list[str]], fields: Mapping[str, Any], path: str
) -> None:
    deps.connections.save_directories("w1", "c1", several_pipelines())

    assert wrong(fields) == [path]


def several_pipelines() -> Directories:
    return replace(DIRECTORIES, stages={**DIRECTORIES.stages, "t1": Stage("t1", "New", "p2", "Partners")})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"type": "create_task", "fields": {"subject": "x", "priority": "asap"}}, "fields.priority"),
        ({"type": "create_note", "fields": {"body": "x", "subject": "y"}}, "fields.subject"),
        ({"type": "create_note", "fields": {}}, "fields.body"),
        ({"type": "log_call", "fields": {"subject": "x", "type": "meeting"}}, "fields.type"),
        ({"type": "create_company", "fields": {"industry": "x"}}, "fields.name"),
        ({"type": "create_contact", "fields": {"phone": "1"}}, "fields.email"),
        (
            {
                "type": "update_deal",
                "fields": {"name": "x"},
                "target": {"object": "deals", "external_id": "d1"},
                "links": [{"object": "deals", "external_id": "d1"}],
            },
            "links",
        ),
    ],
)
def test_what_this_crm_cannot_take_is_named_before_it_is_promised(
    deps: Deps, body: Mapping[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        check_action(deps, "w1", {"connection": "c1", **body})

    assert [problem.field for problem in caught.value.problems] == [path]


def test_what_a_field_said_is_kept_as_far_as_it_was_read(deps: Deps) -> None:
    target = {"object": "deals", "external_id": "d1"}
    body = {"type": "update_deal", "connection": "c1", "target": target, "fields": {"name": "Bolt", "amount": 5}}

    assert check_action(deps, "w1", body).before == {"name": "Acme"}


def test_a_lifecycle_stage_of_the_customers_own_is_kept_under_its_own_name(
    deps: Deps, put_record: Callable[..., Any]
) -> None:
    put_record("contacts", "p1", Kind.CONTACT, lifecycle_stage="other", lifecycle_raw="8812")
    target = {"object": "contacts", "external_id": "p1"}
    fields = {"lifecycle_stage": "customer"}

    checked = check_action(
        deps, "w1", {"type": "update_contact", "connection": "c1", "target": target, "fields": fields}
    )

    assert checked.before == {"lifecycle_stage": "8812"}


def test_a_link_may_go_to_what_we_keep_no_records_of(check: Check) -> None:
    checked = check(links=[{"object": "tickets", "external_id": "9"}, {"object": "deals", "external_id": "d1"}])

    assert [(link.object, link.external_id) for link in checked.links] == [("tickets", "9"), ("deals", "d1")]


def test_a_link_to_it_takes_the_scope(deps: Deps, wrong: Callable[..., list[str]], check: Check) -> None:
    rewrite_connection(deps, "w1", "c1", lambda stored: replace(stored, scopes=("oauth",)))
    refused = wrong(links=[{"object": "tickets", "external_id": "9"}])
    rewrite_connection(deps, "w1", "c1", lambda stored: replace(stored, scopes=("oauth", "tickets")))

    assert refused == ["links[0]"]
    assert check(links=[{"object": "tickets", "external_id": "9"}]).links


def test_a_link_to_a_record_that_nobody_knows_is_not_found(check: Check) -> None:
    with pytest.raises(NotFound):
        check(links=[{"object": "deals", "external_id": "9"}])
