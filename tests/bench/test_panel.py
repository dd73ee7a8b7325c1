"""Waiting times are told by the slowest that people meet; the trips themselves are journeys."""

from bench.panel import reached


def test_the_slow_ones_count_and_not_the_slowest_of_all() -> None:
    seconds = [0.1] * 94 + [1.0] * 5 + [9.0]

    finding = reached("edit", seconds, 95, 2.0)

    assert (finding.ours, finding.theirs, finding.verdict) == (1000.0, 2000.0, "met")
    assert (finding.pairs, finding.notes) == (100, ("median 100 ms",))
