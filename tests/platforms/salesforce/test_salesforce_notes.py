"""Notes are kept whole, at one call for each that is long and news."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from crmbridge.domain.records import Kind
from crmbridge.domain.runs import RunType
from crmbridge.platforms.salesforce.notes import text_of
from crmbridge.platforms.salesforce.reading import read
from crmbridge.platforms.salesforce.sightings import fingerprint, sightings
from hypothesis import given
from hypothesis import strategies as st

from tests.crm_house import House, a_house

LONG = {"Id": "0695g00000000001AA", "TextPreview": "x" * 255, "ContentSize": 900}
SHORT = {"Id": "0695g00000000002AA", "TextPreview": "Call back", "ContentSize": 16}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Return an org with notes, some of them long, synced."""
    with a_house("salesforce", contacts=20, companies=5, deals=5, leads=0, tasks=0, activities=60) as made:
        made.connect()
        made.work()
        yield made


def bodies(house: House) -> dict[str, str]:
    return {id: str(one.record.get("body")) for id, one in house.stored("ContentNote").items()}


def squeezed(text: str) -> str:
    return "".join(text.split())


def texts_asked(house: House) -> int:
    return sum(number for route, number in house.sim.requests(summary=1)["by_route"].items() if "/Content" in route)


def long_ones(house: House) -> list[str]:
    return [id for id, body in bodies(house).items() if len(body) > 255]


def test_a_long_note_is_stored_to_its_end(house: House) -> None:
    truth = {one["Id"]: one for one in house.sim.state(object="ContentNote")["live"]}

    assert long_ones(house)
    for id, body in bodies(house).items():
        html = b64decode(truth[id]["Content"]).decode()
        assert squeezed(body).startswith(squeezed(truth[id]["TextPreview"]))
        assert squeezed(body)[-5:] in squeezed(html.replace("&amp;", "&"))
    assert all(not one.record.odd for one in house.stored("ContentNote").values())


def test_notes_that_are_stored_cost_no_call_of_their_own(house: House) -> None:
    house.sim.forget_requests()

    house.sync(RunType.FULL)

    assert texts_asked(house) == 0


def test_a_note_that_changes_costs_one_and_is_whole_again(house: House) -> None:
    id = long_ones(house)[0]
    words = " ".join(f"word{number}" for number in range(100))
    content = b64encode(f"<p>{words}</p>".encode()).decode()
    house.sim.mutate({"op": "update", "object": "ContentNote", "ids": [id], "fields": {"Content": content}})
    house.sim.advance(3600)
    house.sim.forget_requests()

    house.sync(RunType.INCREMENTAL)

    assert bodies(house)[id] == words
    assert texts_asked(house) == 1


def test_the_text_of_a_short_note_is_not_asked_for(told: Callable[..., Any]) -> None:
    api, sent = told({"records": []})

    (seen,) = sightings(api, "ContentNote", [SHORT], "v")

    assert seen.whole is None
    assert len(sent.sent) == 1


@pytest.mark.parametrize(
    ("size", "answers"),
    [(900, [(404, {}, b"[]")]), (900, [(403, {}, b'[{"errorCode":"INSUFFICIENT_ACCESS"}]')]),
     (900, [(200, {}, b"\xff\xfe\x00")]), (2_000_000, [])],
)  # fmt: skip
def test_a_text_that_cannot_be_had_leaves_the_beginning_and_a_mark(
    told: Callable[..., Any], size: int, answers: list[Any]
) -> None:
    api, _ = told({"records": []}, *answers)
    (seen,) = sightings(api, "ContentNote", [{**LONG, "ContentSize": size}], "v")
    assert seen.whole

    note = read(Kind.ACTIVITY, seen.whole(), object="ContentNote")

    assert (note.get("body"), note.odd) == ("x" * 255, frozenset({"body"}))
    assert "Content" not in note.custom_fields


def test_a_note_that_we_kept_cut_is_read_again_once() -> None:
    """What an earlier version stored has another fingerprint."""
    assert fingerprint("ContentNote", LONG, "v", {}) != fingerprint("Contact", LONG, "v", {})
    assert fingerprint("ContentNote", SHORT, "v", {}) == fingerprint("Contact", SHORT, "v", {})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two &amp; three<br>four</p>", "One\ntwo & three\nfour"),
        ("<ul><li>a</li><li>b  c</li></ul>", "a\nb c"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_markup_becomes_lines(html: str, text: str) -> None:
    assert text_of(html) == text


@given(st.text())
def test_any_text_can_be_read(html: str) -> None:
    text_of(html)


def test_the_context_of_a_note_is_none_of_its_fields() -> None:
    note = read(Kind.ACTIVITY, {**LONG, "Content": "whole"}, object="ContentNote")

    assert note.get("body") == "whole"
    assert note.custom_fields == {"ContentSize": 900}
