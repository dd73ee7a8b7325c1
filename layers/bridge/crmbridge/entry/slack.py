"""Slack in the API: an admin lets our app into their Slack team, says what its cards tell, and takes it out again."""

from datetime import datetime
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from crmbridge.domain.errors import BridgeError
from crmbridge.domain.installations import Installation, Writers
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Given, Shown
from crmbridge.entry.oauth import Started, back_to, page, reason_of, refused_page
from crmbridge.log import log
from crmbridge.services.slack import install_app

router = new_router()
TAGS = ["Slack"]


class InstallGiven(Given):
    """`return_url` must be allowed by this deployment; without one the person sees a page of ours at the end."""

    return_url: Annotated[str, Field(max_length=2000)] = ""


class SettingsGiven(Given):
    """What is left out stays as it is."""

    shows_amounts: Annotated[bool | None, Field(description="Cards that everybody sees tell amounts, too")] = None
    writers: Annotated[
        Literal["everyone", "people"] | None, Field(description="Who may write to the CRMs: everyone, or people listed")
    ] = None


class InstallationShown(Shown):
    """The Slack team of this workspace; `scopes` are what it granted our bot."""

    team: str
    team_name: str
    bot: str
    scopes: list[str]
    installed_by: str
    installed_at: datetime
    shows_amounts: bool
    writers: Writers


@router.post("/v1/chat/slack/install", summary="Begin to install the app in a Slack team", tags=TAGS)
def install(ask: Ask, wish: InstallGiven) -> Started:
    return Started(authorize_url=install_app.start_install(ask.deps, ask.caller, return_url=wish.return_url))


@router.get("/v1/chat/slack/callback", summary="Where Slack sends the browser back", tags=TAGS)
def installed(ask: Ask) -> Response[str]:
    """For browsers: a page, or a redirect to `return_url` with `slack` (the team) or `error` in its query."""
    try:
        done = install_app.finish_install(ask.deps, ask.event.get("queryStringParameters") or {})
    except BridgeError as error:
        log.warning("slack installation refused", reason=reason_of(error))
        return refused_page(ask, error)
    if done.return_url:
        return back_to(done.return_url, {"slack": done.installation.team})
    return page(200, "Installed", f"CRM Bridge is in {done.installation.team_name}. You may close this page.", "")


@router.get("/v1/chat/slack", summary="Read which Slack team belongs to the workspace", tags=TAGS)
def read_installation(ask: Ask) -> InstallationShown:
    return _shown(install_app.read_installation(ask.deps, ask.caller))


@router.put("/v1/chat/slack", summary="Say what cards in Slack tell, and who may write from there", tags=TAGS)
def set_up(ask: Ask, given: SettingsGiven) -> InstallationShown:
    writers = Writers(given.writers) if given.writers else None
    return _shown(install_app.set_up_slack(ask.deps, ask.caller, shows_amounts=given.shows_amounts, writers=writers))


@router.delete("/v1/chat/slack", summary="Take the app out of Slack", tags=TAGS, status_code=204)
def uninstall(ask: Ask) -> None:
    install_app.uninstall_app(ask.deps, ask.caller)


def _shown(installation: Installation) -> InstallationShown:
    return InstallationShown.model_validate(installation, from_attributes=True)
