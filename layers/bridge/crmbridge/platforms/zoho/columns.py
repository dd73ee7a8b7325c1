"""Which fields are asked for: the same in every kind of reading, so that one record has one fingerprint."""

from functools import lru_cache
from typing import Final

from crmbridge.domain.directories import Directories
from crmbridge.platforms.zoho.objects import ALSO_READ, AROUND, META, OBJECTS, SE_MODULE

MOST: Final = 50
"""Fields in one request, whether a listing or a query."""
TOGETHER: Final = ("id", "Modified_Time")
"""In every batch: by the one they are put together, and by the other it shows that they belong together."""

PICTURE: Final = "imageupload"
"""COQL refuses a query with such a column."""

Batches = tuple[tuple[str, ...], ...]


def asked_columns(directories: Directories, object: str) -> Batches:
    """Every field that the connected user may see, in as many batches as it takes; pictures are in no query."""
    fields = directories.fields.get(object, {}).items()
    return _asked(object, tuple(key for key, field in fields if field.raw_type != PICTURE))


@lru_cache(maxsize=512)
def _asked(object: str, known: tuple[str, ...]) -> Batches:
    extra = {SE_MODULE} if object in AROUND else set()
    names = sorted(((set(known) or needed_columns(object)) | extra) - set(TOGETHER))
    room = MOST - len(TOGETHER)
    return tuple((*TOGETHER, *names[start : start + room]) for start in range(0, max(len(names), 1), room))


@lru_cache(maxsize=64)
def needed_columns(object: str) -> frozenset[str]:
    return frozenset((*META, *OBJECTS[object].remote.values(), *ALSO_READ.get(object, ())))
