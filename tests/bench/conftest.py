"""The measurements at a size at which they measure nothing, but do everything."""

import sys
from pathlib import Path

import pytest

from bench.measures import Plan
from bench.processes import Lab


@pytest.fixture
def lab() -> Lab:
    """Return this very environment, which lacks dlt and the X-Ray SDK: those live in that of `make bench`."""
    return Lab(Path(sys.executable))


@pytest.fixture
def tiny() -> Plan:
    return Plan(size=350, paced_size=210, pairs=1, cold_pairs=1, posts=2, delay=0.001, limit=1_000, with_dlt=False)
