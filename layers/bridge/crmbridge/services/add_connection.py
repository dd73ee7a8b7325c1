"""Connect an account without a consent page: by what an admin was asked for, a token or whatever else the CRM takes."""

import re
from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.connections import Caller, Connection, Identity, TokenSet
from crmbridge.domain.errors import Invalid, MissingScope, Problem, ReauthRequired, Rejected, Unsupported
from crmbridge.platforms.oauth import TokenEndpoint
from crmbridge.platforms.spec import Input, Platform, Way
from crmbridge.platforms.ways import TOKEN
from crmbridge.services.open_api import app_of, open_given
from crmbridge.services.ports import Deps
from crmbridge.services.save_connection import Grant, begin_connection, save_connection
from crmbridge.services.start_connect import require_admin

MAX_INPUT: Final = 8000


def add_connection(
    deps: Deps,
    caller: Caller,
    platform_name: str,
    given: Mapping[str, Any],
    *,
    auth: str = TOKEN,
    display_name: str = "",
) -> Connection:
    """`auth` names one of the platform's ways, `given` is what that way asks for. Raises Invalid when the CRM does not
    take it; the account's connection is renewed if there is one."""
    require_admin(caller)
    platform = deps.platform(platform_name)
    way = platform.ways.get(auth)
    if way is None or auth not in platform.auth:
        raise Unsupported(f"{platform.title} is connected by {' or '.join(platform.auth)}, not by {auth}")
    read = _read(platform, way, given)
    tokens, identity = _granted(deps, platform, way, auth, read)
    grant = Grant(
        workspace=caller.workspace,
        user=caller.user,
        auth=auth,
        tokens=tokens,
        identity=identity,
        display_name=display_name.strip(),
    )
    return begin_connection(deps, save_connection(deps, platform, grant), caller.user)


def _read(platform: Platform, way: Way, given: Mapping[str, Any]) -> Mapping[str, str]:
    known = {each.name: each for each in way.inputs}
    problems = [
        Problem(str(name)[:100], "is not asked for", f"asked: {', '.join(known)}") for name in given.keys() - known
    ]
    texts = {name: str(given.get(name) or "").strip() for name in known}
    problems += [
        Problem(name, said, f"copy it from {platform.title} once more")
        for name, each in known.items()
        if (said := _wrong(each, texts[name]))
    ]
    if problems:
        raise Invalid(*problems)
    return {name: text for name, text in texts.items() if text}


def _wrong(asked: Input, text: str) -> str:
    if not text:
        return "is required" if asked.required else ""
    if asked.choices and text not in asked.choices:
        return f"is none of {', '.join(asked.choices)}"
    lines = text.split("\n") if asked.multiline else [text]
    readable = all(line.isascii() and line.strip("\r").isprintable() for line in lines)
    matches = not asked.pattern or re.fullmatch(asked.pattern, text)
    return "" if readable and matches and len(text) <= MAX_INPUT else f"is not what {asked.label!r} looks like"


def _granted(
    deps: Deps, platform: Platform, way: Way, auth: str, given: Mapping[str, str]
) -> tuple[TokenSet, Identity]:
    app = app_of(deps, platform, auth)
    blamed = next((each.name for each in way.inputs if each.secret), way.inputs[0].name)
    try:
        tokens = way.grant(TokenEndpoint(platform, app, deps.http, deps.now()), given)
        return tokens, platform.identify(open_given(deps, platform, app, tokens, auth), tokens)
    except (ReauthRequired, MissingScope, Rejected) as error:
        fix = f"make it again in {platform.title}, with the scopes that the catalogue names"
        raise Invalid(Problem(blamed, str(error), fix)) from error
