"""Salesforce: REST and Bulk 2.0 of one app in several orgs, OAuth, SOQL, limits and outbound messages."""

from local.simulators.salesforce.cloud import Cloud
from local.simulators.salesforce.options import Options

build = Cloud

__all__ = ["Options", "build"]
