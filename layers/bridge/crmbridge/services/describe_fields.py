"""The fields of a record as a panel edits them: input, options, value, and what is under way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.editors import (
    FIELDS_OF_PANEL,
    INPUTS,
    MAX_CUSTOM,
    MAX_OPTIONS,
    YES_OR_NO,
    custom_value,
    input_of,
    label_of,
    options_of,
    selected_of,
    stages_in,
)
from crmbridge.domain.edits import Edit, Edits
from crmbridge.domain.errors import Rejected
from crmbridge.domain.inputs import plain
from crmbridge.domain.records import FIELDS, Json, Kind, Record, Type, instant_text
from crmbridge.domain.stored import Stored
from crmbridge.platforms.spec import Platform, WriteRequest
from crmbridge.services.edit_record import UPDATES
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import show_value

REQUIRED: Final[Mapping[Kind, tuple[str, ...]]] = {
    type.kind: type.required for type in ACTION_TYPES.values() if type.creates and type.kind in FIELDS_OF_PANEL
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A record to be edited. `is_locked`: nothing may be written, by this caller or now."""

    stored: Stored
    platform: Platform
    directories: Directories
    edits: Edits
    is_locked: bool

    @property
    def record(self) -> Record:
        return self.stored.record

    @property
    def schema(self) -> Mapping[str, Field]:
        return self.directories.fields.get(self.stored.key.object, {})


def describe_fields(deps: Deps, form: Form) -> list[Mapping[str, Json]]:
    """A field that this CRM cannot write is shown while it says something."""
    return [*_ours(deps, form), *_customs(form)]


def _ours(deps: Deps, form: Form) -> Iterator[Mapping[str, Json]]:
    remote = {field.maps_to: field for field in form.schema.values() if field.maps_to}
    for name in FIELDS_OF_PANEL.get(form.record.kind, ()):
        field, value = remote.get(name), form.record.get(name)
        empties = _takes(deps, form, name, None)
        can_write = _is_open(form, name, field) and (empties or _takes(deps, form, name, plain(value)))
        if not can_write and value is None:
            continue
        options = options_of(form.record, name, field, form.directories)
        type = FIELDS[form.record.kind][name]
        yield {
            **_described(name, label_of(name, field), _options(form, name, options), field),
            "type": input_of(type, options, field),
            "value": show_value(form.record.kind, name, value),
            "needs": ["stage"] if name == "pipeline" and len(options) > 1 else [],
            "required": can_write and (not empties or _is_must(form, name, field)),
            "read_only": form.is_locked or not can_write,
            **_edited(form, name, options, value),
        }


def _is_must(form: Form, name: str, field: Field | None) -> bool:
    """By our own rules or by the CRM's schema."""
    return name in REQUIRED.get(form.record.kind, ()) or (field is not None and field.required)


def _takes(deps: Deps, form: Form, name: str, value: Json) -> bool:
    """Asked of the adapter, which tells it without asking the CRM."""
    type, key = UPDATES[form.record.kind], form.stored.key
    spec = form.platform.actions.get(type)
    if spec is None:
        return False
    request = WriteRequest(
        type=type,
        kind=form.record.kind,
        fields={name: value},
        object=key.object,
        external_id=key.external_id,
        key="",
        directories=form.directories,
        asked_at=deps.now(),
    )
    try:
        spec.check(request)
    except Rejected:
        return False
    return True


def _is_open(form: Form, name: str, field: Field | None) -> bool:
    """A field that the CRM has none for is derived; what it is derived from is edited instead."""
    spec = form.platform.objects.get(form.stored.key.object)
    if spec is None or name not in spec.remote:
        return False
    if name == "currency" and not form.directories.account.multi_currency:
        return False
    return field is None or not field.read_only


def _customs(form: Form) -> Iterator[Mapping[str, Json]]:
    """Those the customer made, by the CRM's own names."""
    made = [field for field in form.schema.values() if field.custom and not field.maps_to and not field.is_ours]
    for field in [field for field in made if field.type in INPUTS][:MAX_CUSTOM]:
        options = field.options or (YES_OR_NO if field.type is Type.FLAG else ())
        value = custom_value(form.record.custom_fields.get(field.key))
        is_edited = field.is_plain and field.type is not Type.ID and not isinstance(value, Mapping)
        yield {
            **_described(field.key, field.label, _options(form, field.key, options), field),
            "custom": True,
            "type": input_of(field.type, options, field),
            "value": value,
            "needs": [],
            "required": field.required,
            "read_only": form.is_locked or field.read_only or not is_edited,
            **_edited(form, field.key, options, value, is_custom=True),
        }


def _options(form: Form, name: str, options: Sequence[Option]) -> list[Mapping[str, Json]]:
    """A pipeline brings its stages, for a deal that goes into another one needs a stage there."""
    stages = {option.value: stages_in(option.value, form.directories) for option in options if name == "pipeline"}
    return [
        {**_option(option), "stages": [_option(stage) for stage in stages.get(option.value, ())]}
        for option in options[:MAX_OPTIONS]
    ]


def _option(option: Option) -> dict[str, Json]:
    return {"value": option.value, "label": option.label}


def _described(name: str, label: str, options: Sequence[Mapping[str, Json]], field: Field | None) -> dict[str, Json]:
    return {
        "name": name,
        "custom": False,
        "label": label,
        "options": options,
        "multiple": field is not None and field.is_multiple,
        "length": field.length if field is not None else None,
    }


def _edited(
    form: Form, name: str, options: Sequence[Option], value: Json, *, is_custom: bool = False
) -> dict[str, Json]:
    """What the value is called, and what is becoming of it."""
    field = form.schema.get(name) if is_custom else None
    selected = selected_of(options, value, is_multiple=field is not None and field.is_multiple)
    labels = {option.value: option.label for option in options}
    owner = form.directories.owners.get(str(value)) if name == "owner_id" else None
    pending = form.edits.pending.get((name, is_custom))
    refused = form.edits.refused.get((name, is_custom))
    return {
        "selected": selected,
        "more_options": len(options) > MAX_OPTIONS,
        "shown": ", ".join(labels[chosen] for chosen in selected) or (owner.name if owner else None),
        "pending": show_edit(form.record.kind, pending) if pending else None,
        "refused": show_edit(form.record.kind, refused) if refused else None,
    }


def show_edit(kind: Kind, edit: Edit) -> dict[str, Json]:
    return {
        "name": edit.name,
        "custom": edit.is_custom,
        "value": edit.value if edit.is_custom else _shown(kind, edit.name, edit.value),
        "action": edit.action,
        "status": str(edit.status),
        "by": edit.by,
        "at": instant_text(edit.at),
        "reason": edit.reason,
        "next_step": edit.next_step,
    }


def _shown(kind: Kind, name: str, value: Json) -> Json:
    """In the form in which a record's value is shown, so that the two can be compared."""
    if FIELDS[kind].get(name) not in (Type.NUMBER, Type.MONEY) or value is None:
        return value
    try:
        return show_value(kind, name, Decimal(str(value)))
    except InvalidOperation:
        return value
