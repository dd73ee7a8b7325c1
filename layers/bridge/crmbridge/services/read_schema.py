"""The fields a connection's CRM has, as its admins named them."""

from collections.abc import Mapping, Sequence

from crmbridge.domain.connections import Caller
from crmbridge.domain.directories import Field
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import known_directories, refresh_directories


def read_schema(deps: Deps, caller: Caller, connection_id: str, *, live: bool = False) -> Mapping[str, Sequence[Field]]:
    """Per CRM object. `live` asks the CRM now; otherwise as of the last run."""
    connection = deps.connections.get(caller.workspace, connection_id)
    platform = deps.platform(connection.platform)
    load = refresh_directories if live else known_directories
    directories = load(deps, platform, connection, open_api(deps, connection, "click"))
    return {name: list(fields.values()) for name, fields in directories.fields.items()}
