"""Pipedrive. The door for deliveries loads `webhook` alone, so the whole is loaded when somebody asks for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmbridge.platforms.pipedrive.platform import PIPEDRIVE

__all__ = ["PIPEDRIVE"]


def __getattr__(name: str) -> object:
    if name != "PIPEDRIVE":
        raise AttributeError(name)
    from crmbridge.platforms.pipedrive.platform import PIPEDRIVE

    return PIPEDRIVE
