"""What a chat's panel is about, and how each person has it: two things that are set apart."""

from dataclasses import dataclass, replace

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.records import Json, RecordKey, State
from crmbridge.domain.sidepanels import LINKABLE, PanelLink
from crmbridge.domain.stored import Stored
from crmbridge.services.follow_record import follow_record
from crmbridge.services.move_panels import move_link
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import check_writer


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelWish:
    """What to set; None leaves it as it is."""

    record: RecordKey | None = None
    open: bool | None = None
    position: str | None = None


def set_panel(deps: Deps, caller: Caller, chat: str, wish: PanelWish) -> None:
    """Link the chat, and set up the caller's own view of it. Raises Invalid when there is nothing to set, NotFound for
    records that are not this workspace's, Forbidden for those who may not write; then nothing has been set."""
    view = {name: value for name in ("open", "position") if (value := getattr(wish, name)) is not None}
    if wish.record is None and not view:
        raise Invalid(Problem("record", "names nothing to set", "give a record, open or position"))
    if wish.record is not None:
        _link(deps, caller, chat, wish.record)
    if view:
        known = deps.sidepanels.view(caller.workspace, chat, caller.user)
        deps.sidepanels.set_view(caller.workspace, chat, caller.user, replace(known, **view))


def unlink_chat(deps: Deps, caller: Caller, chat: str) -> None:
    """A chat that is linked to nothing stays so. Views are people's own, and stay."""
    check_writer(caller)
    before = deps.sidepanels.link(caller.workspace, chat)
    if before is not None:
        deps.sidepanels.remove_link(before)


def chats_of_record(deps: Deps, caller: Caller, key: RecordKey, *, limit: int, cursor: str | None) -> dict[str, Json]:
    """`{"items", "cursor"}` of the chats that link the record, or the one it was merged into."""
    deps.connections.get(caller.workspace, key.connection)
    found = follow_record(deps, key)
    if found is None:
        raise NotFound("there is no such record; it may not be synced yet")
    page = deps.sidepanels.chats(found.key, limit=limit, cursor=cursor)
    return {"items": [{"chat": chat} for chat in page.items], "cursor": page.cursor}


def linked_record(deps: Deps, workspace: str, chat: str) -> tuple[PanelLink | None, Stored | None]:
    """The link, and the record it means today. Where that was merged into another, and the news of it is still on its
    way, the link is moved there, too."""
    link = deps.sidepanels.link(workspace, chat)
    found = follow_record(deps, link.record) if link else None
    if link and found and found.key != link.record:
        move_link(deps, link, found.key)
    return link, found


def _link(deps: Deps, caller: Caller, chat: str, key: RecordKey) -> None:
    check_writer(caller)
    deps.connections.get(caller.workspace, key.connection)
    found = follow_record(deps, key)
    if found is None or found.record.state is not State.LIVE:
        raise NotFound("record: there is no such record; it may not be synced yet, or is gone from the CRM")
    if found.record.kind not in LINKABLE:
        kinds = ", ".join(LINKABLE)
        raise Invalid(Problem("record", f"is a {found.record.kind}", f"a chat is linked to one of {kinds}"))
    before = deps.sidepanels.link(caller.workspace, chat)
    if before is None or before.record != found.key:
        link = PanelLink(chat=chat, record=found.key, linked_by=caller.user, linked_at=deps.now())
        deps.sidepanels.set_link(link, before)
