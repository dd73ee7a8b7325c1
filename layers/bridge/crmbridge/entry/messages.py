"""Messages that a chat app has classified."""

from typing import Annotated

from pydantic import Field

from crmbridge.domain.occasions import ChatMessage
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Given, Shown, Text
from crmbridge.services import receive_message

router = new_router()
Said = Annotated[str, Field(max_length=20_000)]
Labels = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(min_length=1, max_length=50, description="What the chat app takes it for; rules listen to these"),
]


class SaidGiven(Given):
    """The message itself. `id` names it within its chat."""

    id: Text
    text: Said = ""
    author: Said = ""
    url: Said = ""


class MessageGiven(Given):
    chat: Annotated[Text, Field(description="The condition of a rule is asked of the record that it is linked to")]
    message: SaidGiven
    labels: Labels
    chat_name: Said = ""


class Received(Shown):
    id: str


@router.post("/v1/messages", summary="Tell of a classified message", tags=["Rules"], status_code=202)
def receive(ask: Ask, message: MessageGiven) -> Received:
    """Rules that listen to its labels are asked. The same message of the same chat is one, however often it is told."""
    return Received(id=receive_message.receive_message(ask.deps, ask.caller, message_of(message)))


def message_of(given: MessageGiven) -> ChatMessage:
    said = given.message
    return ChatMessage(
        chat=given.chat,
        id=said.id,
        text=said.text,
        author=said.author,
        url=said.url,
        chat_name=given.chat_name,
        labels=tuple(given.labels),
    )
