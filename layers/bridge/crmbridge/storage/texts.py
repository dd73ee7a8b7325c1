"""Long texts in an item of at most 400 KB: compressed, they may be some ten times as long."""

from typing import Final
from zlib import compress, decompress

_COMPRESS_FROM: Final = 100_000


def packed(text: str) -> str | bytes:
    return compress(text.encode()) if len(text) > _COMPRESS_FROM else text


def unpacked(content: str | bytes) -> str:
    return content if isinstance(content, str) else decompress(content).decode()
