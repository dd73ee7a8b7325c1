"""Let our app into a Slack team and out again. One team belongs to one workspace, and a workspace has one."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from crmbridge.chat.slack.consent import consent_url, exchange
from crmbridge.domain.connections import Caller, Pending
from crmbridge.domain.errors import ChatError, Clash, Invalid, NotFound, Problem, Refused
from crmbridge.domain.installations import SLACK_CHANNEL, Installation, Writers
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import open_slack, slack_app
from crmbridge.services.start_connect import GOOD_FOR, is_allowed, require_admin

SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Installed:
    """`return_url` is where the admin came from; empty: show a page."""

    installation: Installation
    return_url: str


def start_install(deps: Deps, caller: Caller, *, return_url: str = "") -> str:
    """Return Slack's consent page; its answer is good once, for ten minutes."""
    require_admin(caller)
    if return_url and not is_allowed(return_url, deps.return_urls):
        raise Invalid(Problem("return_url", "is not allowed", "use one of the RETURN_URLS of this deployment"))
    pending = Pending(
        state=secrets.token_urlsafe(32),
        workspace=caller.workspace,
        user=caller.user,
        platform=SLACK,
        scopes=(),
        return_url=return_url,
        expires_at=deps.now() + GOOD_FOR,
    )
    deps.guards.issue(pending)
    return consent_url(slack_app(deps), state=pending.state, redirect_uri=_redirect_uri(deps))


def finish_install(deps: Deps, query: Mapping[str, str]) -> Installed:
    """Raises Refused with one of: unknown_or_used_state, denied_at_provider, missing_code, exchange_failed,
    whole_organisation, token_rotation, taken (Clash, where the person sees a page of ours)."""
    pending = deps.guards.consume(query.get("state", ""))
    if pending is None or pending.platform != SLACK:
        said = "this link was used already, is older than ten minutes, or was not made here"
        raise Refused("unknown_or_used_state", said)
    try:
        return Installed(_installed(deps, pending, query), pending.return_url)
    except Refused as refused:
        raise Refused(refused.reason, str(refused), return_url=pending.return_url) from refused


def read_installation(deps: Deps, caller: Caller) -> Installation:
    found = deps.installations.of_workspace(caller.workspace)
    if found is None:
        raise NotFound("this workspace has no Slack; an admin installs the app")
    return found


def set_up_slack(
    deps: Deps, caller: Caller, *, shows_amounts: bool | None = None, writers: Writers | None = None
) -> Installation:
    """What cards tell that everybody in a channel sees, and who may write from there; None stays as it is."""
    require_admin(caller)
    read_installation(deps, caller)
    given = {"shows_amounts": shows_amounts, "writers": writers and str(writers)}
    settings = {name: value for name, value in given.items() if value is not None}
    if not settings:
        raise Invalid(Problem("shows_amounts", "is not given, nor is writers", "give one of them, or both"))
    deps.installations.set_up(caller.workspace, **settings)
    deps.journal.audit(caller.workspace, "slack.set", caller.user, settings)
    return read_installation(deps, caller)


def uninstall_app(deps: Deps, caller: Caller) -> None:
    """Slack is told, too; when it does not listen, or our app's secret is gone, our side is gone all the same."""
    require_admin(caller)
    installation = read_installation(deps, caller)
    with suppress(ChatError, NotFound):
        app, api = slack_app(deps), open_slack(deps, installation).api
        api.call("apps.uninstall", client_id=app.client_id, client_secret=app.client_secret)
    forget_team(deps, installation)
    deps.journal.audit(caller.workspace, "slack.uninstalled", caller.user, {"team": installation.team})


def forget_team(deps: Deps, installation: Installation) -> None:
    """The app was removed: nothing of the team is kept but cards, which expire."""
    deps.vault.forget_bot_token(installation.workspace)
    deps.installations.remove(installation)


def _redirect_uri(deps: Deps) -> str:
    return f"{deps.public_url}/v1/chat/slack/callback"


def _installed(deps: Deps, pending: Pending, query: Mapping[str, str]) -> Installation:
    if "error" in query:
        raise Refused("denied_at_provider", "Slack did not let the app in: start again and allow it there")
    if not query.get("code"):
        raise Refused("missing_code", "Slack sent no code: start again")
    said = exchange(slack_app(deps), deps.http, code=query["code"], redirect_uri=_redirect_uri(deps))
    installation = _read(deps, pending, said)
    if deps.installations.of_workspace(pending.workspace) is None:
        _pause_groups(deps, pending.workspace)
    try:
        deps.installations.save(installation)
    except Clash as clash:
        if not pending.return_url:
            raise
        raise Refused("taken", str(clash)) from None
    deps.vault.keep_bot_token(installation.workspace, str(said["access_token"]))
    deps.journal.audit(pending.workspace, "slack.installed", pending.user, {"team": installation.team})
    return installation


def _pause_groups(deps: Deps, workspace: str) -> None:
    """Whoever made a group could name a channel like one of Slack's while there was none; an admin lets it go on."""
    for group in deps.groups.snapshot(workspace)[1]:
        if SLACK_CHANNEL.fullmatch(group.channel) and not group.paused:
            deps.groups.save(replace(group, paused=True))


def _read(deps: Deps, pending: Pending, said: Mapping[str, Json]) -> Installation:
    return Installation(
        workspace=pending.workspace,
        team=str(said["team"].get("id")),
        team_name=str(said["team"].get("name") or said["team"].get("id")),
        bot=str(said.get("bot_user_id") or ""),
        installer=str((said.get("authed_user") or {}).get("id") or ""),
        scopes=tuple(filter(None, str(said.get("scope") or "").split(","))),
        installed_by=pending.user,
        installed_at=deps.now(),
    )
