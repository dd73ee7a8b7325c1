"""Each measurement runs, and what it compares did the same work. Nothing is said here of how fast."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import PYTHON, parser
from bench.comparing import Finding, must_agree, paired
from bench.measures import (
    Plan,
    all_rules,
    full_sync,
    full_sync_by_links,
    paced_sync,
    webhook_cold_start,
    webhook_post,
)
from bench.processes import Lab
from bench.rules import changed_record

PEERS = pytest.mark.skipif(not PYTHON.exists(), reason="`make bench` installs the peers")


@pytest.mark.slow
def test_both_sides_of_a_sync_end_with_the_same_records(lab: Lab, tiny: Plan) -> None:
    first, again = full_sync(lab, tiny)

    assert first.detail["ours"][0]["records"] == first.detail["theirs"][0]["records"]
    assert first.detail["ours"][0]["records"]["count"] == tiny.size
    assert again.notes == ("0 writes of records",)


@pytest.mark.slow
def test_a_paced_sync_tells_what_was_asked_and_refused(lab: Lab, tiny: Plan) -> None:
    as_declared, smaller_reserve = paced_sync(lab, tiny)

    assert as_declared.detail["ours"][0]["records"]["count"] == tiny.paced_size
    assert [finding.notes[1] for finding in (as_declared, smaller_reserve)] == ["0 answers of 429"] * 2


@PEERS
@pytest.mark.slow
def test_dlt_ends_with_the_same_records(tiny: Plan) -> None:
    unlinked, linked = full_sync_by_links(Lab(PYTHON), replace(tiny, with_dlt=True))

    assert unlinked.detail["theirs"][0]["records"]["count"] == tiny.size
    assert linked.detail["theirs"][0]["records"]["count"] == tiny.size


@PEERS
@pytest.mark.slow
def test_both_doors_accept_the_same_delivery(tiny: Plan) -> None:
    (finding,) = webhook_post(Lab(PYTHON), tiny)

    assert [run[0]["status"] for run in finding.detail.values()] == [200, 200]


@PEERS
@pytest.mark.slow
def test_both_doors_start_cold_and_accept(tiny: Plan) -> None:
    (finding,) = webhook_cold_start(Lab(PYTHON), tiny)

    assert [run[0]["status"] for run in finding.detail.values()] == [200, 200]


@PEERS
@pytest.mark.slow
def test_every_engine_for_rules_says_the_same(tiny: Plan) -> None:
    findings = list(all_rules(Lab(PYTHON), replace(tiny, rule_records=60, rule_groups=40)))

    assert [finding.against for finding in findings] == ["DuckDB", "polars", "the obvious code", "rule-engine"]
    assert len({run["true"] for finding in findings for run in finding.detail["theirs"]}) == 1


def test_all_rules_at_once_and_one_by_one_match_the_same_groups() -> None:
    few, many, growth = changed_record(1, sizes=(3, 30))

    assert [finding.against for finding in (few, many, growth)] == ["the obvious code", "the obvious code", "3 groups"]
    assert growth.ours == many.ours


def test_pairs_are_compared_one_by_one() -> None:
    assert paired([1.0, 10.0, 3.0], [2.0, 10.0, 1.0]) == 1.0


def test_sides_that_did_other_work_are_not_compared() -> None:
    one, other = ({"records": {"count": 1, "digest": digest}} for digest in "ab")

    with pytest.raises(RuntimeError, match="different records"):
        must_agree({"ours": [one], "theirs": [other]})


@pytest.mark.parametrize(("ratio", "verdict"), [(0.3, "met"), (0.4, "NOT MET")])
def test_a_budget_is_met_or_not(ratio: float, verdict: str) -> None:
    finding = Finding(
        what="sync", against="dlt", ratio=ratio, budget=0.35, ours=1.0, theirs=2.0, unit="s", pairs=1
    )  # fmt: skip

    assert finding.verdict == verdict


@pytest.mark.parametrize("asked", [[], ["cold", "webhook"]])
def test_all_are_measured_unless_some_are_named(asked: list[str]) -> None:
    assert parser().parse_args(asked).measures == asked


def test_a_measure_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["speed"])

    assert "none of sync, links" in capsys.readouterr().err


def test_a_side_that_fails_says_why(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="FileNotFoundError"):
        lab.run("bench.peers.bare_cold", tmp_path / "missing.json")
