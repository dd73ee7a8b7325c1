"""The catalogue of CRMs in the API."""

from typing import Annotated, Any, Literal

from pydantic import Field

from crmbridge.entry.http import new_router
from crmbridge.entry.models import Shown
from crmbridge.platforms.spec import Platform, Way

router = new_router()


class ScopeShown(Shown):
    """A permission: what it is for, and whether connecting fails without it."""

    name: str
    why: str
    kinds: list[str]
    required: bool


class InputShown(Shown):
    """One thing to give; `choices`: one of these; `pattern`: matched in full."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    multiline: bool
    pattern: str
    choices: list[str]


class WayShown(Shown):
    """A way to connect without a consent page: `POST /v1/connections` with its name as `auth` and `given`."""

    name: str
    title: str
    description: str
    inputs: list[InputShown]


class QueryShown(Shown):
    """`example` is a body of `POST /v1/connections/{id}/query` that works in any account."""

    language: str
    description: str
    example: dict[str, Any]


class PlatformShown(Shown):
    """`auth` says how an account is connected, `actions` what may be written there. `login_hosts` may be named when
    OAuth is started; `own_login_host`: so may the customer's own domain. `deliveries`: the app hears for all accounts,
    each connection subscribes by itself, or the CRM is set up by hand (`POST /v1/connections/{id}/address`)."""

    name: str
    title: str
    description: str
    logo: str
    auth: list[str]
    ways: list[WayShown]
    login_hosts: list[str]
    own_login_host: bool
    kinds: list[str]
    scopes: list[ScopeShown]
    actions: list[str]
    deliveries: Literal["app", "registered", "by_hand"]
    query: Annotated[QueryShown | None, Field(description="The CRM's own language for read-only questions")]


class PlatformList(Shown):
    items: list[PlatformShown]


@router.get("/v1/platforms", summary="List the CRMs that can be connected", tags=["Connections"])
def list_platforms() -> PlatformList:
    from crmbridge.platforms.registry import PLATFORMS

    return PlatformList(items=[_shown(platform) for platform in PLATFORMS.values()])


def _shown(platform: Platform) -> PlatformShown:
    channels = platform.channels
    return PlatformShown(
        name=platform.name,
        title=platform.title,
        description=platform.description,
        logo=platform.logo,
        auth=list(platform.auth),
        ways=[_way(name, platform.ways[name]) for name in platform.auth if name in platform.ways],
        login_hosts=list(platform.oauth.login_hosts),
        own_login_host=bool(platform.oauth.login_pattern),
        kinds=sorted({str(kind) for spec in platform.objects.values() for kind in spec.kinds}),
        scopes=[ScopeShown.model_validate(scope) for scope in platform.oauth.scopes],
        actions=sorted(platform.actions),
        deliveries="app" if channels is None else "registered" if channels.register else "by_hand",
        query=QueryShown.model_validate(platform.query) if platform.query else None,
    )


def _way(name: str, way: Way) -> WayShown:
    inputs = [InputShown.model_validate(each) for each in way.inputs]
    return WayShown(name=name, title=way.title, description=way.description, inputs=inputs)
