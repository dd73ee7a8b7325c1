"""Load what names come from (owners, stages, schemas, account facts) and keep it beside the connection."""

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Platform
from crmbridge.services.ports import Deps


def refresh_directories(deps: Deps, platform: Platform, connection: Connection, api: Api) -> Directories:
    """Return what the CRM has now; stored only when it differs, so that nothing is written in vain."""
    loaded = platform.load_directories(api)
    if loaded != deps.connections.directories(connection.workspace, connection.id):
        deps.connections.save_directories(connection.workspace, connection.id, loaded)
    return loaded


def known_directories(deps: Deps, platform: Platform, connection: Connection, api: Api) -> Directories:
    """Return the stored ones; loaded when there are none yet."""
    stored = deps.connections.directories(connection.workspace, connection.id)
    return stored or refresh_directories(deps, platform, connection, api)
