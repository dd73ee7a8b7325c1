"""A Slack team's API, with our bot's token."""

from dataclasses import dataclass

from crmbridge.chat.slack.api import API_URL, SlackApi, SlackRefused
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import ChatError, Misconfigured, NotFound
from crmbridge.domain.installations import Installation
from crmbridge.services.ports import Deps


@dataclass(frozen=True, slots=True)
class Slack:
    """One team, ready to be talked to."""

    installation: Installation
    api: SlackApi

    @property
    def workspace(self) -> str:
        return self.installation.workspace


def slack_app(deps: Deps) -> AppCredentials:
    """Our app at Slack. Raises NotFound where there is none: a deployment need not have Slack."""
    try:
        return deps.vault.app("slack")
    except Misconfigured as error:
        raise NotFound(f"Slack is not set up here ({error}); docs/slack.md says how") from None


def open_slack(deps: Deps, installation: Installation, timeout: tuple[float, float] | None = None) -> Slack:
    """With a `timeout` of its own nothing is waited for. Raises SlackRefused when the token is gone, ChatError while
    the app's secret is, which an operator brings back."""
    token = deps.vault.bot_token(installation)
    if token is None:
        raise SlackRefused("everything", "not_authed")
    try:
        url = slack_app(deps).api_url or API_URL
    except NotFound as error:
        raise ChatError(str(error)) from None
    api = SlackApi(deps.http, token, url, timeout) if timeout else SlackApi(deps.http, token, url, sleep=deps.sleep)
    return Slack(installation, api)


def slack_of(deps: Deps, workspace: str) -> Slack | None:
    """None for a workspace without Slack."""
    installation = deps.installations.of_workspace(workspace)
    return open_slack(deps, installation) if installation else None
