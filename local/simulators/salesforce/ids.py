"""Record ids: fifteen case-sensitive characters, and three more that make them safe where case is lost."""

import string
from collections.abc import Iterator
from itertools import count

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SUFFIX = string.ascii_uppercase + "012345"
FIRST_NUMBER = 40_000_000


def with_checksum(short: str) -> str:
    """Each of the last three characters tells which of five were upper case."""
    chunks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(SUFFIX[sum(1 << n for n, each in enumerate(chunk) if each.isupper())] for chunk in chunks)


def long_id(text: object) -> str | None:
    """The 18-character form of an id that came in with 15 or 18; None when it cannot be an id."""
    if not isinstance(text, str) or len(text) not in {15, 18} or not (text.isascii() and text.isalnum()):
        return None
    if len(text) == 15:
        return with_checksum(text)
    return text if with_checksum(text[:15]) == text else _case_restored(text)


def _case_restored(text: str) -> str | None:
    """The checksum brings back the case of an id that went through something case-insensitive."""
    restored = []
    for place, mark in enumerate(text[15:].upper()):
        if mark not in SUFFIX:
            return None
        bits = SUFFIX.index(mark)
        chunk = text[place * 5 : place * 5 + 5]
        restored += [each.upper() if bits >> n & 1 else each.lower() for n, each in enumerate(chunk)]
    whole = with_checksum("".join(restored))
    return whole if whole[15:] == text[15:].upper() else None


class Ids:
    """Counts up in base 62 behind a type's prefix and the org's own three characters."""

    def __init__(self, prefix: str, instance: str) -> None:
        self._head = prefix + instance
        self._numbers: Iterator[int] = count(FIRST_NUMBER)

    def next(self) -> str:
        return self.at(next(self._numbers))

    def at(self, number: int) -> str:
        digits = []
        for _ in range(15 - len(self._head)):
            number, rest = divmod(number, 62)
            digits.append(DIGITS[rest])
        return with_checksum(self._head + "".join(reversed(digits)))
