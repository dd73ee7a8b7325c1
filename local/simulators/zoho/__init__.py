"""Zoho CRM: records, COQL, bulk read, OAuth over data centres, credits and notifications of one app."""

from local.simulators.zoho.options import Options
from local.simulators.zoho.suite import Suite

build = Suite

__all__ = ["Options", "build"]
