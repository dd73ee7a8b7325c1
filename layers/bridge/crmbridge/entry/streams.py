"""DynamoDB streams: images become what moved. A failure is raised: the mapping cuts the batch, tries again, and keeps
what cannot be passed on."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmbridge.domain.changes import Cause, MemberMoved, Origin, RecordMoved, Unlinked
from crmbridge.domain.merging import CORE
from crmbridge.domain.records import Kind, State
from crmbridge.log import log
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps
from crmbridge.storage.codec import from_json
from crmbridge.storage.contents import changed_fields
from crmbridge.storage.membership_items import member_key
from crmbridge.storage.record_items import forward_end, inline_links, record_key
from crmbridge.storage.texts import unpacked

Event = Mapping[str, Any]
Image = Mapping[str, Any]
"""An item's texts and numbers, without DynamoDB's type names."""

_FINGERPRINT: Final = ":fp"


def answer(deps: Deps, event: Event) -> dict[str, Any]:
    passed_on = fan_out(deps, moves(event))
    log.info("changes fanned out", received=len(event["Records"]), passed_on=passed_on)
    return {}


def moves(event: Event) -> Iterator[RecordMoved | MemberMoved | Unlinked]:
    """Items of either table are known by their shape; edges that come and what else lies there are nobody's news."""
    for record in event["Records"]:
        old, new = _image(record, "OldImage"), _image(record, "NewImage")
        is_record = "kind" in (new or old)
        moved = record_moved(old, new, record.get("eventID", "")) if is_record else member_moved(old, new)
        if moved is not None:
            yield moved
        yield from _unlinked(old, new)


def record_moved(old: Image, new: Image, id: str) -> RecordMoved | None:
    item = new or old
    key = record_key(item["pk"], item["sk"])
    if key is None:
        return None
    cause = from_json(Cause, item["cause"])
    return RecordMoved(
        key=key,
        kind=Kind(item["kind"]),
        state_before=_state(old),
        state=_state(new),
        cause=cause,
        parts=tuple(_changed_parts(old, new)),
        kind_before=Kind(old["kind"]) if "kind" in old else None,
        id=id,
        fields=() if cause.origin is Origin.BACKFILL else _changed_fields(old, new),
        before=old,
        after=new,
    )


def member_moved(old: Image, new: Image) -> MemberMoved | None:
    """A member's row is news when it was touched, not when the wanted state was decided or delivered."""
    key = member_key(new["pk"], new["sk"]) if new.get("dirty") != old.get("dirty") and new else None
    return MemberMoved(*key) if key else None


def _unlinked(old: Image, new: Image) -> Iterator[Unlinked]:
    """The ends of links that were there before."""
    owner = record_key(old["pk"], old["sk"]) if old.get("kind") else None
    if owner:
        gone = {
            target: set(links) - set(inline_links(new).get(target, ())) for target, links in inline_links(old).items()
        }
        ends = {(target, link.external_id) for target, links in gone.items() for link in links}
        yield from (Unlinked(owner._replace(object=target, external_id=id)) for target, id in sorted(ends))
    elif old and not new and (end := forward_end(old["pk"], old["sk"])):
        yield Unlinked(end)


def _state(image: Image) -> State | None:
    return State(image["state"]) if image else None


def _changed_parts(old: Image, new: Image) -> Iterator[str]:
    for name in sorted({name for name in (*old, *new) if name.endswith(_FINGERPRINT)}):
        if old.get(name) != new.get(name):
            yield name.removesuffix(_FINGERPRINT)


def _changed_fields(old: Image, new: Image) -> tuple[str, ...]:
    before, after = old.get(CORE), new.get(CORE)
    if before is None or after is None or before == after:
        return ()
    return changed_fields(unpacked(before), unpacked(after))


def _image(record: Mapping[str, Any], side: str) -> Image:
    typed: Mapping[str, Mapping[str, Any]] = record["dynamodb"].get(side) or {}
    return {name: _plain(*next(iter(value.items()))) for name, value in typed.items()}


def _plain(type: str, value: Any) -> Any:
    return b64decode(value) if type == "B" else value
