"""What the images of a stream say has moved. Items are written by the real repository, then shown as AWS shows them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from zlib import compress

import pytest
from crmbridge.domain.changes import Cause, MemberMoved, Origin, RecordMoved, Unlinked
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.entry.streams import moves
from crmbridge.storage.codec import to_json

DEAL: dict[str, Any] = {
    "pk": "acme#c1#07",
    "sk": "deals#42",
    "kind": "deal",
    "state": "live",
    "cause": to_json(Cause(Origin.WEBHOOK)),
    "core": "{}",
    "core:ord": "1",
    "core:fp": "a",
    "links.contacts:ord": "1",
    "links.contacts:fp": "x",
}


def typed(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: dict([attribute(each)]) for name, each in item.items()}


def attribute(value: Any) -> tuple[str, str]:
    if isinstance(value, bytes):
        return "B", b64encode(value).decode()
    return ("N", str(value)) if isinstance(value, int) else ("S", value)


def event(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = new or old or {}
    change: dict[str, Any] = {"Keys": typed({"pk": shown["pk"], "sk": shown["sk"]})}
    change |= {"OldImage": typed(old)} if old else {}
    change |= {"NewImage": typed(new)} if new else {}
    return {"Records": [{"dynamodb": change, "eventSource": "aws:dynamodb"}]}


def only(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> RecordMoved:
    (moved,) = moves(event(old, new))
    assert isinstance(moved, RecordMoved)
    return moved


def test_a_new_record_moved_in_all_its_parts() -> None:
    moved = only(None, DEAL)

    assert moved.key == RecordKey("acme", "c1", "deals", "42")
    assert (moved.kind, moved.state_before, moved.state) == (Kind.DEAL, None, State.LIVE)
    assert (moved.parts, moved.cause.origin) == (("core", "links.contacts"), Origin.WEBHOOK)


def test_a_changed_record_moved_in_the_parts_that_changed() -> None:
    moved = only(DEAL, {**DEAL, "links.contacts:fp": "y", "core:ord": "2"})

    assert (moved.parts, moved.is_news) == (("links.contacts",), True)


def test_a_changed_record_names_the_fields_that_changed() -> None:
    old = {**DEAL, "core": '{"fields": {"name": "A", "amount": "1"}, "custom_fields": {"tier": "x", "blank": null}}'}
    new = {**DEAL, "core": '{"fields": {"name": "A", "amount": "2"}, "custom_fields": {"tier": "y"}}', "core:fp": "b"}

    assert only(old, new).fields == ("amount", "custom_fields.tier")


def test_a_long_content_is_unpacked_to_see_what_changed() -> None:
    old = {**DEAL, "core": compress(b'{"fields": {"name": "A"}}')}
    new = {**DEAL, "core": '{"fields": {"name": "B"}}', "core:fp": "b"}

    assert only(old, new).fields == ("name",)


def test_what_a_full_run_changed_is_not_looked_into() -> None:
    changed = {**DEAL, "core": '{"fields": {"name": "A"}}', "cause": to_json(Cause(Origin.BACKFILL))}

    assert only(DEAL, changed).fields == ()


def test_a_change_has_the_streams_own_id() -> None:
    shown = event(None, DEAL)
    shown["Records"][0]["eventID"] = "e1"

    (moved,) = moves(shown)

    assert isinstance(moved, RecordMoved)
    assert moved.id == "e1"


def test_a_rewrite_that_says_nothing_new_is_no_news() -> None:
    assert not only(DEAL, {**DEAL, "core:ord": "2"}).is_news


def test_a_tombstone_moved_in_its_state() -> None:
    moved = only(DEAL, {**DEAL, "state": "deleted"})

    assert (moved.state_before, moved.state, moved.is_news) == (State.LIVE, State.DELETED, True)


def test_what_a_record_links_to_no_more_is_news() -> None:
    old = {**DEAL, "links.contacts": '["7", "8"]'}

    _, *gone = moves(event(old, {**DEAL, "links.contacts": '["8"]'}))

    assert gone == [Unlinked(RecordKey("acme", "c1", "contacts", "7"))]


def test_all_links_of_a_forgotten_record_are_gone() -> None:
    _, *gone = moves(event({**DEAL, "links.contacts": '["7"]'}, None))

    assert gone == [Unlinked(RecordKey("acme", "c1", "contacts", "7"))]


def test_a_link_that_was_an_item_of_its_own_is_gone() -> None:
    edge = {"pk": "acme#c1#07", "sk": "deals#42>contacts#7", "ord": "1"}

    assert list(moves(event(edge, None))) == [Unlinked(RecordKey("acme", "c1", "contacts", "7"))]


def test_a_forgotten_record_has_no_state() -> None:
    assert only(DEAL, None).state is None


def test_an_id_with_signs_of_ours_is_read_back() -> None:
    assert only(None, {**DEAL, "sk": "deals#4%232"}).key.external_id == "4#2"


@pytest.mark.parametrize("sk", ["contacts#7<deals#42", "deals#42>contacts#7"])
def test_an_edge_is_nobodys_news(sk: str) -> None:
    assert list(moves(event(None, {"pk": "acme#c1#07", "sk": sk, "ord": "1"}))) == []


MEMBER: dict[str, Any] = {"pk": "acme#g#g1", "sk": "member#ada@acme.example", "dirty": 1, "wanted": "out"}


def test_a_touched_member_moved() -> None:
    first = list(moves(event(None, MEMBER)))
    again = list(moves(event(MEMBER, {**MEMBER, "dirty": 2})))

    assert first == again == [MemberMoved("acme", "g1", "ada@acme.example")]


def test_a_member_that_was_decided_or_delivered_is_no_news() -> None:
    assert list(moves(event(MEMBER, {**MEMBER, "wanted": "in", "delivered": 3}))) == []


def test_a_forgotten_member_is_no_news() -> None:
    assert list(moves(event(MEMBER, None))) == []


def test_supports_and_history_are_nobodys_news() -> None:
    assert list(moves(event(None, {**MEMBER, "sk": "support#ada#c1#deals#42"}))) == []
