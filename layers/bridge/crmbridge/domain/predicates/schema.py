"""What a workspace's CRMs have: custom fields with their types, and the options that rules may name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crmbridge.domain.directories import Directories, Field, Option, Stage
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


def schema_of(sources: Iterable[tuple[Directories, Mapping[str, Kind]]]) -> Schema:
    """All of a workspace's connections together, each with the kind of each of its objects.

    Of our own fields only stages, pipelines and lifecycle stages have options here: what else a CRM offers for them is
    in its own words, which the reading of records may translate.
    """
    schema: dict[Kind, dict[str, Known]] = {}
    for directories, objects in sources:
        for name, kind in objects.items():
            if kind in KINDS:
                fields = schema.setdefault(kind, {})
                _add_customs(fields, directories.fields.get(name, {}).values())
                _add(fields, _own_options(kind, directories.stages.values()))
    return schema


def _add_customs(fields: dict[str, Known], found: Iterable[Field]) -> None:
    _add(fields, {CUSTOM + one.key: Known(one.type, one.options) for one in found if one.maps_to is None})


def _own_options(kind: Kind, stages: Iterable[Stage]) -> Mapping[str, Known]:
    if kind is Kind.CONTACT:
        return {"lifecycle_stage": Known(Type.OPTION, _LIFECYCLES)}
    if kind is not Kind.DEAL:
        return {}
    found = list(stages)
    return {
        "stage": Known(Type.OPTION, tuple(Option(stage.id, stage.label) for stage in found)),
        "pipeline": Known(Type.OPTION, tuple(Option(stage.pipeline, stage.pipeline_label) for stage in found)),
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
