"""What a workspace's people may know of its connections."""

from collections.abc import Sequence

from crmbridge.domain.connections import Caller, Connection
from crmbridge.services.ports import Deps


def list_connections(deps: Deps, caller: Caller) -> Sequence[Connection]:
    return deps.connections.list(caller.workspace)


def read_connection(deps: Deps, caller: Caller, id: str) -> Connection:
    """Raises NotFound, for a foreign one as for an unknown one."""
    return deps.connections.get(caller.workspace, id)
