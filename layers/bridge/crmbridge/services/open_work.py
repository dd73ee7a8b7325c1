"""What every page of a task needs: the connection, its platform, a door to the CRM, and the names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.runs import RunType, Task
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Page, Platform
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import fresh_directories, known_directories, refresh_directories

PAGE_MARGIN: Final = timedelta(seconds=45)
"""What one page may take: reading it, its links, and storing them."""

Reading = tuple[datetime, Page]
"""When its reading began, and a page."""


@dataclass(slots=True)
class Work:
    """`directories` may be loaded anew while a task is worked on. `listed` are the ids that the page just stored
    showed, which the next checkpoint saves; `ahead` is the next page, where it has been asked for."""

    connection: Connection
    platform: Platform
    api: Api
    directories: Directories
    deadline: datetime
    listed: Sequence[str] = ()
    ahead: Callable[[], Reading] | None = None


def open_work(deps: Deps, task: Task, deadline: datetime) -> Work:
    """The run's first task loads the names anew where it is due; the others use what is stored then."""
    connection = deps.connections.get(task.workspace, task.connection)
    platform = deps.platform(connection.platform)
    api = open_api(deps, connection, "incremental" if task.window else "full")
    if task.step != "directories":
        load = known_directories
    else:
        is_full = deps.journal.run(task.workspace, task.run).type is RunType.FULL
        load = refresh_directories if is_full else fresh_directories
    return Work(connection, platform, api, load(deps, platform, connection, api), deadline)
