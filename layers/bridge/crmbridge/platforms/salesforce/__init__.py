"""Salesforce. The door for deliveries loads `webhook` alone, so the whole is loaded when somebody asks for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmbridge.platforms.salesforce.platform import SALESFORCE

__all__ = ["SALESFORCE"]


def __getattr__(name: str) -> object:
    if name != "SALESFORCE":
        raise AttributeError(name)
    from crmbridge.platforms.salesforce.platform import SALESFORCE

    return SALESFORCE
