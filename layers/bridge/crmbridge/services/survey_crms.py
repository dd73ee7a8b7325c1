"""What is known of the CRMs that a smart group draws from, for its rules to be held to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from crmbridge.domain.connections import Account, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.predicates import Schema, schema_of
from crmbridge.domain.records import Kind
from crmbridge.platforms.spec import ObjectSpec
from crmbridge.services.ports import Deps


@dataclass(frozen=True, slots=True)
class Survey:
    """`schema` is empty while it is not known of all of them: a field may be in the one that is not. Those are
    `not_loaded`, by name. `closed_stages` go by id and by label, case-folded."""

    schema: Schema
    accounts: Sequence[Account]
    not_loaded: Sequence[str]
    closed_stages: frozenset[str]

    @property
    def currencies(self) -> list[str]:
        return sorted({account.currency for account in self.accounts if account.currency})


def survey_crms(deps: Deps, workspace: str, connections: Collection[str]) -> Survey:
    """Of the connections named; none: of all there are."""
    drawn_from = [one for one in deps.connections.list(workspace) if not connections or one.id in connections]
    found = [(one, deps.connections.directories(workspace, one.id)) for one in drawn_from]
    known = [(one, directories) for one, directories in found if directories]
    not_loaded = [one.display_name for one, directories in found if directories is None]
    schema = {} if not_loaded else schema_of(each for one, has in known for each in _objects(deps, one, has))
    closed = _closed_stages(directories for _, directories in known)
    return Survey(schema, [directories.account for _, directories in known], not_loaded, closed)


def not_loaded(deps: Deps, workspace: str, connections: Collection[str]) -> list[str]:
    """By name, the connections whose fields and options nobody knows yet."""
    return list(survey_crms(deps, workspace, connections).not_loaded)


def _closed_stages(found: Iterable[Directories]) -> frozenset[str]:
    closed = (stage for each in found for stage in each.stages.values() if stage.is_closed or stage.is_won)
    return frozenset(said.strip().casefold() for stage in closed for said in (stage.id, stage.label))


def _objects(deps: Deps, connection: Connection, directories: Directories) -> list[tuple[Directories, dict[str, Kind]]]:
    """Once with each object's kind, and again for those that hold several."""
    specs = deps.platform(connection.platform).objects.values()
    most = max((len(spec.kinds) for spec in specs), default=0)
    return [(directories, {spec.name: _kind(spec, at) for spec in specs}) for at in range(most)]


def _kind(spec: ObjectSpec, at: int) -> Kind:
    return spec.kinds[min(at, len(spec.kinds) - 1)]
