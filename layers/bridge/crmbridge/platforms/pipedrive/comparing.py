"""Whether a record holds what was sent: Pipedrive normalises times, numbers and lists."""

from collections.abc import Mapping
from typing import Any

from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.pipedrive.values import to_time


def holds(sent: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Everything that was sent, whatever else the record has."""
    return all(is_same(value, held.get(key)) for key, value in sent.items())


def is_same(sent: Any, held: Any) -> bool:
    if sent is None or sent in ("", []):
        return held in (None, "", [])
    if isinstance(sent, Mapping):
        return isinstance(held, Mapping) and holds(sent, held)
    if isinstance(sent, list):
        return isinstance(held, list) and len(sent) == len(held) and all(_among(part, held) for part in sent)
    if isinstance(held, Mapping):
        return is_same(sent, held.get("value"))
    return _is_same_scalar(sent, held)


def _among(part: Any, held: list[Any]) -> bool:
    return any(is_same(part, other) for other in held)


def _is_same_scalar(sent: Any, held: Any) -> bool:
    if sent == held and isinstance(sent, bool) == isinstance(held, bool):
        return True
    if isinstance(sent, str) and isinstance(held, str) and sent.strip().casefold() == held.strip().casefold():
        return True
    for convert in (to_number, to_time):
        try:
            return bool(convert(sent) == convert(held))
        except ValueError:
            continue
    return False
