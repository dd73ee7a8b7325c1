"""Pipedrive: v2 records, what is left of v1, OAuth, token costs and webhooks with bans, in several companies."""

from local.simulators.pipedrive.drive import Drive
from local.simulators.pipedrive.options import Options

build = Drive

__all__ = ["Options", "build"]
