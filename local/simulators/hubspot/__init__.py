"""HubSpot: objects, search, associations, OAuth, limits and webhooks of one app in several portals."""

from local.simulators.hubspot.hub import Hub
from local.simulators.hubspot.options import Options

build = Hub

__all__ = ["Options", "build"]
