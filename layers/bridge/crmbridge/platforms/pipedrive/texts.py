"""Texts for Pipedrive's notes, which are HTML."""

import re
from html import escape
from typing import Final

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")


def to_html(text: str) -> str:
    """As it is where it is HTML already; else what would be one is escaped, and lines are kept."""
    return text if _TAG.search(text) else escape(text, quote=False).replace("\n", "<br>")


def paragraphs(*parts: str) -> str:
    return "<br>".join(part for part in parts if part)
