"""A record was merged or converted: the links of chats to it go to the one it lives on as, and so do its actions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from crmbridge.domain.errors import Stale
from crmbridge.domain.messages import Message
from crmbridge.domain.records import RecordKey
from crmbridge.domain.sidepanels import PanelLink
from crmbridge.services.follow_edits import LOOKED_AT
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches

PAGE: Final = 100


def ring_panels(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Of one workspace."""
    for batch in batches(keys):
        workspace = batch[0].workspace
        records = [[key.connection, key.object, key.external_id] for key in batch]
        deps.queues.chat.send(Message({"workspace": workspace, "moved": records}, f"{workspace}#moved"))


def move_panels(deps: Deps, workspace: str, records: Sequence[Sequence[str]]) -> None:
    """Doing it again changes nothing."""
    for record in records:
        _move_all(deps, RecordKey(workspace, *record))


def move_link(deps: Deps, link: PanelLink, successor: RecordKey) -> None:
    """Whoever links the chat anew meanwhile knows better."""
    try:
        deps.sidepanels.set_link(replace(link, record=successor), link)
    except Stale:
        return


def _move_all(deps: Deps, key: RecordKey) -> None:
    found = follow_record(deps, key)
    if found is None or found.key == key:
        return
    deps.actions.hand_on(key, found.key, limit=LOOKED_AT)
    cursor = None
    while True:
        page = deps.sidepanels.chats(key, limit=PAGE, cursor=cursor)
        for link in [deps.sidepanels.link(key.workspace, chat) for chat in page.items]:
            if link and link.record == key:
                move_link(deps, link, found.key)
        cursor = page.cursor
        if cursor is None:
            return
