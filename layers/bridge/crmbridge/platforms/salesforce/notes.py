"""The whole text of a note. A row shows its first 255 characters; the rest is a file, and a call of its own."""

from collections.abc import Mapping
from functools import partial
from html.parser import HTMLParser
from typing import Any, Final

from crmbridge.domain.errors import RecordGone, Rejected
from crmbridge.domain.merging import Sighting
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.objects import CONTENT

PREVIEW: Final = 255
LARGEST: Final = 1_000_000
"""Bytes of a note's file. What is larger (a pasted picture is part of it) would not fit into a record."""
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"})


def is_long(row: Mapping[str, Any]) -> bool:
    return len(str(row.get("TextPreview") or "")) >= PREVIEW


def completed(api: Api, seen: Sighting) -> Sighting:
    """With a way to the whole text of a long one, taken when the note is new or has changed."""
    return seen._replace(whole=partial(_whole, api, seen.raw)) if seen.raw and is_long(seen.raw) else seen


def _whole(api: Api, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, CONTENT: _text(api, row)}


def _text(api: Api, row: Mapping[str, Any]) -> str | None:
    """None where it cannot be had: too large, gone meanwhile, not ours to see, no text."""
    size = row.get("ContentSize")
    if isinstance(size, int | float) and size > LARGEST:
        return None
    path = paths.blob("ContentNote", str(row["Id"]), CONTENT)
    try:
        return text_of(api.call(Call(method="GET", path=path, raw=True)).body.decode())
    except (RecordGone, Rejected, UnicodeDecodeError):
        return None


def text_of(html: str) -> str:
    """As the preview has it: what is written, block by block, without markup."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    """Takes anything; character references are resolved by the parser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
