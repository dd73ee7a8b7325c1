"""Tell those who care what moved in the tables. Woken by the streams of records and memberships."""

from typing import Any

from crmbridge.entry.streams import answer
from crmbridge.wiring import deps


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event)
