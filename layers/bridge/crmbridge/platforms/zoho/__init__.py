"""Zoho CRM. The door for deliveries loads `webhook` alone, so the whole is loaded when somebody asks for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmbridge.platforms.zoho.platform import ZOHO

__all__ = ["ZOHO"]


def __getattr__(name: str) -> object:
    if name != "ZOHO":
        raise AttributeError(name)
    from crmbridge.platforms.zoho.platform import ZOHO

    return ZOHO
