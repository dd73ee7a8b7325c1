"""What belongs to a workspace beside its CRMs: people and keys, its chat app, action templates, sidepanels."""

from __future__ import annotations  # as in `ports`

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crmbridge.domain.outbound import OutboundEvent
    from crmbridge.domain.records import Json, RecordKey
    from crmbridge.domain.sidepanels import PanelLink, View
    from crmbridge.domain.stored import PageOf
    from crmbridge.domain.templates import ActionTemplate
    from crmbridge.domain.workspaces import ApiKey, Endpoint, Usual


class Workspaces(Protocol):
    """People, keys and the chat app of a workspace."""

    def people(self, workspace: str, emails: Iterable[str]) -> Mapping[str, str]:
        """Case-folded e-mail -> chat user, for those that are mapped."""

    def map_people(self, workspace: str, users: Mapping[str, str | None]) -> None:
        """As an admin says; None forgets one."""

    def note_people(self, workspace: str, users: Mapping[str, str]) -> None:
        """Who was found by themselves; whoever is known stays as they are."""

    def is_listed(self, workspace: str, email: str) -> bool:
        """Whether an admin has said who this is."""

    def list_people(self, workspace: str) -> Mapping[str, str]: ...

    def api_key(self, workspace: str, id: str) -> ApiKey | None: ...

    def api_keys(self, workspace: str) -> Sequence[ApiKey]: ...

    def add_api_key(self, key: ApiKey) -> None: ...

    def delete_api_key(self, workspace: str, id: str) -> None: ...

    def endpoint(self, workspace: str) -> Endpoint | None: ...

    def set_endpoint(self, workspace: str, endpoint: Endpoint) -> None: ...

    def usual(self, workspace: str) -> Usual: ...

    def set_usual(self, workspace: str, usual: Usual) -> None: ...

    def check_minutes(self, workspace: str) -> int | None:
        """How often all groups are evaluated in full; None: nobody said."""

    def set_check_minutes(self, workspace: str, minutes: int | None, now: datetime) -> None:
        """The next check is due so long after `now`; None: in a day."""

    def put_off_check(self, workspace: str, now: datetime) -> None:
        """The next one is due when it would be if the same were said now; who says otherwise meanwhile is heard."""

    def keep_check(self, workspace: str, now: datetime) -> None:
        """A check is due in a day, unless one is due already."""

    def due_checks(self, now: datetime) -> Sequence[str]:
        """Workspaces whose groups are to be evaluated in full."""

    def ring_clock(self, workspace: str, now: datetime) -> None:
        """Days may begin for the workspace's groups, and the next time is not known: look at once."""

    def due_clocks(self, now: datetime) -> Sequence[tuple[str, datetime]]:
        """Workspaces for whose groups a day may have begun, each with when it was due."""

    def set_clock(self, workspace: str, seen: datetime, due: datetime | None) -> None:
        """Due next then; None: never. Changes nothing when it was rung since it was `seen`."""


class Templates(Protocol):
    """A workspace's own action templates."""

    def get(self, workspace: str, id: str) -> ActionTemplate: ...

    def list(self, workspace: str) -> Sequence[ActionTemplate]: ...

    def add(self, template: ActionTemplate) -> None: ...

    def save(self, template: ActionTemplate) -> ActionTemplate:
        """Conditional on `version`; raises Stale."""

    def delete(self, workspace: str, id: str) -> None: ...


class Outbound(Protocol):
    """Events for the chat app: rows that wait until they are delivered, or a day is over."""

    def add(self, workspace: str, id: str, event: Mapping[str, Json], now: datetime) -> None:
        """Adding one again changes nothing."""

    def get(self, workspace: str, id: str) -> OutboundEvent | None: ...

    def delivered(self, workspace: str, id: str) -> None:
        """Forgets the event."""

    def told(self, workspace: str, id: str, whom: Sequence[str]) -> None:
        """These have heard of it; others are still to be told."""

    def postpone(self, workspace: str, id: str, next_attempt_at: datetime, error: str) -> None: ...

    def give_up(self, workspace: str, id: str, now: datetime, error: str) -> None: ...

    def reopen(self, workspace: str, id: str, now: datetime) -> bool:
        """A failed one waits again, for another day; False when it is not failed, or not there."""

    def due(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(workspace, id) of events whose next attempt has come."""

    def failed(self, workspace: str, *, limit: int, cursor: str | None) -> PageOf[OutboundEvent]: ...


class Sidepanels(Protocol):
    def link(self, workspace: str, chat: str) -> PanelLink | None: ...

    def set_link(self, link: PanelLink, before: PanelLink | None) -> None:
        """In the place of `before`, from both sides at once. Raises Stale when another link is there."""

    def remove_link(self, before: PanelLink) -> None:
        """Raises Stale when another link is there."""

    def chats(self, record: RecordKey, *, limit: int, cursor: str | None) -> PageOf[str]:
        """The chats that link this record."""

    def view(self, workspace: str, chat: str, user: str) -> View: ...

    def set_view(self, workspace: str, chat: str, user: str, view: View) -> None: ...
