"""What is to be said of one object of a CRM. It has a file to itself because the door for deliveries reads it, too, and
pays for nothing else of a platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmbridge.domain.records import Kind, State


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One CRM object we keep. `links` are the target objects whose links *this* object owns (the few side)."""

    name: str
    kind: Kind
    links: tuple[str, ...] = ()
    remote: Mapping[str, str] = field(default_factory=dict)
    """Our field -> the remote field that fills it by default."""
    page_size: int = 100
    scope: str = ""
    listings: tuple[str, ...] = ("list",)
    """The listings a full run takes, one after the other, each with a cursor of its own (`PageRequest.step` names it);
    then what none of them showed is swept."""
    listed: tuple[State, ...] = (State.LIVE,)
    """The states of records that these listings show whole."""
    changes: tuple[str, ...] = ("list",)
    """The same for an incremental run, over one window; ("list", "deleted") where a CRM lists what it has deleted."""
    lag_seconds: int | None = None
    overlap_seconds: int | None = None
    """Where this object's windows end and begin otherwise than the platform's."""
    also: tuple[Kind, ...] = ()
    """Further kinds of its records, where one object holds several (a to-do and a call); a sighting names its own."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return (self.kind, *self.also)
