"""What a new record hangs on when nobody says so: the record that its chat is linked to."""

from collections.abc import Mapping

from crmbridge.domain.actions import ActionType, Target
from crmbridge.domain.connections import Connection
from crmbridge.domain.records import Json, State
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps


def chat_link(deps: Deps, connection: Connection, body: Mapping[str, Json], type: ActionType) -> tuple[Target, ...]:
    """Of a chat that is about a live record of this connection. `links` in the body, an empty list too, say it all; a
    record of the kind that is made is beside it, not around it."""
    if not type.creates or "links" in body or not body.get("chat"):
        return ()
    link = deps.sidepanels.link(connection.workspace, body["chat"])
    found = follow_record(deps, link.record) if link and link.record.connection == connection.id else None
    if found is None or found.record.state is not State.LIVE or found.record.kind is type.kind:
        return ()
    return (Target(found.key.object, found.key.external_id),)
