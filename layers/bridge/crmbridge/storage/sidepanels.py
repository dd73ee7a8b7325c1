"""Sidepanels in the control table: a chat's link and its people's views in one partition, a record's chats in another.

pk  workspace#sidepanel#chat                     sk  link            the record that the chat is about
                                                 sk  view#user       how one person has the panel
pk  workspace#linked#connection#object#id        sk  chat#chat       the same link, seen from its record
"""

from crmbridge.domain.errors import Stale
from crmbridge.domain.records import RecordKey, instant_text
from crmbridge.domain.sidepanels import PanelLink, View
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.items import NEW, Items, Key, When, Write, equals
from crmbridge.storage.keys import cursor_of, foreign_cursor, joined, part, parts, place_of

_LINK = "link"
_CHATS = "chat#"


class SidepanelStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def link(self, workspace: str, chat: str) -> PanelLink | None:
        item = self._items.get(*_link_key(workspace, chat))
        return from_json(PanelLink, item["link"]) if item else None

    def set_link(self, link: PanelLink, before: PanelLink | None) -> None:
        pk, sk = key = _link_key(link.record.workspace, link.chat)
        item = {"pk": pk, "sk": sk, "link": to_json(link), "token": _token(link)}
        back_pk, back_sk = back = _back_key(link)
        writes = [
            Write(key=key, put=item, when=_unchanged(before)),
            Write(key=back, put={"pk": back_pk, "sk": back_sk}),
        ]
        if before and before.record != link.record:
            writes.append(Write(key=_back_key(before), delete=True))
        self._write(writes)

    def remove_link(self, before: PanelLink) -> None:
        key = _link_key(before.record.workspace, before.chat)
        gone = [
            Write(key=key, delete=True, when=_unchanged(before)),
            Write(key=_back_key(before), delete=True),
        ]
        self._write(gone)

    def chats(self, record: RecordKey, *, limit: int, cursor: str | None) -> PageOf[str]:
        pk = _record_partition(record)
        page = self._items.query(pk, _CHATS, limit=limit, after=_after(pk, cursor))
        return PageOf([_chat_of(row["sk"]) for row in page.items], cursor_of(page.after["sk"]) if page.after else None)

    def view(self, workspace: str, chat: str, user: str) -> View:
        item = self._items.get(*_view_key(workspace, chat, user))
        return from_json(View, item["view"]) if item else View()

    def set_view(self, workspace: str, chat: str, user: str, view: View) -> None:
        pk, sk = _view_key(workspace, chat, user)
        self._items.put({"pk": pk, "sk": sk, "view": to_json(view)})

    def _write(self, writes: list[Write]) -> None:
        if self._items.write_all(writes):
            raise Stale("the chat was linked to another record meanwhile")


def _panel(workspace: str, chat: str) -> str:
    return joined(workspace, "sidepanel", chat)


def _link_key(workspace: str, chat: str) -> Key:
    return _panel(workspace, chat), _LINK


def _view_key(workspace: str, chat: str, user: str) -> Key:
    return _panel(workspace, chat), f"view#{part(user)}"


def _record_partition(record: RecordKey) -> str:
    return joined(record.workspace, "linked", record.connection, record.object, record.external_id)


def _back_key(link: PanelLink) -> Key:
    return _record_partition(link.record), _CHATS + part(link.chat)


def _token(link: PanelLink) -> str:
    """Tells one linking from every other."""
    return f"{instant_text(link.linked_at)}#{link.linked_by}#{link.record}"


def _unchanged(before: PanelLink | None) -> When:
    return equals("token", _token(before)) if before else NEW


def _chat_of(sk: str) -> str:
    return parts(sk)[1]


def _after(pk: str, cursor: str | None) -> dict[str, str] | None:
    if cursor is None:
        return None
    [sk] = place_of(cursor, str)
    if not sk.startswith(_CHATS):
        foreign_cursor()
    return {"pk": pk, "sk": sk}
