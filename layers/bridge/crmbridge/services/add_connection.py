"""Connect an account by a token that an admin made by hand in the CRM."""

from crmbridge.domain.connections import Caller, Connection, TokenSet
from crmbridge.domain.errors import Invalid, MissingScope, Problem, ReauthRequired, Unsupported
from crmbridge.services.open_api import GivenTokens, app_of, open_with
from crmbridge.services.ports import Deps
from crmbridge.services.save_connection import Grant, begin_connection, save_connection
from crmbridge.services.start_connect import require_admin


def add_connection(deps: Deps, caller: Caller, platform_name: str, *, token: str, display_name: str = "") -> Connection:
    """Raises Invalid when the CRM does not take the token; the account's connection is renewed if there is one."""
    require_admin(caller)
    platform = deps.platform(platform_name)
    if "token" not in platform.auth:
        raise Unsupported(f"{platform.title} is connected by OAuth, not by a token")
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise Invalid(Problem("token", "is not a token", f"copy it from {platform.title} once more"))
    tokens = TokenSet(access_token=token)
    api = open_with(deps, platform, app_of(deps, platform, "token"), GivenTokens(platform.name, tokens), "", "click")
    try:
        identity = platform.identify(api, tokens)
    except (ReauthRequired, MissingScope) as error:
        raise Invalid(Problem("token", str(error), f"make one with the scopes that {platform.title} needs")) from error
    grant = Grant(
        workspace=caller.workspace,
        user=caller.user,
        auth="token",
        tokens=tokens,
        identity=identity,
        display_name=display_name.strip(),
    )
    return begin_connection(deps, save_connection(deps, platform, grant), caller.user)
