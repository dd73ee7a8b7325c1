"""The buttons of a panel: what can be done about the record at hand, with what is known filled in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, ActionType
from crmbridge.domain.connections import Caller
from crmbridge.domain.records import Json, Kind
from crmbridge.domain.stored import Stored
from crmbridge.domain.templates import ActionTemplate, needed_words
from crmbridge.platforms.spec import Platform
from crmbridge.services.edit_record import UPDATES
from crmbridge.services.manage_templates import list_templates
from crmbridge.services.ports import Deps
from crmbridge.services.use_template import SAID

_ABOUT_ANYTHING: Final = ("create_task", "log_call", "log_meeting", "create_note")
_ABOUT: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.DEAL: _ABOUT_ANYTHING,
    Kind.CONTACT: (*_ABOUT_ANYTHING, "create_deal"),
    Kind.COMPANY: (*_ABOUT_ANYTHING, "create_contact", "create_deal"),
}


def offer_actions(
    deps: Deps, caller: Caller, platform: Platform, stored: Stored, chat: str
) -> list[Mapping[str, Json]]:
    """Each is a request to `post`: `body` lacks only what the person says in `fields` (`required`, one of `one_of`),
    and of a template the `words` that only the chat app knows. Plain types of action first, then the workspace's
    templates for them, which fill in the rest; a template takes the place of a type of its name."""
    types = [ACTION_TYPES[name] for name in _names(stored.record.kind) if name in platform.actions]
    filled = list(_filled(list_templates(deps, caller), types, stored, chat))
    taken = {each["label"].casefold() for each in filled}
    plain = [_plain(type, stored, chat) for type in types]
    return [*(each for each in plain if each["label"].casefold() not in taken), *filled]


def _names(kind: Kind) -> tuple[str, ...]:
    return UPDATES[kind], *_ABOUT.get(kind, ())


def _plain(type: ActionType, stored: Stored, chat: str) -> Mapping[str, Json]:
    record = {"object": stored.key.object, "external_id": stored.key.external_id}
    about = {"links": [record]} if type.creates else {"target": record}
    return {
        "type": type.name,
        "label": type.name.replace("_", " ").capitalize(),
        "required": list(type.required),
        "one_of": list(type.one_of),
        "words": [],
        "post": "/v1/actions",
        "body": {"connection": stored.key.connection, "type": type.name, "chat": chat, **about},
    }


def _filled(
    templates: Sequence[ActionTemplate], types: Sequence[ActionType], stored: Stored, chat: str
) -> Iterator[Mapping[str, Json]]:
    """Those of this connection or of none."""
    key, offered = stored.key, {type.name for type in types}
    record = {"connection": key.connection, "object": key.object, "external_id": key.external_id}
    for template in templates:
        if template.type in offered and template.connection in ("", key.connection):
            type, given = template.action, template.fields
            yield {
                "type": template.type,
                "label": template.name,
                "required": [name for name in type.required if name not in given],
                "one_of": [] if any(name in given for name in type.one_of) else list(type.one_of),
                "words": [word for word in needed_words(template) if word in SAID],
                "post": f"/v1/action-templates/{template.id}/actions",
                "body": {"record": record, "chat": chat},
            }
