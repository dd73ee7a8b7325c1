"""HubSpot. The door for deliveries loads `webhook` alone, so the whole is loaded when somebody asks for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmbridge.platforms.hubspot.platform import HUBSPOT

__all__ = ["HUBSPOT"]


def __getattr__(name: str) -> object:
    if name != "HUBSPOT":
        raise AttributeError(name)
    from crmbridge.platforms.hubspot.platform import HUBSPOT

    return HUBSPOT
