"""Moments as Pipedrive writes them: RFC 3339 to the second in v2, a bare UTC one in v1."""

import re
from datetime import UTC, datetime

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(Z|z|[+-]\d\d:\d\d)")
V1_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
DAY = 86_400_000


def moment(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def parsed_moment(text: str) -> str | None:
    """The same moment in UTC; None for what is not one, fractions of a second included."""
    if not MOMENT.fullmatch(text):
        return None
    try:
        parsed = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return f"{parsed.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_v1(text: str | None) -> str | None:
    return None if text is None else text.replace("T", " ").removesuffix("Z")


def from_v1(text: str) -> str | None:
    """Of `YYYY-MM-DD HH:MM:SS`, or of an RFC 3339 moment, which v1 takes in places."""
    return parsed_moment(text.replace(" ", "T") + "Z" if V1_MOMENT.fullmatch(text) else text)
