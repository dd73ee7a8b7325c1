"""What a workspace's CRMs have: custom fields with their types, and the options that rules may name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.predicates.words import CUSTOM, KINDS
from crmbridge.domain.records import LIFECYCLE_STAGES, Kind, Type

_LIFECYCLES: Final = tuple(Option(stage, stage.replace("_", " ")) for stage in LIFECYCLE_STAGES)


@dataclass(frozen=True, slots=True)
class Known:
    """One field of the CRMs; without options it takes any."""

    type: Type
    options: tuple[Option, ...] = ()


Schema = Mapping[Kind, Mapping[str, Known]]
"""Per kind, then per canonical name. A kind that is absent was not looked up, and nothing of it is refused."""

IN_THEIR_WORDS: Final = frozenset({"industry", "lead_status", "lead_source"})
"""Fields of ours that hold options as the CRM names them; the reading of records translates the others."""


def schema_of(sources: Iterable[tuple[Directories, Mapping[str, Kind]]]) -> Schema:
    """Connections together, each with the kind of each of its objects; an object of several kinds is named by several.

    Of our own fields only stages, pipelines, lifecycle stages, owners and those in the CRM's own words have options."""
    schema: dict[Kind, dict[str, Known]] = {}
    for directories, objects in sources:
        for name, kind in objects.items():
            if kind in KINDS:
                fields = schema.setdefault(kind, {})
                _add_fields(fields, directories.fields.get(name, {}).values())
                _add(fields, _own_options(kind, directories.stages.values()))
                _add(fields, {"owner_id": Known(Type.OPTION, _owners(directories.owners.values()))})
    return schema


def _add_fields(fields: dict[str, Known], found: Iterable[Field]) -> None:
    for one in found:
        if one.maps_to is None:
            _add(fields, {CUSTOM + one.key: Known(one.type, one.options)})
        elif one.maps_to in IN_THEIR_WORDS:
            _add(fields, {one.maps_to: Known(Type.OPTION, one.options)})


def _owners(found: Iterable[Owner]) -> tuple[Option, ...]:
    return tuple(Option(owner.id, said) for owner in found for said in (owner.name, owner.email) if said)


def _own_options(kind: Kind, stages: Iterable[Stage]) -> Mapping[str, Known]:
    if kind is Kind.CONTACT:
        return {"lifecycle_stage": Known(Type.OPTION, _LIFECYCLES)}
    if kind is not Kind.DEAL:
        return {}
    found = list(stages)
    pipelines = ((stage.pipeline, stage.pipeline_label) for stage in found if stage.pipeline)  # else several share it
    return {
        "stage": Known(Type.OPTION, tuple(Option(stage.id, stage.label) for stage in found)),
        "pipeline": Known(Type.OPTION, tuple(Option(*pipeline) for pipeline in dict.fromkeys(pipelines))),
    }


def _add(fields: dict[str, Known], more: Mapping[str, Known]) -> None:
    """Where two CRMs differ about a field's type, nothing is refused that either would take."""
    for name, new in more.items():
        old = fields.get(name)
        if old is None:
            fields[name] = new
        elif bool(old.options) is bool(new.options):
            options = tuple(dict.fromkeys(old.options + new.options))
            fields[name] = Known(old.type if old.type is new.type else Type.TEXT, options)
        else:
            fields[name] = Known(Type.TEXT)
