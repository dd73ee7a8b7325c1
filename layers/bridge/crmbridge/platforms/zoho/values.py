"""Zoho's own forms of values."""

from typing import Any


def to_id(value: Any) -> str:
    """Of a lookup: an object with the name, or the bare id where a bulk file or an older version has it."""
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError("not an id")
    return str(value)


def to_duration(value: Any) -> int:
    """Seconds of `53:52` or `01:10:05`, minutes and seconds; the minutes may be more than sixty."""
    parts = value.split(":") if isinstance(value, str) else []
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
        raise ValueError("not a duration")
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds
