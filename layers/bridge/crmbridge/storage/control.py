"""What admins set up: connections with their directories, smart groups, people, keys and the chat app."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.channels import Door
from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.groups import Group
from crmbridge.domain.records import instant_text
from crmbridge.domain.workspaces import ApiKey, Endpoint, Usual
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.due import due_items, due_place
from crmbridge.storage.items import (
    CONTROL_BY_ACCOUNT,
    DUE,
    NEW,
    Item,
    Items,
    Key,
    absent,
    equals,
    query_all,
)
from crmbridge.storage.listed import add_entry, delete_entry, entries, save_entry, version_of

CHUNK: Final = 350 * 1024
CHECK: Final = "check"
CLOCK: Final = "clock"


class ConnectionStore:
    """Directories lie beside their connection, compressed and in chunks: an account's schemas may exceed an item."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, workspace: str, id: str) -> Connection:
        found = self._stored(workspace, id)
        if found is None or found.health is Health.DISCONNECTED:
            raise NotFound("there is no such connection")
        return found

    def disconnected(self, workspace: str, id: str) -> Connection | None:
        found = self._stored(workspace, id)
        return found if found and found.health is Health.DISCONNECTED else None

    def list(self, workspace: str) -> Sequence[Connection]:
        items = query_all(self._items, f"{workspace}#connections", "connection#")
        found = [from_json(Connection, item["connection"]) for item in items]
        return [each for each in found if each.health is not Health.DISCONNECTED]

    def _stored(self, workspace: str, id: str) -> Connection | None:
        item = self._items.get(*_connection_key(workspace, id))
        return from_json(Connection, item["connection"]) if item else None

    def of_account(self, platform: str, account: str) -> Sequence[Connection]:
        places = query_all(self._items, f"{platform}#{account}", index=CONTROL_BY_ACCOUNT.name)
        rows = self._items.get_many([(place["pk"], place["sk"]) for place in places])
        return [from_json(Connection, row["connection"]) for row in rows.values() if CONTROL_BY_ACCOUNT.pk in row]

    def due(self, now: datetime) -> Sequence[Connection]:
        rows = due_items(self._items, now, "connection#")
        return [from_json(Connection, row["connection"]) for row in rows]

    def add(self, connection: Connection) -> None:
        if not self._items.put(_connection_item(connection), NEW):
            raise Clash("there is a connection with this id")

    def save(self, connection: Connection) -> Connection:
        saved = replace(connection, version=connection.version + 1)
        if not self._items.put(_connection_item(saved), equals("version", connection.version)):
            raise Stale("the connection was changed meanwhile")
        return saved

    def delete(self, connection: Connection) -> None:
        self._items.delete(*_connection_key(connection.workspace, connection.id))
        self._items.delete(*_door_key(connection.workspace, connection.id))
        chunks = query_all(self._items, _directories(connection.workspace, connection.id), attributes=("chunks",))
        self._items.delete_many([(chunk["pk"], chunk["sk"]) for chunk in chunks])

    def door(self, workspace: str, id: str) -> Door | None:
        item = self._items.get(*_door_key(workspace, id))
        return from_json(Door, item["door"]) if item else None

    def save_door(self, door: Door) -> None:
        pk, sk = _door_key(door.workspace, door.connection)
        self._items.put({"pk": pk, "sk": sk, "door": to_json(door)})

    def directories(self, workspace: str, id: str) -> Directories | None:
        """None, too, while another set is being saved over this one."""
        chunks = list(query_all(self._items, _directories(workspace, id), "chunk#"))
        chunks = [chunk for chunk in chunks if chunk["set"] == chunks[0]["set"]]
        if not chunks or len(chunks) != chunks[0]["chunks"]:
            return None
        return from_json(Directories, zlib.decompress(b"".join(chunk["body"] for chunk in chunks)).decode())

    def save_directories(self, workspace: str, id: str, directories: Directories) -> None:
        """The last one saved wins; chunks of one set carry the same mark, so that two sets are never mixed."""
        body = zlib.compress(to_json(directories).encode(), 6)
        parts = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
        shared = {"pk": _directories(workspace, id), "chunks": len(parts), "set": f"{zlib.crc32(body):08x}"}
        self._items.put_many({**shared, "sk": f"chunk#{number:03}", "body": part} for number, part in enumerate(parts))


class GroupStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, workspace: str, id: str) -> Group:
        item = self._items.get(*_group_key(workspace, id))
        if item is None:
            raise NotFound("there is no such group")
        return from_json(Group, item["group"])

    def version(self, workspace: str) -> int:
        return version_of(self._items, _groups(workspace))

    def snapshot(self, workspace: str) -> tuple[int, Sequence[Group]]:
        version, rows = entries(self._items, _groups(workspace))
        return version, [from_json(Group, row["group"]) for row in rows]

    def add(self, group: Group, cap: int) -> None:
        refused = add_entry(self._items, _group_item(group), cap, {})
        if refused == "full":
            raise Clash(f"this workspace has {cap} smart groups, as many as it may have: delete one first")
        if refused:
            raise Clash("there is a smart group with this id")

    def save(self, group: Group) -> Group:
        saved = replace(group, version=group.version + 1)
        if not save_entry(self._items, _group_item(saved), group.version):
            raise Stale("the smart group was changed meanwhile")
        return saved

    def delete(self, group: Group) -> None:
        delete_entry(self._items, _group_key(group.workspace, group.id), {})


class WorkspaceStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def people(self, workspace: str, emails: Iterable[str]) -> Mapping[str, str]:
        keys = {_person_key(workspace, email) for email in emails if email}
        rows = self._items.get_many(keys).values()
        return {row["sk"]: row["user"] for row in rows}

    def map_people(self, workspace: str, users: Mapping[str, str | None]) -> None:
        keys = {_person_key(workspace, email): user for email, user in users.items()}
        self._items.put_many({"pk": pk, "sk": sk, "user": user} for (pk, sk), user in keys.items() if user)
        self._items.delete_many(key for key, user in keys.items() if not user)

    def note_people(self, workspace: str, users: Mapping[str, str]) -> None:
        for email, user in users.items():
            pk, sk = _person_key(workspace, email)
            self._items.put({"pk": pk, "sk": sk, "user": user, "found": True}, NEW)

    def is_listed(self, workspace: str, email: str) -> bool:
        row = self._items.get(*_person_key(workspace, email))
        return row is not None and not row.get("found")

    def list_people(self, workspace: str) -> Mapping[str, str]:
        return {row["sk"]: row["user"] for row in query_all(self._items, f"{workspace}#people")}

    def api_key(self, workspace: str, id: str) -> ApiKey | None:
        row = self._items.get(*_api_key_key(workspace, id))
        return from_json(ApiKey, row["api_key"]) if row else None

    def api_keys(self, workspace: str) -> Sequence[ApiKey]:
        return [from_json(ApiKey, row["api_key"]) for row in query_all(self._items, f"{workspace}#keys")]

    def add_api_key(self, key: ApiKey) -> None:
        pk, sk = _api_key_key(key.workspace, key.id)
        if not self._items.put({"pk": pk, "sk": sk, "api_key": to_json(key)}, NEW):
            raise Clash("there is an API key with this id")

    def delete_api_key(self, workspace: str, id: str) -> None:
        self._items.delete(*_api_key_key(workspace, id))

    def endpoint(self, workspace: str) -> Endpoint | None:
        row = self._items.get(*_endpoint_key(workspace))
        return from_json(Endpoint, row["endpoint"]) if row else None

    def set_endpoint(self, workspace: str, endpoint: Endpoint) -> None:
        pk, sk = _endpoint_key(workspace)
        self._items.put({"pk": pk, "sk": sk, "endpoint": to_json(endpoint)})

    def usual(self, workspace: str) -> Usual:
        row = self._items.get(*_usual_key(workspace))
        return from_json(Usual, row["usual"]) if row else Usual()

    def set_usual(self, workspace: str, usual: Usual) -> None:
        pk, sk = _usual_key(workspace)
        self._items.put({"pk": pk, "sk": sk, "usual": to_json(usual)})

    def check_minutes(self, workspace: str) -> int | None:
        row = self._items.get(*_check_key(workspace))
        return int(row["minutes"]) if row and "minutes" in row else None

    def set_check_minutes(self, workspace: str, minutes: int | None, now: datetime) -> None:
        self._items.put(_check_item(workspace, minutes, now))

    def put_off_check(self, workspace: str, now: datetime) -> None:
        minutes = self.check_minutes(workspace)
        same = absent("minutes") if minutes is None else equals("minutes", minutes)
        self._items.put(_check_item(workspace, minutes, now), same)

    def keep_check(self, workspace: str, now: datetime) -> None:
        self._items.put(_check_item(workspace, None, now), NEW)

    def due_checks(self, now: datetime) -> Sequence[str]:
        return [row["pk"].removesuffix("#checks") for row in due_items(self._items, now, CHECK)]

    def ring_clock(self, workspace: str, now: datetime) -> None:
        pk, sk = key = _clock_key(workspace)
        self._items.put({"pk": pk, "sk": sk, **due_place(key, now)})

    def due_clocks(self, now: datetime) -> Sequence[tuple[str, datetime]]:
        rows = due_items(self._items, now, CLOCK)
        return [(row["pk"].removesuffix("#checks"), datetime.fromisoformat(row[DUE.sk])) for row in rows]

    def set_clock(self, workspace: str, seen: datetime, due: datetime | None) -> None:
        key, unmoved = _clock_key(workspace), equals(DUE.sk, instant_text(seen))
        if due is None:
            self._items.delete(*key, unmoved)
        else:
            self._items.update(key, set=due_place(key, due), when=unmoved)


def _connection_key(workspace: str, id: str) -> Key:
    return f"{workspace}#connections", f"connection#{id}"


def _door_key(workspace: str, id: str) -> Key:
    return f"{workspace}#connections", f"door#{id}"


def _connection_item(connection: Connection) -> Item:
    """Disconnected ones leave the index of accounts, and are due to be forgotten; what needs reconnecting never is."""
    key = _connection_key(connection.workspace, connection.id)
    item: Item = {"pk": key[0], "sk": key[1], "connection": to_json(connection), "version": connection.version}
    if connection.health is not Health.DISCONNECTED:
        item[CONTROL_BY_ACCOUNT.pk] = f"{connection.platform}#{connection.account}"
        item[CONTROL_BY_ACCOUNT.sk] = f"{connection.workspace}#{connection.id}"
    if connection.health is not Health.NEEDS_RECONNECT:
        times = (connection.full_due_at, connection.incremental_due_at, connection.tend_due_at)
        dues = [due for due in times if due]
        item |= due_place(key, min(dues, default=None))
    return item


def _directories(workspace: str, id: str) -> str:
    return f"{workspace}#directories#{id}"


def _groups(workspace: str) -> str:
    return f"{workspace}#groups"


def _group_key(workspace: str, id: str) -> Key:
    return _groups(workspace), f"group#{id}"


def _group_item(group: Group) -> Item:
    pk, sk = _group_key(group.workspace, group.id)
    return {"pk": pk, "sk": sk, "group": to_json(group), "version": group.version}


def _person_key(workspace: str, email: str) -> Key:
    return f"{workspace}#people", email.strip().casefold()


def _api_key_key(workspace: str, id: str) -> Key:
    return f"{workspace}#keys", f"key#{id}"


def _endpoint_key(workspace: str) -> Key:
    return f"{workspace}#chat", "endpoint"


def _check_key(workspace: str) -> Key:
    return f"{workspace}#checks", CHECK


def _check_item(workspace: str, minutes: int | None, now: datetime) -> Item:
    pk, sk = key = _check_key(workspace)
    said = {} if minutes is None else {"minutes": minutes}
    due = now + (timedelta(days=1) if minutes is None else timedelta(minutes=minutes))
    return {"pk": pk, "sk": sk, **said, **due_place(key, due)}


def _usual_key(workspace: str) -> Key:
    return f"{workspace}#settings", "usual"


def _clock_key(workspace: str) -> Key:
    return f"{workspace}#checks", CLOCK
