"""How a field of a record is edited in a panel: with which kind of input, under which label, out of which options."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.records import FIELDS, LIFECYCLE_STAGES, Json, Kind, Record, Type

FIELDS_OF_PANEL: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.DEAL: ("name", "stage", "pipeline", "amount", "currency", "close_date", "probability", "owner_id"),
    Kind.CONTACT: (
        "first_name", "last_name", "email", "phone", "title", "lifecycle_stage", "lead_status", "lead_source",
        "owner_id",
    ),
    Kind.COMPANY: ("name", "domain", "website", "industry", "employee_count", "annual_revenue", "owner_id"),
}  # fmt: skip
"""In the order in which a person reads them. Companies, contacts and roles are relations, and shown as such."""
MAX_CUSTOM: Final = 50
MAX_OPTIONS: Final = 500
"""A large company has thousands of owners, who can be named by e-mail, too."""

LABELS: Final[Mapping[str, str]] = {"owner_id": "Owner", "annual_revenue": "Annual revenue"}
INPUTS: Final[Mapping[Type, str]] = {
    Type.TEXT: "text", Type.ID: "text", Type.OPTION: "text", Type.MONEY: "number", Type.NUMBER: "number",
    Type.FLAG: "select", Type.DAY: "date", Type.INSTANT: "date", Type.MOMENT: "date",
}  # fmt: skip
"""Kinds of input; where there are options, it is a select."""
YES_OR_NO: Final = (Option("true", "Yes"), Option("false", "No"))


def selected_of(options: Sequence[Option], value: Json, *, is_multiple: bool) -> list[str]:
    """Which options a stored value means: CRMs store their values, their numbers or their labels; of several a list,
    or one text with semicolons."""
    texts = str(value).split(";") if is_multiple and isinstance(value, str) else _listed(value)
    known = {text: option.value for option in options for text in (option.label, option.value)}
    said = [str(text).lower() if isinstance(text, bool) else str(text).strip() for text in texts]
    return [known[text] for text in said if text in known]


def _listed(value: Json) -> Sequence[Json]:
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)


def custom_value(value: Json) -> Json:
    """Of an amount that a CRM keeps with its currency, the amount."""
    return value.get("value") if isinstance(value, Mapping) and "currency" in value else value


def input_of(type: Type, options: Iterable[Option], field: Field | None) -> str:
    """text, number, date, select or textarea."""
    if any(True for _ in options):
        return "select"
    return "textarea" if field is not None and field.is_long else INPUTS[type]


def label_of(name: str, field: Field | None) -> str:
    """What the customer calls it; else our own name, as a person would write it."""
    if name == "owner_id" or field is None:
        return LABELS.get(name) or name.replace("_", " ").capitalize()
    return field.label


def options_of(record: Record, name: str, field: Field | None, directories: Directories) -> tuple[Option, ...]:
    """What may be chosen today: stages of the record's own pipeline, active people, the options of the schema."""
    if name in _OPTIONS:
        return _OPTIONS[name](record, directories)
    if FIELDS[record.kind].get(name) is not Type.OPTION or field is None:
        return ()
    return field.options


def stages_in(pipeline: Json, directories: Directories) -> tuple[Option, ...]:
    """In their order; without a pipeline, all. Several pipelines may share a stage, which then names none."""
    stages = directories.stages.values()
    there = [stage for stage in stages if not pipeline or not stage.pipelines or pipeline in stage.pipelines]
    return tuple(Option(stage.id, stage.label) for stage in sorted(there, key=lambda stage: stage.position))


def _stages(record: Record, directories: Directories) -> tuple[Option, ...]:
    return stages_in(record.get("pipeline"), directories)


def _pipelines(record: Record, directories: Directories) -> tuple[Option, ...]:
    del record
    stages = directories.stages.values()
    labels = {pipeline: stage.pipeline_label for stage in stages for pipeline in stage.pipelines}
    return tuple(Option(id, label or id) for id, label in labels.items())


def _owners(record: Record, directories: Directories) -> tuple[Option, ...]:
    del record
    people = [owner for owner in directories.owners.values() if owner.active and owner.type == "person"]
    named = sorted(people, key=lambda owner: owner.name.casefold())
    return tuple(Option(owner.id, owner.name or owner.email) for owner in named)


def _lifecycles(record: Record, directories: Directories) -> tuple[Option, ...]:
    del record, directories
    return tuple(Option(name, name.replace("_", " ").capitalize()) for name in LIFECYCLE_STAGES)


_OPTIONS: Final = {
    "stage": _stages, "pipeline": _pipelines, "owner_id": _owners, "lifecycle_stage": _lifecycles,
}  # fmt: skip
