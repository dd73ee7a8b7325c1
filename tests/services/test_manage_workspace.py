"""Keys, people and the chat app's endpoint of a workspace."""

from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.domain.records import Kind
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.identify_caller import identify_caller
from crmbridge.services.manage_endpoint import (
    read_endpoint,
    read_signing_secret,
    rotate_signing_secret,
    set_endpoint,
    try_endpoint,
)
from crmbridge.services.manage_keys import create_key, delete_key, list_keys
from crmbridge.services.manage_people import list_people, map_people
from crmbridge.services.ports import Deps

STRANGER = Caller("w2", "u9", "admin")


def test_a_new_key_opens_the_door_of_its_workspace(deps: Deps, admin: Caller) -> None:
    made = create_key(deps, admin, name="ci", role="member", user="bot")

    found = identify_caller(deps, f"Bearer {made.text}", issuer="https://i.test", audience="a")

    assert found.caller == Caller("w1", "bot", "member")


def test_a_keys_secret_is_kept_nowhere(deps: Deps, admin: Caller) -> None:
    made = create_key(deps, admin, name="ci")
    secret = made.text.rpartition("_")[2]

    (kept,) = list_keys(deps, admin)

    assert secret not in repr(kept)
    assert secret not in repr(made)
    assert (kept.name, kept.role, kept.user) == ("ci", "member", "u1")


def test_a_deleted_key_is_gone_and_a_foreign_one_is_unknown(deps: Deps, admin: Caller) -> None:
    made = create_key(deps, admin, name="ci")

    with pytest.raises(NotFound):
        delete_key(deps, STRANGER, made.key.id)
    delete_key(deps, admin, made.key.id)

    assert list_keys(deps, admin) == []


@pytest.mark.parametrize(("name", "role", "field"), [(" ", "member", "name"), ("ci", "owner", "role")])
def test_a_key_needs_a_name_and_a_role(deps: Deps, admin: Caller, name: str, role: str, field: str) -> None:
    with pytest.raises(Invalid, match=field):
        create_key(deps, admin, name=name, role=role)


def test_people_are_mapped_and_forgotten_whatever_the_spelling(deps: Deps, admin: Caller) -> None:
    map_people(deps, admin, {"Mara@Lindqvist.test": "u7", "jo@x.test": "u8"})
    map_people(deps, admin, {" JO@x.test ": None})

    assert list_people(deps, admin) == {"mara@lindqvist.test": "u7"}
    assert list_people(deps, STRANGER) == {}


@pytest.mark.parametrize("users", [{"nobody": "u1"}, {"a@b c": "u1"}, {"a@b.test": ""}, {"a@b.test": "x" * 201}])
def test_a_wrong_person_is_named_and_nobody_is_mapped(deps: Deps, admin: Caller, users: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="people"):
        map_people(deps, admin, {"fine@x.test": "u1", **users})

    assert list_people(deps, admin) == {}


def test_too_many_people_at_once_are_refused(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid, match="too many"):
        map_people(deps, admin, {f"p{number}@x.test": "u" for number in range(1001)})


@pytest.mark.parametrize("url", ["https://chat.test/events", "http://127.0.0.1:8080/events", "http://localhost/e"])
def test_an_endpoint_is_told_where_the_chat_app_listens(deps: Deps, admin: Caller, url: str) -> None:
    set_endpoint(deps, admin, url=url)

    assert read_endpoint(deps, admin) == Endpoint(url)
    assert read_endpoint(deps, STRANGER) is None


@pytest.mark.parametrize(
    "url", ["", "chat.test", "http://chat.test/", "ftp://chat.test/", "https://", "https://[", "https://a:b@chat.test/"]
)
def test_an_endpoint_that_is_none_or_is_not_safe_is_refused(deps: Deps, admin: Caller, url: str) -> None:
    with pytest.raises(Invalid, match="url"):
        set_endpoint(deps, admin, url=url)


def test_an_endpoint_asks_for_changes_of_each_kind_once(deps: Deps, admin: Caller) -> None:
    set_endpoint(deps, admin, url="https://chat.test/", record_changes=[Kind.DEAL, Kind.TASK, Kind.DEAL])

    assert read_endpoint(deps, admin) == Endpoint("https://chat.test/", record_changes=(Kind.DEAL, Kind.TASK))


def test_a_signing_secret_is_made_when_it_is_asked_for_first(deps: Deps, admin: Caller) -> None:
    assert read_signing_secret(deps, admin).startswith("whsec_")
    assert read_signing_secret(deps, admin) == read_signing_secret(deps, admin)


def test_a_rotated_secret_is_the_one_to_read(deps: Deps, admin: Caller) -> None:
    old = read_signing_secret(deps, admin)

    new = rotate_signing_secret(deps, admin)

    assert read_signing_secret(deps, admin) == new != old
    assert deps.vault.signing_secrets("w1", deps.now()) == (new, old)


@pytest.mark.parametrize("hours", [-1, 169])
def test_a_grace_is_up_to_a_week(deps: Deps, admin: Caller, hours: int) -> None:
    with pytest.raises(Invalid, match="grace_hours"):
        rotate_signing_secret(deps, admin, grace_hours=hours)


def test_trying_an_endpoint_says_what_is_wrong(deps: Deps, admin: Caller, chat: Any) -> None:
    without = try_endpoint(deps, admin)
    set_endpoint(deps, admin, url="https://chat.test/events")

    with_one = try_endpoint(deps, admin)

    assert "an admin sets it" in without
    assert with_one == ""
    assert [event["type"] for _, event in chat.heard] == ["endpoint.test"]


def test_only_admins_manage_a_workspace(deps: Deps, member: Caller) -> None:
    for refused in (
        lambda: create_key(deps, member, name="x"),
        lambda: list_keys(deps, member),
        lambda: delete_key(deps, member, "k"),
        lambda: list_people(deps, member),
        lambda: map_people(deps, member, {}),
        lambda: set_endpoint(deps, member, url="https://chat.test/"),
        lambda: read_endpoint(deps, member),
        lambda: read_signing_secret(deps, member),
        lambda: rotate_signing_secret(deps, member),
        lambda: try_endpoint(deps, member),
    ):
        with pytest.raises(Forbidden):
            refused()
