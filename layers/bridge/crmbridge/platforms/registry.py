"""Which platforms there are; the only place that names them all.

Each is imported when it is asked for: a delivery from one CRM does not pay for the translation of the others.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from crmbridge.domain.errors import NotFound
from crmbridge.platforms.spec import Platform

NAMES: Final = ("hubspot", "salesforce", "pipedrive", "zoho")
"""Of packages beside this file; each holds its Platform under its own name in capitals."""


@cache
def _imported(name: str) -> Platform:
    found = getattr(import_module(f"crmbridge.platforms.{name}"), name.upper())
    assert isinstance(found, Platform)
    return found


class _Platforms(Mapping[str, Platform]):
    def __getitem__(self, name: str) -> Platform:
        if name not in NAMES:
            raise KeyError(name)
        return _imported(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


PLATFORMS: Final[Mapping[str, Platform]] = _Platforms()


def platform(name: str) -> Platform:
    """Raises NotFound, naming those there are."""
    try:
        return PLATFORMS[name]
    except KeyError:
        raise NotFound(f"no platform {name!r}; there are {', '.join(PLATFORMS)}") from None
