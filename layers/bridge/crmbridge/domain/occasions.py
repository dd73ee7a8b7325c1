"""What rules are asked about: a change of a record, as it was before and after, or a message in a chat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from crmbridge.domain.records import RecordKey
from crmbridge.domain.stored import Stored


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One write of one record. `before` is None for what was not stored until then."""

    key: RecordKey
    before: Stored | None
    after: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """A message and what the chat app takes it for."""

    chat: str
    id: str
    text: str = ""
    author: str = ""
    url: str = ""
    chat_name: str = ""
    labels: tuple[str, ...] = ()

    @property
    def words(self) -> Mapping[str, str]:
        """What templates say of it."""
        return {
            "message_text": self.text,
            "message_author": self.author,
            "message_url": self.url,
            "chat_name": self.chat_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Exactly one of `change` and `message`. `at` is when we were told; `begun` are the rules that somebody has had act
    because of it."""

    id: str
    workspace: str
    at: datetime
    change: RecordChange | None = None
    message: ChatMessage | None = None
    begun: frozenset[str] = frozenset()


def message_id(workspace: str, chat: str, message: str) -> str:
    """The same message of the same chat is one occasion, however often it is told."""
    return sha256("\0".join((workspace, "message", chat, message)).encode()).hexdigest()[:32]
