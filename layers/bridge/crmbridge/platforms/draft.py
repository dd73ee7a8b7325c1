"""A record in the making, out of one object of a CRM's JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import FIELDS, Kind, Link, Type, Value
from crmbridge.platforms.conversions import Convert, day_in, to_flag, to_instant, to_moment, to_number, to_text

NO_CONTEXT: Final = ReadContext()
BY_TYPE: Final[Mapping[Type, Convert]] = {
    Type.TEXT: to_text, Type.ID: to_text, Type.OPTION: to_text, Type.MONEY: to_number, Type.NUMBER: to_number,
    Type.FLAG: to_flag, Type.INSTANT: to_instant, Type.MOMENT: to_moment, Type.LABELLED: to_text, Type.IDS: to_text,
}  # fmt: skip
"""What understands most values of most CRMs."""

Table = Mapping[str, tuple[tuple[str, Convert], ...]]
"""Remote field -> the fields of ours it fills, each with what understands it."""


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

    def fill(self, name: str, key: str, value: Any, convert: Convert) -> None:
        """A field of ours with a remote value; null and an empty text empty it."""
        if value is None or value == "":
            self.fields[name] = None
            return
        try:
            self.fields[name] = convert(value)
        except ValueError:
            self.keep_odd(name, key, value)

    def keep_odd(self, name: str, key: str, value: Any) -> None:
        """As it came: a scalar in its field, anything else under its remote key."""
        self.odd.add(name)
        if isinstance(value, str | bool | int):
            self.fields[name] = value
        else:
            self.custom[key] = value

    def text(self, key: str) -> str | None:
        value = self.raw.get(key)
        return value.strip() or None if isinstance(value, str) else None

    def instant(self, name: str, key: str) -> datetime | None:
        """A date of the record itself; one that cannot be read is kept."""
        moment = self.value(name, key, to_instant)
        return moment if isinstance(moment, datetime) else None

    def value(self, name: str, key: str, convert: Convert) -> Any:
        """A remote field's value, or None."""
        return self.understood(name, key, self.raw.get(key), convert)

    def understood(self, name: str, key: str, value: Any, convert: Convert) -> Any:
        """One that cannot be understood is kept under its remote key."""
        if value is None or value == "":
            return None
        try:
            return convert(value)
        except ValueError:
            self.odd.add(name)
            self.custom[key] = value
            return None


Derive = Callable[[Reading], None]
"""Fills what no single remote field fills."""


@dataclass(frozen=True, slots=True)
class Converters:
    """What understands the values of one CRM: by the field of ours where that says more than its type. `day` makes one
    for a time zone."""

    by_field: Mapping[tuple[Kind, str], Convert]
    by_type: Mapping[Type, Convert]
    day: Callable[[str], Convert] = day_in

    def of(self, kind: Kind, name: str, time_zone: str) -> Convert:
        if FIELDS[kind][name] is Type.DAY:
            return self.day(time_zone)
        return self.by_field.get((kind, name)) or self.by_type[FIELDS[kind][name]]

    def table(
        self, kind: Kind, time_zone: str, remote: Mapping[str, str]
    ) -> dict[str, tuple[tuple[str, Convert], ...]]:
        """`remote`: our fields -> the CRM's; those that the kind does not have are passed over."""
        table: dict[str, tuple[tuple[str, Convert], ...]] = {}
        for name, key in remote.items():
            if name in FIELDS[kind]:
                table[key] = (*table.get(key, ()), (name, self.of(kind, name, time_zone)))
        return table


def variant_of(context: ReadContext) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What tables depend on, as a key to keep them by: the account's time zone, and which remote field is which."""
    zone = context.account.time_zone if context.account else "UTC"
    return zone, tuple(context.mapping.items()) if context.mapping else ()
