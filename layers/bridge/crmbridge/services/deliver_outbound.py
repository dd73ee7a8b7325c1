"""Deliver one event to a workspace's chat app: again and again for a day, then it is listed as failed."""

from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.errors import ChatError
from crmbridge.domain.messages import next_try
from crmbridge.services.ports import Deps

GIVE_UP_AFTER: Final = timedelta(days=1)


def deliver_outbound(deps: Deps, workspace: str, id: str) -> None:
    """An event that is gone was delivered; one that waits for its next try, or has failed, is left alone."""
    row = deps.workspaces.outbound(workspace, id)
    if row is None or row["status"] != "waiting" or not _is_due(row["next_attempt_at"], deps.now()):
        return
    try:
        post_event(deps, workspace, id, row["event"])
    except ChatError as error:
        _try_later(deps, workspace, id, datetime.fromisoformat(row["created_at"]), error)
    else:
        deps.workspaces.outbound_attempt(workspace, id, done=True, next_attempt_at=None)


def post_event(deps: Deps, workspace: str, id: str, event: dict[str, object]) -> None:
    """Raises ChatError, also when the workspace has not said where its chat app listens."""
    endpoint = deps.workspaces.endpoint(workspace)
    if endpoint is None or not endpoint.enabled:
        raise ChatError("the workspace has no chat endpoint, or it is switched off; an admin sets it")
    deps.chat.post(endpoint, deps.vault.signing_secret(workspace), id, event)


def _is_due(next_attempt_at: str | None, now: datetime) -> bool:
    return not next_attempt_at or datetime.fromisoformat(next_attempt_at) <= now


def _try_later(deps: Deps, workspace: str, id: str, since: datetime, error: ChatError) -> None:
    now = deps.now()
    later = next_try(now, since, id, at_least=error.retry_after)
    give_up = later - since > GIVE_UP_AFTER
    deps.workspaces.outbound_attempt(
        workspace, id, done=False, next_attempt_at=None if give_up else later, error=str(error)
    )
