"""Texts for Pipedrive's notes, which are HTML, and the short reference that a seller may see in one."""

import re
from base64 import b32encode
from hashlib import sha256
from html import escape
from typing import Final

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")


def to_html(text: str) -> str:
    """As it is where it is HTML already; else what would be one is escaped, and lines are kept."""
    return text if _TAG.search(text) else escape(text, quote=False).replace("\n", "<br>")


def paragraphs(*parts: str) -> str:
    return "<br>".join(part for part in parts if part)


def marker(key: str) -> str:
    """Short and plain, because sellers see it."""
    return f"ref {b32encode(sha256(key.encode()).digest())[:6].decode()}"
