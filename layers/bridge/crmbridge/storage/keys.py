"""Key texts of several parts, which never run into each other, and page cursors that carry no partition."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, NoReturn
from urllib.parse import unquote

import orjson

from crmbridge.domain.errors import Invalid, Problem

_RESERVED: Final = str.maketrans({"%": "%25", "#": "%23", "<": "%3C", ">": "%3E"})


def part(text: str) -> str:
    """One part of a key: what separates parts is escaped, so that no id from outside reaches another's items."""
    if text.isalnum() or not ("%" in text or "#" in text or "<" in text or ">" in text):
        return text  # an e-mail, too, is spared the walk through its letters
    return text.translate(_RESERVED)


def joined(*parts: str) -> str:
    return "#".join([part(text) for text in parts])


def parts(key: str) -> list[str]:
    return [unquote(text) if "%" in text else text for text in key.split("#")]


def cursor_of(*place: str | int) -> str:
    """An opaque text for the caller. It never holds the workspace, which comes from the caller's token alone."""
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def place_of(cursor: str, *kinds: type) -> list[str]:
    """What `cursor_of` was given, checked against `kinds`; raises Invalid."""
    try:
        place = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        foreign_cursor()
    if not isinstance(place, list) or [type(entry) for entry in place] != list(kinds):
        foreign_cursor()
    return place


def foreign_cursor() -> NoReturn:
    raise Invalid(Problem("cursor", "is not one of this listing", "leave it out to begin again"))
