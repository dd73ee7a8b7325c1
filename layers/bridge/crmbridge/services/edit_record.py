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
    body, record = _body(found.record.kind, key, wish), found.record

    def checked() -> Mapping[str, Json]:
        _check_base(record, wish)
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


def _check_base(record: Record, wish: Wish) -> None:
    unasked = [name for name in wish.base if name not in wish.fields and name not in wish.custom_fields]
    if unasked:
        raise Invalid(*(Problem(f"base.{name}", "is not changed", "name it in fields, too") for name in unasked))
    moved = (
        {} if wish.force else {name: _now(record, wish, name) for name in wish.base if _has_moved(record, wish, name)}
    )
    if moved:
        told = "; ".join(f"{name} was {wish.base[name]!r} and is {now!r} now" for name, now in moved.items())
        raise MovedOn(
            f"the CRM has changed this since: {told}", {name: (wish.base[name], moved[name]) for name in moved}
        )


def _now(record: Record, wish: Wish, name: str) -> Json:
    return plain(record.get(name) if name in wish.fields else custom_value(record.custom_fields.get(name)))


def _has_moved(record: Record, wish: Wish, name: str) -> bool:
    """Of a field that was not read nobody can say so. An empty text is nothing."""
    if name in wish.fields and name not in record.fields:
        return False
    before, now = wish.base[name] or None, _now(record, wish, name) or None
    type = FIELDS[record.kind].get(name, Type.TEXT)
    if type in _NUMBERS and before is not None and now is not None:
        return read_number(before) != read_number(now)
    return before != now
