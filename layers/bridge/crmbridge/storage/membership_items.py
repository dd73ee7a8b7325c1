"""How memberships lie in their table.

    pk  workspace#g#group
        sk  member#person                               the wanted state, and how often it was touched (`dirty`)
        sk  support#person#connection#object#id         a record's reason for that person, with its proof
        sk  left_out#who#connection#object#id           a contact or an owner of a matching record who brings nobody
        sk  history#person#sequence                     every change of the wanted state; only ever added to
        sk  moved#instant#person#sequence               the same line again, in the order of time
        sk  removals                                    who was let go of late, and whether removals are held
    pk  workspace#p#person
        sk  group                                       a group that has, or had, a row for that person
    pk  workspace#r#connection#object#id
        sk  held                                        the same supports seen from the record, the guard's version, and
                                                        when the record is looked at because of the passing of time

`held` stays when its list is empty: a worker that saw it before must not take it for a record never looked at.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

import orjson

from crmbridge.domain.groups import Held, Member, Moved, Support
from crmbridge.domain.records import NEVER, RecordKey, instant_text
from crmbridge.storage.codec import decode, encode, json_text
from crmbridge.storage.due import due_place
from crmbridge.storage.items import DUE, Item, Key, When, Write, absent, equals
from crmbridge.storage.keys import joined, part, parts
from crmbridge.storage.texts import packed, unpacked

HELD: Final = "held"
REMOVALS: Final = "removals"
SUPPORT: Final = "support"
LEFT_OUT: Final = "left_out"


def group_partition(workspace: str, group: str) -> str:
    return joined(workspace, "g", group)


def member_place(workspace: str, group: str, person: str) -> Key:
    return group_partition(workspace, group), joined("member", person)


def member_key(pk: str, sk: str) -> tuple[str, str, str] | None:
    """(workspace, group, person) of a member's row; None for any other row."""
    kind, *rest = parts(sk)
    if kind != "member":
        return None
    workspace, _, group = parts(pk)
    return workspace, group, rest[0]


def read_member(item: Item) -> Member:
    _, group, person = member_key(item["pk"], item["sk"]) or ("", "", "")
    return decode(Member, {**item, "group": group, "person": person})


OVERRIDE: Final = ("override", "override_by", "override_at")
_NOT_DECIDED: Final = ("group", "person", "dirty", "delivered", *OVERRIDE)
"""Its key, and what others write."""


def member_attributes(member: Member) -> dict[str, Any]:
    """What a decision writes; attributes that are None are left out."""
    return {name: value for name, value in encode(member).items() if value is not None and name not in _NOT_DECIDED}


def touch(workspace: str, support: Support) -> Write:
    """Mark a member as dirty, due at once: the stream rings first, the schedule if the stream fails."""
    key = member_place(workspace, support.group, support.person)
    return Write(key=key, add={"dirty": 1}, set=due_place(key, NEVER))


def person_partition(workspace: str, person: str) -> str:
    return joined(workspace, "p", person)


def meeting(workspace: str, group: str, person: str) -> Item:
    """Stored no later than a member's first touch: a person finds every group with a row for them."""
    return {"pk": person_partition(workspace, person), "sk": part(group)}


def counts(attribute: str, number: int) -> When:
    """The attribute still has that number; 0 is also what is not there."""
    return equals(attribute, number) | absent(attribute) if number == 0 else equals(attribute, number)


def history_place(workspace: str, group: str, person: str, sequence: int) -> Key:
    return group_partition(workspace, group), joined("history", person, f"{sequence:08}")


def moved_place(workspace: str, group: str, at: datetime, person: str, sequence: int) -> Key:
    return group_partition(workspace, group), joined("moved", instant_text(at), person, f"{sequence:08}")


def read_moved(item: Item) -> Moved:
    *_, person, sequence = parts(item["sk"])
    return decode(Moved, {**item, "person": person, "sequence": int(sequence)})


def history_puts(workspace: str, member: Member, now: datetime, reason: str) -> Iterator[Write]:
    line = {"at": instant_text(now), "wanted": member.wanted, "supports": member.supports, "reason": reason}
    known = {**line, **({"user": member.user} if member.user else {})}
    of_person = history_place(workspace, member.group, member.person, member.sequence)
    of_group = moved_place(workspace, member.group, now, member.person, member.sequence)
    for pk, sk in (of_person, of_group):
        yield Write(key=(pk, sk), put={"pk": pk, "sk": sk, **known})


def support_prefix(workspace: str, group: str, person: str) -> Key:
    return group_partition(workspace, group), joined(SUPPORT, person) + "#"


def support_place(support: Support) -> Key:
    record, kind = support.record, LEFT_OUT if support.left_out else SUPPORT
    place = joined(kind, support.person, record.connection, record.object, record.external_id)
    return group_partition(record.workspace, support.group), place


def support_put(support: Support) -> Write:
    pk, sk = key = support_place(support)
    said = {"left_out": support.left_out} if support.left_out else {}
    item = {"pk": pk, "sk": sk, "epoch": support.epoch, "proof": json_text(support.proof), **said}
    return Write(key=key, put=item)


def read_support(item: Item) -> Support:
    workspace, _, group = parts(item["pk"])
    _, person, *record = parts(item["sk"])
    proof, left_out = orjson.loads(item["proof"]), item.get("left_out", "")
    return Support(group, person, RecordKey(workspace, *record), item["epoch"], proof, left_out)


def held_place(key: RecordKey) -> Key:
    return joined(key.workspace, "r", key.connection, key.object, key.external_id), HELD


def held_write(key: RecordKey, now: Held, supports: Collection[Support]) -> Write:
    """The record's list after one step, on condition that nobody else moved it, nor with newer groups."""
    listed = [[one.group, one.person, one.epoch, one.proof, one.left_out] for one in supports]
    stored = {"version": now.version + 1, "groups_version": now.groups_version, "supports": packed(json_text(listed))}
    return Write(key=held_place(key), set=stored, when=counts("version", now.version))


def read_held(key: RecordKey, item: Item) -> Held:
    """It may only wait, and never have supported anybody."""
    listed = orjson.loads(unpacked(item["supports"])) if "supports" in item else ()
    supports = tuple(Support(group, person, key, *rest) for group, person, *rest in listed)
    wakes_at = datetime.fromisoformat(item[DUE.sk]) if DUE.sk in item else None
    return Held(supports, item.get("groups_version", 0), item.get("version", 0), wakes_at)


def held_key(pk: str) -> RecordKey:
    workspace, _, *record = parts(pk)
    return RecordKey(workspace, *record)


def wakings(workspace: str) -> str:
    """A workspace's agenda of its own: midnight comes for many records at once."""
    return joined(workspace, "wakings")
