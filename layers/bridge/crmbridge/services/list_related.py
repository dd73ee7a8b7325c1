"""The records around a record, over its links in both directions: a deal's contacts and company, a company's deals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.records import NEVER, Json, Kind, Link, RecordKey, State
from crmbridge.domain.sidepanels import LINKABLE
from crmbridge.domain.stored import Stored
from crmbridge.domain.views import known_of
from crmbridge.platforms.spec import Platform
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import Names, show_briefly

LOOKED_AT: Final = 50
"""Related records of a kind that are read at the most; a company may have thousands."""
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class _Near:
    stored: Stored
    label: str
    is_primary: bool
    is_open: bool

    @property
    def rank(self) -> tuple[bool, bool, datetime]:
        return self.is_primary, self.is_open, self.stored.record.remote_updated_at or NEVER


def list_related(
    deps: Deps, platform: Platform, directories: Directories | None, stored: Stored, names: Names
) -> list[Mapping[str, Json]]:
    """Per kind that has any: `count` of those that live (`more`: at least so many), the foremost first: primary ones,
    open deals, then what was changed last."""
    found: list[Mapping[str, Json]] = []
    for kind in LINKABLE:
        links = list(_links(deps, platform, stored, kind)) if kind is not stored.record.kind else []
        near = _near(deps, directories, links[:LOOKED_AT])
        if near:
            shown = show_briefly(deps, [one.stored for one in near[:SHOWN]], names)
            items = [
                {**brief, "label": one.label, "primary": one.is_primary, "open": one.is_open}
                for brief, one in zip(shown, near, strict=False)
            ]
            more = len(links) > LOOKED_AT
            found.append({"kind": kind.value, "count": len(near), "more": more, "items": items})
    return found


def related_keys(deps: Deps, platform: Platform, stored: Stored, kind: Kind) -> list[RecordKey]:
    """Of one kind, as many as are looked at; of an object that holds several kinds, the others, too."""
    return [key for key, _ in _links(deps, platform, stored, kind)][:LOOKED_AT]


def _links(deps: Deps, platform: Platform, stored: Stored, kind: Kind) -> Iterator[tuple[RecordKey, Link | None]]:
    """The links the record owns, and those to it that others own; one more than are looked at, if there is one."""
    own = platform.objects.get(stored.key.object)
    for spec in platform.objects.values():
        if kind not in spec.kinds:
            continue
        there = stored.key._replace(object=spec.name)
        if own is not None and spec.name in own.links:
            for link in stored.record.links.get(spec.name, ()):
                yield there._replace(external_id=link.external_id), link
        elif stored.key.object in spec.links:
            for id in deps.records.linked(stored.key, spec.name, limit=LOOKED_AT + 1):
                yield there._replace(external_id=id), None


def _near(deps: Deps, directories: Directories | None, links: Sequence[tuple[RecordKey, Link | None]]) -> list[_Near]:
    stored = deps.records.get_many([key for key, _ in links]) if links else {}
    near = [
        _Near(one, link.label if link else "", link is not None and link.primary, is_open_deal(one, directories))
        for key, link in links
        if (one := stored.get(key)) and one.record.state is State.LIVE
    ]
    return sorted(near, key=lambda one: one.rank, reverse=True)


def is_open_deal(stored: Stored, directories: Directories | None) -> bool:
    """A deal of which nobody knows whether it is closed counts as open."""
    if stored.record.kind is not Kind.DEAL:
        return False
    facts = known_of(stored.record, directories)
    return facts.get("is_closed") is not True and facts.get("is_won") is not True
