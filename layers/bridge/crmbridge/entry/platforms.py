"""The catalogue of CRMs in the API."""

from crmbridge.entry.http import new_router
from crmbridge.entry.models import Shown
from crmbridge.platforms.spec import Platform

router = new_router()


class ScopeShown(Shown):
    """A permission: what it is for, and whether connecting fails without it."""

    name: str
    why: str
    kinds: list[str]
    required: bool


class PlatformShown(Shown):
    """`auth` says how an account is connected, `actions` what may be written there."""

    name: str
    title: str
    description: str
    logo: str
    auth: list[str]
    kinds: list[str]
    scopes: list[ScopeShown]
    actions: list[str]


class PlatformList(Shown):
    items: list[PlatformShown]


@router.get("/v1/platforms", summary="List the CRMs that can be connected", tags=["Connections"])
def list_platforms() -> PlatformList:
    from crmbridge.platforms.registry import PLATFORMS

    return PlatformList(items=[_shown(platform) for platform in PLATFORMS.values()])


def _shown(platform: Platform) -> PlatformShown:
    return PlatformShown(
        name=platform.name,
        title=platform.title,
        description=platform.description,
        logo=platform.logo,
        auth=list(platform.auth),
        kinds=sorted({str(spec.kind) for spec in platform.objects.values()}),
        scopes=[ScopeShown.model_validate(scope) for scope in platform.oauth.scopes],
        actions=sorted(platform.actions),
    )
