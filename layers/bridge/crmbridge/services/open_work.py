"""What every page of a task needs: the connection, its platform, a door to the CRM, and the names."""

from dataclasses import dataclass

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.runs import Task
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Platform
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import known_directories, refresh_directories


@dataclass(frozen=True, slots=True)
class Work:
    connection: Connection
    platform: Platform
    api: Api
    directories: Directories


def open_work(deps: Deps, task: Task) -> Work:
    """The run's first task loads the names anew; the others use what it stored."""
    connection = deps.connections.get(task.workspace, task.connection)
    platform = deps.platform(connection.platform)
    api = open_api(deps, connection, "incremental" if task.window else "full")
    load = refresh_directories if task.step == "directories" else known_directories
    return Work(connection, platform, api, load(deps, platform, connection, api))
