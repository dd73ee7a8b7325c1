"""Stored records by the beginning of a name, or by an e-mail. The CRMs are not asked: Slack waits for no one."""

from typing import Final

from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps

KINDS: Final = (Kind.CONTACT, Kind.COMPANY, Kind.DEAL)
SHORTEST: Final = 2
LONGEST: Final = 320
"""No e-mail is longer, and no table has keys for what people may type."""


def find_records(deps: Deps, workspace: str, text: str, *, limit: int, kind: Kind | None = None) -> list[Stored]:
    """Those that live, and whose connection does."""
    wanted, text = (kind,) if kind else KINDS, text.strip()[:LONGEST]
    if "@" in text:
        found = [*deps.records.by_email(workspace, text.casefold())]
    elif len(text) < SHORTEST:
        raise Invalid(Problem("the name", "is too short", "type more of it, or a whole e-mail address"))
    else:
        pages = [deps.records.by_name(workspace, one, text, limit=limit, cursor=None) for one in wanted]
        found = [stored for page in pages for stored in page.items]
    connected = {connection.id for connection in deps.connections.list(workspace)}
    living = [
        one
        for one in found
        if one.record.state is State.LIVE and one.record.kind in wanted and one.key.connection in connected
    ]
    return living[:limit]


def referred_record(deps: Deps, workspace: str, reference: str) -> Stored | None:
    """The record that a button or an option names, or the one it was merged into; None for what is not there."""
    parts = reference.split("/", 2)
    if len(parts) != 3 or parts[0] not in {connection.id for connection in deps.connections.list(workspace)}:
        return None
    return follow_record(deps, RecordKey(workspace, *parts))


def writable(deps: Deps, workspace: str, type: str) -> list[Connection]:
    """Connections that take actions of this type."""
    return [
        one
        for one in deps.connections.list(workspace)
        if one.settings.direction != "from_crm" and type in deps.platform(one.platform).actions
    ]
