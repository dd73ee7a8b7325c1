"""What a stream image tells."""

from dataclasses import replace

from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.records import Kind, RecordKey, State

TOUCHED = RecordMoved(
    RecordKey("w1", "c1", "deals", "1"), Kind.DEAL, State.LIVE, State.LIVE, Cause(Origin.WEBHOOK), parts=()
)


def test_a_record_whose_proof_alone_is_newer_is_no_news() -> None:
    assert not TOUCHED.is_news


def test_a_changed_part_is_news() -> None:
    assert replace(TOUCHED, parts=("links.contacts",)).is_news


def test_a_changed_state_is_news() -> None:
    assert replace(TOUCHED, state=State.ARCHIVED).is_news
    assert replace(TOUCHED, state_before=None).is_news
