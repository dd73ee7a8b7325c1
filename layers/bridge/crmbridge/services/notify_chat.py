"""Tell a workspace's chat app that something happened: a row that waits until it is delivered, then a ring."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, instant_text
from crmbridge.services.ports import Deps


def notify_chat(deps: Deps, workspace: str, id: str, type: str, data: Mapping[str, Json], *, chat: str = "") -> None:
    """`id` names what happened, so that noticing it twice tells of it once; events of one `chat` stay in order."""
    add_event(deps, workspace, id, type, data)
    ring_event(deps, workspace, id, chat=chat)


def add_event(deps: Deps, workspace: str, id: str, type: str, data: Mapping[str, Json]) -> None:
    """Only the row: for those who must note the event before they finish, and ring afterwards."""
    event = {"type": type, "timestamp": instant_text(deps.now()), "data": data}
    deps.outbound.add(workspace, id, event, deps.now())


def ring_event(deps: Deps, workspace: str, id: str, *, chat: str = "") -> None:
    ring_events(deps, workspace, [id], chat=chat)


def ring_events(deps: Deps, workspace: str, ids: Iterable[str], *, chat: str = "") -> None:
    """Hashed: a chat's id may hold what the name of a message group may not."""
    order = f"{workspace}#outbound#{sha256(chat.encode()).hexdigest()[:32] if chat else ''}"
    deps.queues.chat.send(*(Message({"workspace": workspace, "outbound": id}, order) for id in ids))
