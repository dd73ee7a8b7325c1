"""A Slack team's API, with our bot's token."""

from dataclasses import dataclass

from crmbridge.chat.slack.api import API_URL, SlackApi
from crmbridge.domain.errors import ChatError
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


def open_slack(deps: Deps, installation: Installation, timeout: tuple[float, float] | None = None) -> Slack:
    """Raises ChatError when the token is gone."""
    token = deps.vault.bot_token(installation)
    if token is None:
        raise ChatError("the token of the Slack app is gone; an admin installs it again")
    url = deps.vault.app("slack").api_url or API_URL
    api = SlackApi(deps.http, token, url, timeout) if timeout else SlackApi(deps.http, token, url)
    return Slack(installation, api)


def slack_of(deps: Deps, workspace: str) -> Slack | None:
    """None for a workspace without Slack."""
    installation = deps.installations.of_workspace(workspace)
    return open_slack(deps, installation) if installation else None
