"""Sets of small numbers as one large number, a bit each."""

import struct
from collections.abc import Iterable, Iterator


def mask_of(bits: Iterable[int]) -> int:
    """Built in one go, since adding a bit to a large number copies all of it."""
    found = list(bits)
    filled = bytearray(max(found, default=0) // 8 + 1)
    for bit in found:
        filled[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(filled, "little")


def bits_of(mask: int) -> Iterator[int]:
    """By words of 64, since taking a bit off a large number copies all of it."""
    count = (mask.bit_length() + 63) // 64
    for at, word in enumerate(struct.unpack(f"<{count}Q", mask.to_bytes(8 * count, "little"))):
        left = word
        while left:
            lowest = left & -left
            yield 64 * at + lowest.bit_length() - 1
            left ^= lowest
