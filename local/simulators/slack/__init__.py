"""A stand-in for Slack: the Web API of a few teams, and the people in them."""

from local.simulators.slack.options import Options
from local.simulators.slack.workplace import Workplace

build = Workplace

__all__ = ["Options", "build"]
