"""An action template, filled with what the chat is about, becomes an action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmbridge.domain.actions import Action
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.records import Json, Kind, RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.domain.templates import ActionTemplate, fill_fields
from crmbridge.services.follow_record import follow_record
from crmbridge.services.gather_subjects import gather_subjects
from crmbridge.services.manage_templates import read_template
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import ask_once
from crmbridge.services.show_records import Names, show_records

SAID: Final = ("message_text", "message_author", "message_url", "chat_name")
"""Words that only the chat app knows."""
NAMES: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.CONTACT: {
        "contact_first_name": "first_name", "contact_last_name": "last_name", "contact_email": "email",
        "contact_phone": "phone", "contact_title": "title",
    },
    Kind.DEAL: {
        "deal_name": "name", "deal_amount": "amount", "deal_currency": "currency", "deal_stage": "stage_label",
        "deal_pipeline": "pipeline_label", "deal_close_date": "close_date",
    },
    Kind.COMPANY: {
        "company_name": "name", "company_domain": "domain", "company_website": "website",
        "company_industry": "industry",
    },
}  # fmt: skip
"""Word -> the field of ours that it is filled with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`record`: what the chat is about; None: what it is linked to, if anything. `fields` and `custom_fields` of a
    person win over the template's, as do the `target` to change and the `links` to associate with."""

    record: Mapping[str, str] | None = None
    connection: str = ""
    chat: str = ""
    message: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    target: Json = None
    links: Json = None


def use_template(deps: Deps, caller: Caller, id: str, use: Use, asked: Mapping[str, Json], key: str) -> Action:
    """`asked` is the request as it came: the same with the same key is the same action, on another day, too."""
    action, _ = ask_once(deps, caller, {"template": id, **asked}, key, lambda: fill_template(deps, caller, id, use))
    return action


def fill_template(deps: Deps, caller: Caller, id: str, use: Use) -> dict[str, Json]:
    """The body of `request_action`, for a form to show or an action to be made of. Raises NotFound, and Invalid naming
    what cannot be filled."""
    return fill(deps, caller, read_template(deps, caller, id), use)


def fill(deps: Deps, caller: Caller, template: ActionTemplate, use: Use) -> dict[str, Json]:
    """The same for a template that need not be kept."""
    about = _about(deps, caller, use)
    connection = _connection(deps, caller, template, use, about)
    subjects = gather_subjects(deps, about) if about else {}
    words = {**_said(use), **_words(deps, about, subjects), "me": caller.user}
    now = _local(deps, caller.workspace, connection)
    return {
        "type": template.type,
        "connection": connection,
        "fields": {**_filled(template, use, words, now), **use.fields},
        "custom_fields": {**_filled_custom(template, use, words, now), **use.custom_fields},
        "chat": use.chat,
        "message": use.message,
        **_placed(template, use, about, subjects),
    }


def _about(deps: Deps, caller: Caller, use: Use) -> Stored | None:
    """The record that is named must be there; the one that the chat is linked to may be gone."""
    if use.record is None:
        link = deps.sidepanels.link(caller.workspace, use.chat) if use.chat else None
        return follow_record(deps, link.record) if link else None
    key = RecordKey(caller.workspace, use.record["connection"], use.record["object"], use.record["external_id"])
    deps.connections.get(key.workspace, key.connection)
    found = follow_record(deps, key)
    if found is None:
        raise NotFound("record: there is no such record; it may not be synced yet")
    return found


def _connection(deps: Deps, caller: Caller, template: ActionTemplate, use: Use, about: Stored | None) -> str:
    named = [each for each in (use.connection, about.key.connection if about else "", template.connection) if each]
    if len(set(named)) > 1:
        raise Invalid(Problem("connection", "is not that of the record", "leave it out, or name a record there"))
    if named:
        return named[0]
    known = [connection.id for connection in deps.connections.list(caller.workspace)]
    if len(known) != 1:
        raise Invalid(Problem("connection", "is required", f"a record, or one of {', '.join(known)}" if known else ""))
    return known[0]


def _said(use: Use) -> Mapping[str, str]:
    return {name: use.said[name] for name in SAID if use.said.get(name)}


def _words(deps: Deps, about: Stored | None, subjects: Mapping[Kind, Stored]) -> Mapping[str, str]:
    kinds, names = [kind for kind in NAMES if kind in subjects], Names(deps)
    shown = dict(zip(kinds, show_records(deps, [subjects[kind] for kind in kinds], names), strict=True))
    words: dict[str, Json] = {}
    for kind, record in shown.items():
        told = record["fields"]
        words |= {word: _called(names, subjects[kind], name, told.get(name)) for word, name in NAMES[kind].items()}
    words["contact_name"] = _full_name(words.get("contact_first_name"), words.get("contact_last_name"))
    if about:
        words |= _of_record(shown.get(about.record.kind) or show_records(deps, [about])[0], words)
    return {name: str(value) for name, value in words.items() if value not in (None, "")}


def _called(names: Names, stored: Stored, name: str, value: Json) -> Json:
    """An option by its label, a currency by its code."""
    directories = names.directories_of(stored.key) if name != "currency" else None
    fields = directories.fields.get(stored.key.object, {}).values() if directories else ()
    options = [option for field in fields if field.maps_to == name for option in field.options]
    return next((option.label for option in options if option.value == value), value)


def _of_record(shown: Mapping[str, Json], words: Mapping[str, Json]) -> Mapping[str, Json]:
    fields = shown["fields"]
    name = fields.get("name") or fields.get("subject") or words.get("contact_name")
    return {"record_name": name, "record_url": shown["url"], "record_owner": fields.get("owner_id")}


def _full_name(*parts: Json) -> str:
    return " ".join(str(part) for part in parts if part)


def _local(deps: Deps, workspace: str, connection: str) -> datetime:
    """Days are those of the CRM's account."""
    directories = deps.connections.directories(workspace, connection)
    try:
        return deps.now().astimezone(ZoneInfo(directories.account.time_zone or "UTC" if directories else "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return deps.now()


def _filled(template: ActionTemplate, use: Use, words: Mapping[str, str], now: datetime) -> Mapping[str, Json]:
    fields = {name: value for name, value in template.fields.items() if name not in use.fields}
    return fill_fields(fields, words, now, kind=template.action.kind, path="fields")


def _filled_custom(template: ActionTemplate, use: Use, words: Mapping[str, str], now: datetime) -> Mapping[str, Json]:
    fields = {name: value for name, value in template.custom_fields.items() if name not in use.custom_fields}
    return fill_fields(fields, words, now, kind=None, path="custom_fields")


def _placed(
    template: ActionTemplate, use: Use, about: Stored | None, subjects: Mapping[Kind, Stored]
) -> Mapping[str, Json]:
    """An update goes to the record of its kind that the chat is about; what is made is associated with the record,
    unless that is gone from the CRM."""
    type = template.action
    if use.target is not None or use.links is not None:
        return {name: each for name, each in (("target", use.target), ("links", use.links)) if each is not None}
    if not type.creates:
        if type.kind not in subjects:
            raise Invalid(Problem("record", f"{template.name!r} changes a {type.kind}, and none is meant", "name it"))
        return {"target": _reference(subjects[type.kind])}
    is_linked = about and about.record.kind is not type.kind and about.record.state is State.LIVE
    return {"links": [_reference(about)] if about and is_linked else []}


def _reference(stored: Stored) -> Json:
    return {"object": stored.key.object, "external_id": stored.key.external_id}
