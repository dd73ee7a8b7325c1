"""Stand-ins for the CRMs and the chat app: real HTTP on loopback, seeded, stateful, able to misbehave on request."""

from local.simulators.server import Running, running

__all__ = ["Running", "running"]
