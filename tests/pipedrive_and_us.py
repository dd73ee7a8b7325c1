"""What tests of Pipedrive ask the adapter and the simulator for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Record
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.spec import PageRequest, Window

from local.simulators import Running

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def everything(
    api: Api, directories: Directories, object: str, window: Window | None = None
) -> tuple[list[Sighting], int]:
    """All pages of all steps, and how many calls they cost."""
    spec, before = PIPEDRIVE.objects[object], api.calls
    seen: list[Sighting] = []
    for step in spec.changes if window else spec.listings:
        cursor: Mapping[str, Any] | None = {}
        while cursor is not None:
            request = PageRequest(object=object, directories=directories, step=step, cursor=cursor, window=window)
            page = PIPEDRIVE.page(api, request)
            seen, cursor = seen + list(page.seen), page.next
    return seen, api.calls - before


def ids(seen: list[Sighting]) -> list[str]:
    return [one.external_id for one in seen]


def live(sim: Running, object: str) -> list[str]:
    found: list[str] = sim.state(object=object, ids_only=1, limit=1_000_000)["live"]
    return found


def make(sim: Running, object: str, count: int = 1, **fields: Any) -> list[str]:
    made: list[str] = sim.mutate({"op": "create", "object": object, "count": count, "fields": fields})[0]["ids"]
    return [str(id) for id in made]


def record(seen: Sighting, directories: Directories) -> Record:
    context = ReadContext.of(directories, seen.object)
    return PIPEDRIVE.read(seen.kind, seen.raw, context, object=seen.object, links=seen.links)


def fetched(api: Api, directories: Directories, object: str, id: str) -> Record:
    return record(PIPEDRIVE.fetch(api, object, [id], directories)[0], directories)


def now(sim: Running) -> datetime:
    """By the simulator's clock, which some tests move."""
    return datetime.fromisoformat(sim.control("GET", "clock")["now"])


def around(moment: datetime) -> Window:
    return Window(moment - timedelta(seconds=2), moment + timedelta(seconds=2))
