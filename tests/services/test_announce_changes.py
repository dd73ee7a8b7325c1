"""Changed records told to a chat app that asked for them."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.announce_changes import announce_changes
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.ports import Deps

MOVED = RecordMoved(
    RecordKey("w1", "c1", "deals", "1"),
    Kind.DEAL,
    State.LIVE,
    State.LIVE,
    Cause(Origin.OWN, action="a1", hops=1),
    parts=("core",),
    id="e1",
    fields=("amount", "custom_fields.tier"),
)
ENDPOINT = Endpoint("https://chat.test/events", record_changes=(Kind.DEAL,))


@pytest.fixture(autouse=True)
def asked(deps: Deps) -> None:
    deps.workspaces.set_endpoint("w1", ENDPOINT)


def told(deps: Deps, chat: Any) -> list[dict[str, Any]]:
    """What the chat app heard once everything that was rung for is delivered."""
    for message in deps.queues.chat.take():  # type: ignore[attr-defined] # the memory twin's
        deliver_outbound(deps, message.body["workspace"], message.body["outbound"])
    return [event for _, event in chat.heard]


def whats(deps: Deps, chat: Any) -> list[str]:
    return [change["what"] for event in told(deps, chat) for change in event["data"]["changes"]]


def test_a_change_says_which_fields_of_which_record_and_by_whom(deps: Deps, chat: Any) -> None:
    announce_changes(deps, [MOVED])

    (event,) = told(deps, chat)
    assert event["type"] == "record.changed"
    assert event["data"] == {
        "changes": [
            {
                "connection": "c1",
                "object": "deals",
                "external_id": "1",
                "kind": "deal",
                "what": "updated",
                "fields": ["amount", "custom_fields.tier"],
                "cause": {"origin": "own", "action": "a1", "rule": None},
            }
        ]
    }


@pytest.mark.parametrize(
    ("before", "after", "parts", "what"),
    [
        (None, State.LIVE, ("core",), "created"),
        (State.LIVE, State.LIVE, ("links.contacts",), "linked"),
        (State.DELETED, State.LIVE, ("core",), "restored"),
        (State.LIVE, State.DELETED, ("core",), "deleted"),
        (State.LIVE, State.MERGED, ("core",), "merged"),
        (State.LIVE, State.HIDDEN, (), "hidden"),
    ],
)
def test_what_happened_has_a_name(
    deps: Deps, chat: Any, before: State | None, after: State, parts: tuple[str, ...], what: str
) -> None:
    announce_changes(deps, [replace(MOVED, state_before=before, state=after, parts=parts)])

    assert whats(deps, chat) == [what]


@pytest.mark.parametrize(
    "quiet",
    [
        replace(MOVED, cause=Cause(Origin.BACKFILL)),
        replace(MOVED, parts=()),
        replace(MOVED, state=None),
        replace(MOVED, kind=Kind.CONTACT),
    ],
    ids=["a full run", "nothing new", "its connection went", "a kind nobody asked for"],
)
def test_what_is_no_news_is_not_told(deps: Deps, chat: Any, quiet: RecordMoved) -> None:
    announce_changes(deps, [quiet])

    assert told(deps, chat) == []


@pytest.mark.parametrize("endpoint", [None, Endpoint("https://chat.test/events")], ids=["nowhere", "not asked for"])
def test_a_workspace_that_did_not_ask_hears_nothing(deps: Deps, chat: Any, endpoint: Endpoint | None) -> None:
    if endpoint:
        deps.workspaces.set_endpoint("w2", endpoint)

    announce_changes(deps, [replace(MOVED, key=MOVED.key._replace(workspace="w2"))])

    assert told(deps, chat) == []


def test_many_changes_travel_in_few_events(deps: Deps, chat: Any) -> None:
    announce_changes(deps, [replace(MOVED, id=f"e{number}") for number in range(250)])

    assert [len(event["data"]["changes"]) for event in told(deps, chat)] == [100, 100, 50]


def test_no_event_names_more_fields_than_its_row_has_room_for(deps: Deps, chat: Any) -> None:
    names = tuple(f"custom_fields.{number:0100}" for number in range(100))

    announce_changes(deps, [replace(MOVED, id=f"e{number}", fields=names) for number in range(70)])

    changes = [event["data"]["changes"] for event in told(deps, chat)]
    assert sum(map(len, changes)) == 70
    assert max(len(orjson.dumps(each)) for each in changes) < 400_000


def test_workspaces_hear_of_their_own_records_only(deps: Deps, chat: Any) -> None:
    deps.workspaces.set_endpoint("w2", ENDPOINT)
    other = replace(MOVED, key=RecordKey("w2", "c2", "deals", "9"), id="e2")

    announce_changes(deps, [MOVED, other, replace(MOVED, id="e3")])

    assert [
        [(change["connection"], change["external_id"]) for change in event["data"]["changes"]]
        for event in told(deps, chat)
    ] == [[("c1", "1"), ("c1", "1")], [("c2", "9")]]


def test_changes_that_the_stream_shows_again_are_told_under_the_same_id(deps: Deps, chat: Any) -> None:
    for _ in range(2):
        announce_changes(deps, [MOVED, replace(MOVED, id="e2")])
        told(deps, chat)

    assert len({id for id, _ in chat.heard}) == 1
