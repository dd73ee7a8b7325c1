"""A chat app: channels, people, the endpoint that CRM Bridge tells things to, and the issuer of its users' tokens."""

from local.simulators.chat.app import ChatApp
from local.simulators.chat.options import Options

build = ChatApp

__all__ = ["Options", "build"]
