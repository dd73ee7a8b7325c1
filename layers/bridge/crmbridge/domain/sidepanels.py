"""The panel beside a chat: which record it is about, and how each person has set it up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crmbridge.domain.records import Kind, RecordKey

LINKABLE: Final = (Kind.DEAL, Kind.CONTACT, Kind.COMPANY)
"""Kinds a chat may be about."""
POSITIONS: Final = ("right", "left", "bottom")


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelLink:
    """A chat is about one record; everybody in the workspace sees the same."""

    chat: str
    record: RecordKey
    linked_by: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """How one person has one chat's panel."""

    open: bool = False
    position: str = POSITIONS[0]
