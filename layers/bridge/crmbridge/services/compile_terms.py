"""Predicates of groups and rules, made ready to be asked; what was compiled before is not compiled again."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeVar

import orjson

from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Predicate, compile_predicate, schema_of_types
from crmbridge.domain.records import Json, Kind, Type

MOST_KEPT: Final = 16
"""Workspaces of which one process keeps what was compiled."""


class Terms(NamedTuple):
    """All that a predicate is made of."""

    rules: bytes
    kind: Kind
    currency: str | None
    types: tuple[tuple[str, Type], ...]


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


C = TypeVar("C", bound=Versioned)


def terms_of(rules: Json, kind: Kind, currency: str | None, types: Mapping[str, Type]) -> Terms:
    return Terms(orjson.dumps(rules, default=str), kind, currency, tuple(sorted(types.items())))


@lru_cache(maxsize=4096)
def compiled(terms: Terms) -> Predicate | None:
    """Saved rules were checked; those of a newer version of ours may be unreadable to this one: None."""
    try:
        schema = schema_of_types(dict(terms.types))
        return compile_predicate(terms.rules, kind=terms.kind, schema=schema, currency=terms.currency, saved=True)
    except Invalid:
        return None


def newest(kept: dict[str, C], workspace: str, version: Callable[[str], int], compile: Callable[[str], C]) -> C:
    """While nobody edits anything, this costs one read. What is kept may be newer than its version, never older."""
    found = kept.pop(workspace, None)
    if found is None or found.version != version(workspace):
        found = compile(workspace)
    kept[workspace] = found
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
    return found
