"""Which platforms there are; the only place that names them all.

Each is imported when it is asked for, and its webhook alone where nothing else is: who takes a delivery in pays
neither for the other CRMs nor for the translation of this one.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from crmbridge.domain.errors import NotFound
from crmbridge.platforms.listening import WebhookSpec

if TYPE_CHECKING:
    from crmbridge.platforms.spec import Platform

NAMES: Final = ("hubspot", "salesforce", "pipedrive", "zoho")
"""Of packages beside this file; each holds its Platform under its own name in capitals, and `webhook.WEBHOOK`."""


@cache
def _imported(name: str) -> "Platform":
    from crmbridge.platforms.spec import Platform

    found = getattr(import_module(f"crmbridge.platforms.{name}"), name.upper())
    assert isinstance(found, Platform)
    return found


class _Platforms(Mapping[str, "Platform"]):
    def __getitem__(self, name: str) -> "Platform":
        if name not in NAMES:
            raise KeyError(name)
        return _imported(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


PLATFORMS: Final[Mapping[str, "Platform"]] = _Platforms()


def platform(name: str) -> "Platform":
    """Raises NotFound, naming those there are."""
    try:
        return PLATFORMS[name]
    except KeyError:
        raise _unknown(name) from None


def webhook(name: str) -> WebhookSpec:
    """Of that platform, without loading the rest of it. Raises NotFound, naming those there are."""
    if name not in NAMES:
        raise _unknown(name)
    found = import_module(f"crmbridge.platforms.{name}.webhook").WEBHOOK
    assert isinstance(found, WebhookSpec)
    return found


def _unknown(name: str) -> NotFound:
    return NotFound(f"no platform {name!r}; there are {', '.join(PLATFORMS)}")
