"""A record that is more than the store holds: its longest values are cut, everything else is kept."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from crmbridge.domain.records import Json, Record

ROOM: Final = 300_000
"""Bytes. An item holds 400 KB; keys, marks and links need some of it."""
OVERHEAD: Final = 10
"""What a value costs beside its name and itself."""


def shortened(record: Record) -> Record:
    """The same record with its longest values cut to texts of equal length, and marked odd."""
    ours = {name: value for name, value in record.fields.items() if isinstance(value, str)}
    texts = {name: _text(value) for name, value in (*record.custom_fields.items(), *ours.items())}
    names = sum(len(name.encode()) + OVERHEAD for name in (*record.fields, *record.custom_fields))
    longest = _longest((len(text.encode()) for text in texts.values()), ROOM - names)
    cut = {name: _cut(text, longest) for name, text in texts.items() if len(text.encode()) > longest}
    return replace(
        record,
        fields={name: cut.get(name, value) if name in ours else value for name, value in record.fields.items()},
        custom_fields={name: cut.get(name, value) for name, value in record.custom_fields.items()},
        odd=record.odd | cut.keys(),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _cut(text: str, size: int) -> str:
    return text.encode()[: max(0, size)].decode(errors="ignore")


def _longest(sizes: Iterable[int], room: int) -> int:
    """The length to which values are cut so that all of them fit; short ones leave their share to the others."""
    ordered = sorted(sizes)
    for position, size in enumerate(ordered):
        share = max(0, room) // (len(ordered) - position)
        if size > share:
            return share
        room -= size
    return max(ordered, default=0)
