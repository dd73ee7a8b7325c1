"""Which stage a deal goes to: one named by its id or its label, or where its pipeline begins."""

from collections.abc import Sequence
from typing import Final

from crmbridge.domain.directories import Directories, Stage
from crmbridge.domain.errors import Invalid, Problem

MAX_SHOWN: Final = 30


def find_stage(directories: Directories, wanted: str | None, pipeline: str, *, begins: bool) -> str | None:
    """Return its id; None when no stage is asked for. `pipeline`: the one that is given, else the deal's own, by id or
    label; empty: none. `begins`: a new deal starts somewhere. Raises Invalid."""
    if not directories.stages or wanted in directories.stages:
        return wanted
    stages = [stage for stage in _in_use(directories) if not pipeline or _may_be_in(stage, pipeline)]
    if wanted:
        return _named(stages, wanted)
    return _first(directories, stages) if begins else None


def _in_use(directories: Directories) -> Sequence[Stage]:
    """Where there are pipelines, a stage in none of them is one that nobody uses any more."""
    stages = list(directories.stages.values())
    return [stage for stage in stages if stage.pipelines] or stages


def _may_be_in(stage: Stage, pipeline: str) -> bool:
    """A CRM without pipelines says itself that it has none."""
    names = (*stage.pipelines, stage.pipeline_label)
    return not stage.pipelines or pipeline.strip().casefold() in [name.strip().casefold() for name in names]


def _named(stages: Sequence[Stage], wanted: str) -> str:
    found = [stage.id for stage in stages if stage.label.strip().casefold() == wanted.strip().casefold()]
    if len(found) == 1:
        return found[0]
    said = "is the name of several stages" if found else "is not a stage"
    known = ", ".join(f"{stage.id} ({stage.label})" for stage in stages[:MAX_SHOWN])
    raise Invalid(Problem("fields.stage", said, f"one of {known}" if known else "a stage of the deal's pipeline"))


def _first(directories: Directories, stages: Sequence[Stage]) -> str:
    """In the pipeline that is given, or the only one."""
    known = _labels(_in_use(directories))
    if not stages:
        raise Invalid(Problem("fields.pipeline", "is not a pipeline", f"one of {', '.join(known)}"))
    if not set.intersection(*(set(stage.pipelines or [""]) for stage in stages)):
        fix = f"a stage, or a pipeline: {', '.join(known)}"
        raise Invalid(Problem("fields.stage", "is required, for there are several pipelines", fix))
    return min(stages, key=lambda stage: (stage.is_closed, stage.position)).id


def _labels(stages: Sequence[Stage]) -> list[str]:
    labels = {pipeline: pipeline for stage in stages for pipeline in stage.pipelines}
    labels |= {stage.pipeline: stage.pipeline_label or stage.pipeline for stage in stages if stage.pipeline}
    return list(labels.values())
