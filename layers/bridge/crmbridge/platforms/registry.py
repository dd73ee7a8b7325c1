"""Which platforms there are; the only place that names them all."""

from collections.abc import Mapping
from typing import Final

from crmbridge.domain.errors import NotFound
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.spec import Platform

PLATFORMS: Final[Mapping[str, Platform]] = {platform.name: platform for platform in (HUBSPOT,)}


def platform(name: str) -> Platform:
    """Raises NotFound, naming those there are."""
    try:
        return PLATFORMS[name]
    except KeyError:
        raise NotFound(f"no platform {name!r}; there are {', '.join(PLATFORMS)}") from None
