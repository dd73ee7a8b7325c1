"""Where a smart group's members are wanted: a channel of the chat app behind the endpoint, or a channel of Slack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmbridge.domain.errors import ChatError
from crmbridge.domain.groups import Group
from crmbridge.domain.installations import SLACK_CHANNEL
from crmbridge.domain.records import Json
from crmbridge.services.deliver_outbound import post_event
from crmbridge.services.notify_chat import add_event
from crmbridge.services.ports import Deps
from crmbridge.services.slack.find_users import find_users
from crmbridge.services.slack.move_members import move_members
from crmbridge.services.slack.open_slack import Slack, slack_of


class Channel(Protocol):
    """One group's channel."""

    def users(self, persons: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, ChatError]]:
        """(person -> chat user, person -> why it cannot be told yet)."""

    def tell(self, id: str, event: dict[str, Json]) -> Mapping[str, ChatError]:
        """Whom the chat app did not take, and why. Raises ChatError when it took nobody."""


def open_channel(deps: Deps, group: Group) -> Channel:
    """A workspace may have both; the channel's name says which is meant."""
    try:
        slack = slack_of(deps, group.workspace) if SLACK_CHANNEL.fullmatch(group.channel) else None
    except ChatError as error:
        return ClosedChannel(error)
    return SlackChannel(deps, group, slack) if slack else EndpointChannel(deps, group)


@dataclass(frozen=True, slots=True)
class ClosedChannel:
    """Slack that cannot be asked: a crash, or an operator, has taken the token. Everybody waits."""

    error: ChatError

    def users(self, persons: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, ChatError]]:
        return {}, dict.fromkeys(persons, self.error)

    def tell(self, id: str, event: dict[str, Json]) -> Mapping[str, ChatError]:  # noqa: ARG002 - as the others
        raise self.error


@dataclass(frozen=True, slots=True)
class EndpointChannel:
    """The chat app moves its members by itself, by what we tell it."""

    deps: Deps
    group: Group

    def users(self, persons: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, ChatError]]:
        return self.deps.workspaces.people(self.group.workspace, persons), {}

    def tell(self, id: str, event: dict[str, Json]) -> Mapping[str, ChatError]:
        post_event(self.deps, self.group.workspace, id, event)
        return {}


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """In Slack we move them."""

    deps: Deps
    group: Group
    slack: Slack

    def users(self, persons: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, ChatError]]:
        return find_users(self.deps, self.slack, persons)

    def tell(self, id: str, event: dict[str, Json]) -> Mapping[str, ChatError]:  # noqa: ARG002 - as the other
        lines = event["data"]["members"]
        wanted = {str(line["user"]): str(line["wanted"]) for line in lines}
        try:
            refused = move_members(self.deps, self.slack, self.group.channel, wanted, owns=self.group.owns_channel)
        except ChatError as error:
            self._complain(error)
            raise
        for why in refused.values():
            self._complain(why)
        return {str(line["email"]): refused[line["user"]] for line in lines if line["user"] in refused}

    def _complain(self, error: ChatError) -> None:
        """Once a day for each reason; a limit that passes is nobody's business. The minute's tick rings for it."""
        if error.retryable:
            return
        reason = getattr(error, "code", "refused")
        id = f"refused_{self.group.id}_{reason}_{self.deps.now().date().isoformat()}"
        told = {"group": self.group.id, "name": self.group.name, "channel": self.group.channel, "message": str(error)}
        add_event(self.deps, self.group.workspace, id, "group.members_refused", told)
