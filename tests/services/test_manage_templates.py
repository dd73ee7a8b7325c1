"""Admins keep a workspace's action templates; what is wrong with one is said when it is saved."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound
from crmbridge.domain.records import Type
from crmbridge.domain.templates import BUILT_IN, ActionTemplate
from crmbridge.services.manage_templates import (
    MAX_TEMPLATES,
    create_template,
    delete_template,
    edit_template,
    list_templates,
    read_template,
)
from crmbridge.services.ports import Deps

QUOTE = {"name": "Send the quote", "type": "create_task", "fields": {"subject": "Quote for {contact_name | them}"}}


@pytest.fixture
def quote(deps: Deps, admin: Caller) -> ActionTemplate:
    return create_template(deps, admin, QUOTE)


@pytest.mark.usefixtures("quote")
def test_everybody_sees_the_workspaces_templates_and_the_built_in_ones(deps: Deps, member: Caller) -> None:
    names = [template.name for template in list_templates(deps, member)]

    assert names == ["Send the quote", *(template.name for template in BUILT_IN.values())]


def test_one_of_their_own_takes_a_built_in_ones_place(deps: Deps, admin: Caller) -> None:
    mine = create_template(deps, admin, {"name": "log CALL", "type": "log_call", "fields": {"body": "{message_text}"}})

    listed = [template for template in list_templates(deps, admin) if template.name.casefold() == "log call"]

    assert listed == [mine]


def test_a_template_can_be_changed_and_deleted(deps: Deps, admin: Caller, quote: ActionTemplate) -> None:
    edited = edit_template(deps, admin, quote.id, {"name": " Send the offer "})
    delete_template(deps, admin, quote.id)

    assert (edited.name, edited.fields) == ("Send the offer", quote.fields)
    with pytest.raises(NotFound):
        read_template(deps, admin, quote.id)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "  "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"type": "delete_deal"}, "type"),
        ({"fields": {"subject": "{contct_name}"}}, r"fields\.subject"),
        ({"connection": "c9"}, "connection"),
    ],
)
def test_what_is_wrong_is_named_when_it_is_saved(
    deps: Deps, admin: Caller, quote: ActionTemplate, changes: Any, path: str
) -> None:
    with pytest.raises(Invalid, match=path):
        create_template(deps, admin, {**QUOTE, "name": "Another", **changes})
    with pytest.raises(Invalid, match=path):
        edit_template(deps, admin, quote.id, changes)


def test_a_connection_that_is_there_may_be_named(
    deps: Deps, admin: Caller, make_connection: Callable[..., Connection]
) -> None:
    make_connection()

    assert create_template(deps, admin, {**QUOTE, "connection": "c1"}).connection == "c1"


TIER = Field("tier", "Tier", Type.OPTION, (Option("g", "Gold"),), custom=True, required=True)
NAME = Field("dealname", "Deal name", Type.TEXT, maps_to="name", length=20)


@pytest.fixture
def schema(deps: Deps, make_connection: Callable[..., Connection]) -> None:
    make_connection()
    fields = {"deals": {TIER.key: TIER, NAME.key: NAME}}
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), fields=fields))


@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize("type", ["create_deal", "update_deal"])
@pytest.mark.parametrize("custom", [{"nope": "x"}, {"nope": "{me}"}, {"tier": "Silver"}])
def test_a_template_of_one_connection_is_held_to_its_crms_own_fields(
    deps: Deps, admin: Caller, type: str, custom: Any
) -> None:
    with pytest.raises(Invalid, match="custom_fields"):
        create_template(deps, admin, {"name": "T", "type": type, "connection": "c1", "custom_fields": custom})


@pytest.mark.usefixtures("schema")
def test_what_has_no_room_in_the_crm_is_named_when_a_template_is_saved(deps: Deps, admin: Caller) -> None:
    body = {"name": "T", "type": "create_deal", "connection": "c1"}

    with pytest.raises(Invalid, match=r"fields\.name"):
        create_template(deps, admin, {**body, "fields": {"name": "x" * 21}})
    create_template(deps, admin, {**body, "fields": {"name": "{record_name | a deal of ours}"}})


@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize("custom", [{}, {"tier": "Gold"}, {"tier": "{me}"}])
def test_what_a_template_leaves_to_the_person_is_seen_when_it_is_used(
    deps: Deps, admin: Caller, custom: dict[str, str]
) -> None:
    made = create_template(
        deps, admin, {"name": "T", "type": "create_deal", "connection": "c1", "custom_fields": custom}
    )

    assert made.custom_fields == custom


def test_a_name_is_taken_once(deps: Deps, admin: Caller, quote: ActionTemplate) -> None:
    other = create_template(deps, admin, {**QUOTE, "name": "Other"})

    with pytest.raises(Clash, match="already"):
        create_template(deps, admin, {**QUOTE, "name": "SEND the quote"})
    with pytest.raises(Clash, match="already"):
        edit_template(deps, admin, other.id, {"name": quote.name})
    assert edit_template(deps, admin, quote.id, {"name": quote.name}).name == quote.name


def test_a_built_in_template_stays_as_it_is(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Clash, match="built-in"):
        edit_template(deps, admin, "log-call", {"name": "Mine"})
    with pytest.raises(Clash, match="built-in"):
        delete_template(deps, admin, "log-call")


def test_there_are_so_many_and_no_more(deps: Deps, admin: Caller) -> None:
    for number in range(MAX_TEMPLATES):
        create_template(deps, admin, {"name": f"t{number}", "type": "create_task"})

    with pytest.raises(Clash, match=str(MAX_TEMPLATES)):
        create_template(deps, admin, QUOTE)


def test_another_workspaces_template_is_not_there(deps: Deps, quote: ActionTemplate) -> None:
    stranger = Caller("w2", "u9", "admin")

    for look in (
        lambda: read_template(deps, stranger, quote.id),
        lambda: edit_template(deps, stranger, quote.id, {"name": "Mine"}),
        lambda: delete_template(deps, stranger, quote.id),
    ):
        with pytest.raises(NotFound):
            look()


def test_members_keep_none(deps: Deps, member: Caller, quote: ActionTemplate) -> None:
    for refused in (
        lambda: create_template(deps, member, QUOTE),
        lambda: edit_template(deps, member, quote.id, {"name": "Mine"}),
        lambda: delete_template(deps, member, quote.id),
    ):
        with pytest.raises(Forbidden):
            refused()
