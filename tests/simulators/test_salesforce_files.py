"""The whole text of notes, which rows only give the address of."""

import base64
from collections.abc import Callable
from typing import Any

import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
Soql = Callable[..., Any]
PREFIX = "/services/data/v62.0"


def text_of(rest: Rest, sim: Running, address: str) -> bytes:
    return rest(sim, "GET", address.removeprefix(PREFIX)).content


def test_some_seeded_notes_are_longer_than_their_preview(shared_cloud: Running, rest: Rest, soql: Soql) -> None:
    notes = soql(shared_cloud, "SELECT Id, Content, TextPreview, ContentSize FROM ContentNote")["records"]

    long = [note for note in notes if note["ContentSize"] > 1_000]

    assert 0 < len(long) < len(notes)
    whole = text_of(rest, shared_cloud, long[0]["Content"])
    assert len(whole) == long[0]["ContentSize"]
    assert len(long[0]["TextPreview"]) == 255


def test_a_note_is_a_version_of_its_document(cloud: Running, rest: Rest, soql: Soql) -> None:
    body = {"Title": "Terms", "Content": base64.b64encode(b"<p>first</p>").decode()}
    note = rest(cloud, "POST", "/sobjects/ContentNote", json=body).json()["id"]
    changed = {"Content": base64.b64encode(b"<p>second</p>").decode()}
    rest(cloud, "PATCH", f"/sobjects/ContentNote/{note}", json=changed).raise_for_status()

    query = f"SELECT Id, VersionData, IsLatest, VersionNumber FROM ContentVersion WHERE ContentDocumentId = '{note}'"
    versions = soql(cloud, f"{query} ORDER BY VersionNumber")["records"]
    document = rest(cloud, "GET", f"/sobjects/ContentDocument/{note}").json()

    assert [(each["VersionNumber"], each["IsLatest"]) for each in versions] == [("1", False), ("2", True)]
    assert document["LatestPublishedVersionId"] == versions[1]["Id"]
    assert [text_of(rest, cloud, each["VersionData"]) for each in versions] == [b"<p>first</p>", b"<p>second</p>"]


def test_old_notes_keep_their_text_in_the_row(shared_cloud: Running, soql: Soql) -> None:
    notes = soql(shared_cloud, "SELECT Id, Body FROM Note")["records"]

    assert max(len(note["Body"]) for note in notes) > 1_000


def test_an_unknown_version_has_no_data(shared_cloud: Running, rest: Rest) -> None:
    missing = rest(shared_cloud, "GET", "/sobjects/ContentVersion/0685g00000ZZZZZAAA/VersionData")

    assert missing.status_code == 404
