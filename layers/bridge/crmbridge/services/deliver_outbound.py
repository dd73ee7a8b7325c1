"""Deliver one event to a workspace's chat app: again and again for a day, then it is listed as failed."""

from collections.abc import Callable, Mapping

from crmbridge.domain.errors import ChatError
from crmbridge.domain.messages import next_try
from crmbridge.domain.outbound import GIVE_UP_AFTER, OutboundEvent, OutboundStatus
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.tell_slack import tell_slack


def deliver_outbound(deps: Deps, workspace: str, id: str) -> None:
    """An event that is gone was delivered; one that waits for its next try, or has failed, is left alone."""
    waiting = deps.outbound.get(workspace, id)
    if waiting is None or not _is_due(deps, waiting):
        return
    try:
        _tell(deps, workspace, waiting)
    except ChatError as error:
        _try_later(deps, workspace, waiting, error)
    else:
        deps.outbound.delivered(workspace, id)


def post_event(deps: Deps, workspace: str, id: str, event: dict[str, Json]) -> None:
    """Raises ChatError, also when the workspace has not said where its chat app listens."""
    endpoint = deps.workspaces.endpoint(workspace)
    if endpoint is None or not endpoint.enabled:
        raise ChatError("the workspace has no chat endpoint, or it is switched off; an admin sets it")
    deps.chat.post(endpoint, deps.vault.signing_secrets(workspace, deps.now()), id, event)


def _tell(deps: Deps, workspace: str, waiting: OutboundEvent) -> None:
    """Slack, the workspace's own chat app, or both, of which neither waits until the other works again, nor hears twice
    because of it. Raises ChatError, also when there is neither."""
    apps, failed = _chat_apps(deps, workspace, waiting), {}
    for whom in [whom for whom in apps if whom not in waiting.told]:
        try:
            apps[whom]()
        except ChatError as error:
            failed[whom] = error
    if failed:
        told = sorted(apps.keys() - failed.keys())
        if told != sorted(waiting.told):
            deps.outbound.told(workspace, waiting.id, told)
        raise max(failed.values(), key=lambda error: error.retry_after)


def _chat_apps(deps: Deps, workspace: str, waiting: OutboundEvent) -> Mapping[str, Callable[[], None]]:
    """Whoever is to hear of it, and how."""
    endpoint, event = deps.workspaces.endpoint(workspace), dict(waiting.event)
    is_heard = endpoint is not None and endpoint.enabled
    apps: dict[str, Callable[[], None]] = {}
    if deps.installations.of_workspace(workspace) is not None:
        apps["slack"] = lambda: tell_slack(deps, workspace, event, alone=not is_heard)
    if is_heard or not apps:
        apps["endpoint"] = lambda: post_event(deps, workspace, waiting.id, event)
    return apps


def _is_due(deps: Deps, event: OutboundEvent) -> bool:
    waits = event.next_attempt_at is not None and event.next_attempt_at > deps.now()
    return event.status is OutboundStatus.WAITING and not waits


def _try_later(deps: Deps, workspace: str, event: OutboundEvent, error: ChatError) -> None:
    now = deps.now()
    later = next_try(now, event.since, event.id, at_least=error.retry_after)
    if later - event.since > GIVE_UP_AFTER:
        deps.outbound.give_up(workspace, event.id, now, str(error))
    else:
        deps.outbound.postpone(workspace, event.id, later, str(error))
