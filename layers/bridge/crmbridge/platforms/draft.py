"""A record in the making, out of one object of a CRM's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import Kind, Link, Value
from crmbridge.platforms.conversions import Convert, to_instant


@dataclass(slots=True)
class Reading:
    """What is known of it so far; what could not be understood is kept beside it."""

    kind: Kind
    object: str
    raw: Mapping[str, Any]
    context: ReadContext
    links: Mapping[str, tuple[Link, ...]]
    fields: dict[str, Value] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)

    @property
    def time_zone(self) -> str:
        return self.context.account.time_zone if self.context.account else "UTC"

    def keep_odd(self, name: str, key: str, value: Any) -> None:
        """As it came: a scalar in its field, anything else under its remote key."""
        self.odd.add(name)
        if isinstance(value, str | bool | int):
            self.fields[name] = value
        else:
            self.custom[key] = value

    def instant(self, name: str, key: str) -> datetime | None:
        """A date of the record itself; one that cannot be read is kept."""
        moment = self.value(name, key, to_instant)
        return moment if isinstance(moment, datetime) else None

    def value(self, name: str, key: str, convert: Convert) -> Any:
        """A remote field's value, or None; one that cannot be understood is kept under its remote key."""
        value = self.raw.get(key)
        if value is None or value == "":
            return None
        try:
            return convert(value)
        except ValueError:
            self.odd.add(name)
            self.custom[key] = value
            return None
