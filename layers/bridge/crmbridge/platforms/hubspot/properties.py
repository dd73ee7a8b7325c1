"""Which properties are asked for: the same set in every kind of reading, so that one record has one fingerprint."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from crmbridge.domain.directories import Directories, Field
from crmbridge.platforms.hubspot.objects import ALSO_READ, OBJECTS, created_property, modified_property

URL_ROOM: Final = 7_200
"""Characters for `properties=`: from about 8 kB on a URL may be refused with 414, and the rest of it needs some."""
SEARCH_ROOM: Final = 2_500
"""Characters for property names in a search, whose whole body may have 3,000."""


def asked_properties(directories: Directories, object: str) -> tuple[str, ...]:
    """What people wrote, what customers defined and what fields of ours need: all of it. HubSpot's own statistics
    (read-only, hundreds on a contact, and they move without anybody's doing) as far as one search has room for them,
    those without the internal `hs_` first."""
    fields = directories.fields.get(object, {})
    return _asked(object, tuple((key, _is_statistic(field)) for key, field in fields.items()))


@lru_cache(maxsize=512)
def _asked(object: str, known: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    needed = needed_properties(object)
    asked = needed.union(key for key, is_statistic in known if not is_statistic)
    room = SEARCH_ROOM - _search_size(asked)
    for key in sorted({key for key, _ in known} - asked, key=lambda key: (key.startswith("hs_"), len(key), key)):
        room -= _search_size([key])
        if room < 0:
            break
        asked |= {key}
    return tuple(sorted(asked))


@lru_cache(maxsize=64)
def needed_properties(object: str) -> frozenset[str]:
    meta = ("hs_object_id", created_property(object), modified_property(object))
    return frozenset((*OBJECTS[object].remote.values(), *ALSO_READ.get(object, ()), *meta))


def known_properties(fields: Mapping[str, Field], object: str) -> tuple[str, ...]:
    """Those needed that this account has: one more of them changes what a record's translation holds."""
    return tuple(sorted(key for key in needed_properties(object) if key in fields))


def fits_url(names: tuple[str, ...]) -> bool:
    return len(listed(names)) <= URL_ROOM


def fits_search(names: tuple[str, ...]) -> bool:
    return _search_size(names) <= SEARCH_ROOM


def _search_size(names: Iterable[str]) -> int:
    """As JSON text: quotes and a comma each."""
    return sum(len(name) + 3 for name in names)


@lru_cache(maxsize=64)
def listed(names: tuple[str, ...]) -> str:
    return ",".join(quote(name, safe="") for name in names)


def _is_statistic(field: Field) -> bool:
    return field.read_only and not field.custom
