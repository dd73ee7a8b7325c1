"""What goes into a channel: checked texts and blocks, and finding and rewriting what is there."""

from typing import Any

from local.simulators.slack.blocks import check_message
from local.simulators.slack.errors import SlackError, bad_arguments
from local.simulators.slack.team import Channel, Json, Message, Team
from local.simulators.slack.views import completed

LONGEST_TEXT = 40_000
Content = tuple[str, list[Json], list[Json]]


def checked(team: Team, text: str, blocks: Any, attachments: Any) -> Content:
    """Text, blocks with names for all that has none, and attachments."""
    check_message(blocks)
    if attachments is not None and not isinstance(attachments, list):
        raise bad_arguments("must provide an array [json-pointer:/attachments]")
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    if len(text) > LONGEST_TEXT:
        raise SlackError("msg_too_long")
    return text, completed(team, {"blocks": blocks or []})["blocks"], attachments or []


def find_message(channel: Channel, ts: str, viewer: str = "") -> Message:
    """Ephemeral ones are there for the person who sees them only."""
    found = (each for each in channel.messages if each.ts == ts and each.visible_to in {"", viewer})
    message = next(found, None)
    if message is None:
        raise SlackError("message_not_found")
    return message


def rewrite(message: Message, edited: str, content: Content) -> None:
    message.text, message.blocks, message.attachments = content
    message.edited = edited
