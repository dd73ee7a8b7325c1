"""Links that are too many for one transaction, moved in steps that each leave the store consistent.

A part's links are those in the item and those in forward edges together, never in both; each has its reverse edge. A
step changes some of them in all these places at once, on condition that the part's token is still ours, so whoever
takes over continues from a true picture. The fingerprint is written last: until then every reading is news.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crmbridge.domain.merging import Mark
from crmbridge.domain.records import Link, RecordKey
from crmbridge.storage.items import Items, When, Write, equals, in_chunks, query_all
from crmbridge.storage.record_items import (
    INLINE,
    LINKS,
    MORE,
    forward_link,
    forward_prefix,
    forward_put,
    item_key,
    links_text,
    read_links,
    reverse_key,
    reverse_put,
)

_LINKS_PER_STEP = 49
"""A link costs up to two writes, and one is for the item."""


@dataclass(frozen=True, slots=True)
class Move:
    """All links of `owner` to `target` shall become `wanted`, by who holds the `token` in the item."""

    owner: RecordKey
    target: str
    wanted: Sequence[Link]
    mark: Mark
    token: str

    @property
    def part(self) -> str:
        return LINKS + self.target

    @property
    def is_ours(self) -> When:
        return equals(self.part + MORE, self.token)


@dataclass(frozen=True, slots=True)
class Step:
    """What one link costs: writes of edges, and its new place in the item (None: not there)."""

    external_id: str
    inline: Link | None
    edges: tuple[Write, ...]


def move_links(items: Items, move: Move) -> bool:
    """False when a newer reading took over; it sees to the rest."""
    key = item_key(move.owner)
    inline = {link.external_id: link for link in _inline(items, move)}
    steps = _steps(move, inline, {link.external_id: link for link in forward_links(items, move.owner, move.target)})
    for chunk in in_chunks(steps, _LINKS_PER_STEP):
        before = dict(inline)
        for step in chunk:
            _place(inline, step)
        edges = [write for step in chunk for write in step.edges]
        if items.write_all([*edges, _own(move, inline, has_changed=inline != before)]):
            return False
    done = Write(key=key, set=_finished(move, inline), remove=_gone(move), when=move.is_ours)
    return not items.write_all([done])


def forward_links(items: Items, owner: RecordKey, target: str) -> list[Link]:
    return [forward_link(item) for item in query_all(items, *forward_prefix(owner, target))]


def _inline(items: Items, move: Move) -> tuple[Link, ...]:
    found = items.get_many([item_key(move.owner)], [move.part])
    return next((read_links(move.target, item[move.part]) for item in found.values() if move.part in item), ())


def _steps(move: Move, inline: dict[str, Link], forward: dict[str, Link]) -> Iterator[Step]:
    """Links that go come first, so that the item never holds more than before or after."""
    inline, wanted = dict(inline), {link.external_id: link for link in move.wanted}
    for id, link in (inline | forward).items():
        if id not in wanted:
            gone = [Write(key=reverse_key(move.owner, link), delete=True)]
            yield Step(id, None, (*gone, *_without_forward(move, link, forward)))
    for id, link in wanted.items():
        new = () if id in inline or id in forward else (reverse_put(move.owner, link, move.mark.ord),)
        if len(wanted) <= INLINE:
            yield Step(id, link, (*new, *_without_forward(move, link, forward)))
        elif forward.get(id) != link:
            yield Step(id, None, (*new, forward_put(move.owner, link, move.mark.ord)))


def _without_forward(move: Move, link: Link, forward: dict[str, Link]) -> tuple[Write, ...]:
    if link.external_id not in forward:
        return ()
    return (forward_put(move.owner, link, "")._replace(put=None, delete=True),)


def _place(inline: dict[str, Link], step: Step) -> None:
    if step.inline is None:
        inline.pop(step.external_id, None)
    else:
        inline[step.external_id] = step.inline


def _own(move: Move, inline: dict[str, Link], *, has_changed: bool) -> Write:
    """The owner's part in a step; where its own list stays as it is, only a check that it is still ours."""
    changed = {move.part: links_text(inline.values())} if has_changed else {}
    return Write(key=item_key(move.owner), set=changed, when=move.is_ours)


def _finished(move: Move, inline: dict[str, Link]) -> dict[str, str]:
    return {f"{move.part}:fp": move.mark.fingerprint, move.part: links_text(inline.values())}


def _gone(move: Move) -> tuple[str, ...]:
    return (move.part + MORE,) if len(move.wanted) <= INLINE else ()
