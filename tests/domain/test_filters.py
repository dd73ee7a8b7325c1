"""Filters that this version of ours cannot read leave nothing out."""

from crmbridge.domain.connections import Settings
from crmbridge.domain.filters import filters_of
from crmbridge.domain.records import Kind

ADA = {"field": "last_name", "operator": "eq", "value": "Ada"}


def test_kinds_and_rules_of_a_newer_version_are_passed_over() -> None:
    settings = Settings(filters={"contact": ADA, "ticket": ADA, "deal": {"operator": "PERHAPS"}})

    assert set(filters_of(settings)) == {Kind.CONTACT}
