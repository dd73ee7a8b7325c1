"""Which reading wins: hand-written histories, each a way to lose a change or to bring back what is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.merging import CORE, NOTHING, UNSEEN, Head, Sighting, Verdict, judge, links_part
from crmbridge.domain.records import Kind, Link, State

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LIVE = Sighting(
    object="deals", external_id="1", kind=Kind.DEAL, raw={}, fingerprint="a", remote_updated_at=NOON - timedelta(days=1)
)
GONE = Sighting(object="deals", external_id="1", kind=Kind.DEAL, state=State.ARCHIVED)
ADA, BEN = Link("contacts", "ada"), Link("contacts", "ben")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stored(head: Head, seen: Sighting, verdict: Verdict) -> Head:
    """What the store knows after the verdict was written."""
    marks = {**head.marks, **{part.name: part.mark for part in verdict.parts}}
    links = {**head.links, **{name: ends for name, ends in seen.links.items() if links_part(name) in marks}}
    return Head(marks, seen.state if verdict.writes_core else head.state, links)


def after(*readings: tuple[Sighting, float]) -> Head:
    head = UNSEEN
    for seen, seconds in readings:
        head = stored(head, seen, judge(head, seen, at(seconds)))
    return head


def test_a_record_seen_for_the_first_time_is_written_with_all_its_links() -> None:
    verdict = judge(UNSEEN, LIVE._replace(links={"contacts": (ADA, BEN)}), at(0))

    assert [part.name for part in verdict.parts] == [CORE, "links.contacts"]
    assert verdict.joined == (ADA, BEN)


def test_what_is_stored_already_is_not_written_again() -> None:
    assert judge(after((LIVE, 0)), LIVE, at(60)) is NOTHING


def test_a_later_date_wins_even_when_it_was_read_earlier() -> None:
    newer = LIVE._replace(fingerprint="b", remote_updated_at=NOON)

    assert judge(after((LIVE, 10)), newer, at(5)).writes_core


def test_an_earlier_date_loses_even_when_it_was_read_later() -> None:
    newer = LIVE._replace(fingerprint="b", remote_updated_at=NOON)

    assert not judge(after((newer, 0)), LIVE, at(5)).parts


def test_a_date_from_the_future_does_not_block_the_truth_for_ever() -> None:
    head = after((LIVE._replace(fingerprint="b", remote_updated_at=NOON + timedelta(days=9999)), 0))

    assert not judge(head, LIVE, at(599)).parts
    assert judge(head, LIVE, at(601)).writes_core


def test_a_slow_page_does_not_bring_back_what_was_deleted_while_it_was_read() -> None:
    unread_update = LIVE._replace(fingerprint="b", remote_updated_at=at(-5))

    assert not judge(after((LIVE, -60), (GONE, 10)), unread_update, at(0)).parts


def test_a_tombstone_is_kept_for_a_record_that_was_never_stored() -> None:
    head = after((GONE, 10))

    assert head.state is State.ARCHIVED
    assert not judge(head, LIVE, at(0)).parts


def test_a_404_for_a_record_that_was_never_stored_does_not_keep_it_out() -> None:
    """It may be so new that the CRM's own reads do not show it yet, and a search shows it with an earlier date."""
    head = after((GONE._replace(state=State.HIDDEN), 10))

    assert judge(head, LIVE, at(100), indexed=True).writes_core


def test_a_restored_record_lives_again_though_its_date_did_not_move() -> None:
    deleted = GONE._replace(remote_updated_at=at(10))

    assert judge(after((LIVE, 0), (deleted, 20)), LIVE, at(30)).writes_core


def test_a_404_tells_less_than_the_deletion_we_know_of() -> None:
    assert not judge(after((LIVE, 0), (GONE, 10)), GONE._replace(state=State.HIDDEN), at(20)).parts


def test_a_404_hides_a_record_until_the_crm_says_deleted() -> None:
    hidden = GONE._replace(state=State.HIDDEN)

    assert after((LIVE, 0), (hidden, 10)).state is State.HIDDEN
    assert after((LIVE, 0), (hidden, 10), (GONE, 20)).state is State.ARCHIVED


@pytest.mark.parametrize("state", [State.ARCHIVED, State.DELETED, State.HIDDEN])
def test_a_merged_record_stays_merged_whatever_its_old_id_answers(state: State) -> None:
    merged = GONE._replace(state=State.MERGED, successor_id="2")

    assert after((LIVE, 0), (merged, 10), (GONE._replace(state=state), 20)).state is State.MERGED


def test_a_successor_that_was_merged_itself_is_followed() -> None:
    merged = GONE._replace(state=State.MERGED, successor_id="2")

    assert judge(after((merged, 10)), merged._replace(successor_id="3"), at(20)).writes_core


def test_the_links_of_a_slow_page_lose_to_a_quick_reading_and_its_fields_win() -> None:
    head = after((LIVE._replace(links={"contacts": (ADA, BEN)}), 0), (LIVE._replace(links={"contacts": (ADA,)}), 20))
    slow = LIVE._replace(fingerprint="b", remote_updated_at=at(5), links={"contacts": (ADA, BEN)})

    verdict = judge(head, slow, at(10))

    assert [part.name for part in verdict.parts] == [CORE]
    assert verdict.joined == ()


def test_links_that_were_not_read_are_left_as_they_are() -> None:
    head = after((LIVE._replace(links={"contacts": (ADA,)}), 0))

    assert judge(head, LIVE._replace(fingerprint="b", remote_updated_at=NOON), at(10)).left == ()


def test_links_that_were_read_in_part_are_kept_where_nothing_is_known() -> None:
    some = LIVE._replace(links={"contacts": (ADA,)}, in_part=frozenset({"contacts"}))

    assert judge(UNSEEN, some, at(0)).joined == (ADA,)


def test_links_that_were_read_in_part_never_cut_what_was_read_whole() -> None:
    some = LIVE._replace(links={"contacts": (ADA,)}, in_part=frozenset({"contacts"}))
    head = after((LIVE._replace(links={"contacts": (ADA, BEN)}), 0))

    assert judge(head, some, at(60)) is NOTHING


def test_links_that_were_read_and_are_empty_are_cut() -> None:
    head = after((LIVE._replace(links={"contacts": (ADA,)}), 0))

    assert judge(head, LIVE._replace(links={"contacts": ()}), at(10)).left == (ADA,)


def test_a_link_put_back_is_not_cut_by_a_reading_of_the_time_between() -> None:
    linked, cut = LIVE._replace(links={"contacts": (ADA,)}), LIVE._replace(links={"contacts": ()})
    head = after((linked, 0))

    proof = judge(head, linked, at(30), hinted=True)
    head = stored(head, linked, proof)

    assert not proof.is_news
    assert not judge(head, cut, at(20), hinted=True).parts


def test_an_index_that_still_shows_a_deleted_record_does_not_bring_it_back() -> None:
    lagging = LIVE._replace(fingerprint="b", remote_updated_at=at(5))

    assert not judge(after((LIVE, 0), (GONE, 10)), lagging, at(70), indexed=True).parts


def test_an_index_shows_that_a_record_changed_long_after_its_deletion_lives_again() -> None:
    changed = LIVE._replace(fingerprint="b", remote_updated_at=at(100))

    assert judge(after((LIVE, 0), (GONE, 10)), changed, at(200), indexed=True).writes_core


def test_a_deletion_read_before_a_lagging_index_was_asked_still_counts() -> None:
    head = stored(UNSEEN, LIVE, judge(UNSEEN, LIVE, at(70), indexed=True))

    assert judge(head, GONE, at(60)).writes_core


def test_an_index_of_the_same_date_does_not_undo_what_was_read_from_the_record() -> None:
    assert not judge(
        after((LIVE, 0)), LIVE._replace(fingerprint="calculated a moment earlier"), at(9), indexed=True
    ).parts


def test_fields_derived_from_links_follow_links_that_came_with_an_index_of_the_same_date() -> None:
    head = after((LIVE._replace(links={"contacts": (ADA,)}), 0))
    relinked = LIVE._replace(fingerprint="derived from ben", links={"contacts": (BEN,)})

    assert [part.name for part in judge(head, relinked, at(9), indexed=True).parts] == [CORE, "links.contacts"]
