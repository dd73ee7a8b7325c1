"""The buttons of a panel: what can be done about the record at hand, with what is known filled in."""

from collections.abc import Iterator, Mapping
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, ActionType
from crmbridge.domain.connections import Connection
from crmbridge.domain.records import Json, Kind
from crmbridge.domain.stored import Stored
from crmbridge.platforms.spec import Platform
from crmbridge.services.edit_record import UPDATES

_ABOUT_ANYTHING: Final = ("create_task", "log_call", "log_meeting", "create_note")
_ABOUT: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.DEAL: _ABOUT_ANYTHING,
    Kind.CONTACT: (*_ABOUT_ANYTHING, "create_deal"),
    Kind.COMPANY: (*_ABOUT_ANYTHING, "create_contact", "create_deal"),
}


def offer_actions(platform: Platform, connection: Connection, stored: Stored, chat: str) -> list[Mapping[str, Json]]:
    """Each is a body for POST /v1/actions that lacks only what the person says: `required`, one of `one_of`."""
    return [
        {
            "type": type.name,
            "label": type.name.replace("_", " ").capitalize(),
            "required": list(type.required),
            "one_of": list(type.one_of),
            "action": {"connection": connection.id, "type": type.name, "chat": chat, **_about(type, stored)},
        }
        for type in _types(platform, stored.record.kind)
    ]


def _types(platform: Platform, kind: Kind) -> Iterator[ActionType]:
    for name in (UPDATES[kind], *_ABOUT.get(kind, ())):
        if name in platform.actions:
            yield ACTION_TYPES[name]


def _about(type: ActionType, stored: Stored) -> Mapping[str, Json]:
    record = {"object": stored.key.object, "external_id": stored.key.external_id}
    return {"links": [record]} if type.creates else {"target": record}
