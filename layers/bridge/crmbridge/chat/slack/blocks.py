"""Pieces of Slack's Block Kit (https://docs.slack.dev/block-kit), within its bounds."""

from collections.abc import Sequence
from typing import Final

from crmbridge.domain.records import Json

MAX_SECTION: Final = 3000
MAX_PLAIN: Final = 75
Block = dict[str, Json]


def escaped(text: object) -> str:
    """What people and CRMs wrote, as mrkdwn shows it: no mention, no link that is not ours."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def plain(text: str, most: int = MAX_PLAIN) -> Block:
    return {"type": "plain_text", "text": cut(text, most) or "-", "emoji": True}


def link(url: str, text: str) -> str:
    """Bold text where there is no URL."""
    shown = escaped(cut(text, 200)).replace("|", "/").replace("\n", " ")
    return f"<{escaped(url).replace('|', '%7C')}|{shown}>" if url else f"*{shown}*"


def section(text: str) -> Block:
    """Of many lines the last ones are left out, so that no link ends in its middle."""
    while len(text) > MAX_SECTION and "\n" in text:
        text = text.rpartition("\n")[0]
    return {"type": "section", "text": _mrkdwn(text)}


def small(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    """`verbatim`: Slack makes no links and no mentions of its own out of `www.evil.test`, `#general` or `@here`."""
    return {"type": "mrkdwn", "text": cut(text, MAX_SECTION), "verbatim": True}


def button(text: str, action: str, value: str, *, style: str = "") -> Block:
    made = {"type": "button", "text": plain(text), "action_id": action, "value": value}
    return made | ({"style": style} if style else {})


def buttons(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def option(text: str, value: str) -> Block:
    return {"text": plain(text), "value": value}


def error_blocks(text: str) -> list[Block]:
    return [section(f":warning: {escaped(text)}")]


def lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def message(text: str, blocks: Sequence[Block]) -> dict[str, Json]:
    """`text` is what notifications and screen readers say."""
    return {"text": cut(text, MAX_SECTION), "blocks": list(blocks)}
