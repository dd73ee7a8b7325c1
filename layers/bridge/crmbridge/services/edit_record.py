"""Change fields of a record: an action like every write, refused where the CRM has moved on since the person looked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, Action
from crmbridge.domain.connections import Caller
from crmbridge.domain.editors import custom_value
from crmbridge.domain.errors import Invalid, MovedOn, NotFound, Problem
from crmbridge.domain.inputs import plain
from crmbridge.domain.predicates.values import read_number
from crmbridge.domain.records import FIELDS, Json, Kind, Record, RecordKey, Type
from crmbridge.domain.stored import Stored
from crmbridge.services.follow_edits import follow_edits
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import ask_once, check_writer

UPDATES: Final[Mapping[Kind, str]] = {type.kind: type.name for type in ACTION_TYPES.values() if not type.creates}
"""The type of action that changes a record of that kind."""
_NUMBERS: Final = (Type.MONEY, Type.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`base` is what the person saw of the fields to change, custom ones included; `force` writes whatever is there
    now."""

    fields: Mapping[str, Json] = field(default_factory=dict)
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    base: Mapping[str, Json] = field(default_factory=dict)
    force: bool = False
    chat: str = ""
    message: str = ""


def edit_record(deps: Deps, caller: Caller, key: RecordKey, wish: Wish, idempotency_key: str) -> Action:
    """Return the action to follow. Asking again with the same key answers with the same one, however the record has
    moved since. Raises MovedOn with what the CRM has now, and what `request_action` does."""
    check_writer(caller)
    deps.connections.get(caller.workspace, key.connection)
    found = follow_record(deps, key)
    if found is None:
        raise NotFound("there is no such record; it may not be synced yet")
    body = _body(found.record.kind, key, wish)

    def checked() -> Mapping[str, Json]:
        _check_base(deps, found, key, wish)
        return body

    return ask_once(deps, caller, body, idempotency_key, checked)[0]


def _body(kind: Kind, key: RecordKey, wish: Wish) -> Mapping[str, Json]:
    body: dict[str, Json] = {
        "type": UPDATES[kind],
        "connection": key.connection,
        "target": {"object": key.object, "external_id": key.external_id},
        "fields": dict(wish.fields),
        "custom_fields": dict(wish.custom_fields),
    }
    said = {"chat": wish.chat, "message": wish.message}
    return body | {name: text for name, text in said.items() if text}


def _check_base(deps: Deps, stored: Stored, key: RecordKey, wish: Wish) -> None:
    unasked = [name for name in wish.base if name not in wish.fields and name not in wish.custom_fields]
    if unasked:
        raise Invalid(*(Problem(f"base.{name}", "is not changed", "name it in fields, too") for name in unasked))
    moved = {} if wish.force else _moved(deps, stored, key, wish)
    if moved:
        told = "; ".join(f"{name} was {wish.base[name]!r} and is {now!r} now" for name, now in moved.items())
        raise MovedOn(
            f"the CRM has changed this since: {told}", {name: (wish.base[name], moved[name]) for name in moved}
        )


def _moved(deps: Deps, stored: Stored, key: RecordKey, wish: Wish) -> dict[str, Json]:
    """What the CRM has now, of fields where that is not what the person saw: neither as the CRM had it, nor as an edit
    that is still under way. Of a field that was not read nobody can say so."""
    record = stored.record
    unread = [name for name in wish.fields if name not in record.fields]
    now = {name: _now(record, wish, name) for name in wish.base if name not in unread}
    moved = {name: value for name, value in now.items() if _differ(record.kind, name, wish.base[name], value)}
    pending = follow_edits(deps, stored, key).pending if moved else {}
    edits = {name: pending.get((name, name in wish.custom_fields)) for name in moved}
    seen = [
        name for name, edit in edits.items() if edit and not _differ(record.kind, name, wish.base[name], edit.value)
    ]
    return {name: value for name, value in moved.items() if name not in seen}


def _now(record: Record, wish: Wish, name: str) -> Json:
    return plain(record.get(name) if name in wish.fields else custom_value(record.custom_fields.get(name)))


def _differ(kind: Kind, name: str, before: Json, now: Json) -> bool:
    before, now = _something(before), _something(now)
    if FIELDS[kind].get(name) in _NUMBERS and before is not None and now is not None:
        return read_number(before) != read_number(now)
    return bool(before != now)


def _something(value: Json) -> Json:
    """An empty text or list and a box that is not ticked are nothing; zero is a number."""
    return None if value is False or value in ("", []) else value
