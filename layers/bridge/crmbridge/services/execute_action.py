"""One write to one CRM, exactly once.

`sending` is stored before the request leaves. Found in `sending`, nobody knows what happened: it is looked up by its
key, sent again where that is safe (elsewhere once), and then it is `uncertain`: a person decides. What waits is a row.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.errors import (
    BridgeError,
    Duplicate,
    NotFound,
    PlatformError,
    ReauthRequired,
    Stale,
    Throttled,
    TokenExpired,
    Unavailable,
    Unsupported,
)
from crmbridge.domain.messages import next_try
from crmbridge.domain.records import Json
from crmbridge.platforms.spec import Written
from crmbridge.services.attempt_write import Attempt, changed_since, look_up, open_attempt, receipt, store_outcome
from crmbridge.services.finish_action import explained, finish_action
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import record_key

LEASE: Final = timedelta(minutes=3)
"""Outlives the request and what goes with it: reading a pipeline first, a refused token, its refresh, the request."""
SOON: Final = timedelta(seconds=5)
RECONNECT_EVERY: Final = timedelta(minutes=5)
GIVE_UP_AFTER: Final = timedelta(days=1)
GIVE_UP_RECONNECT_AFTER: Final = timedelta(days=30)
SAFE_RESENDS: Final = 5
"""Where the CRM itself refuses a second write with the same key; elsewhere once."""

_AWAY: Final = (Throttled, Unavailable, ReauthRequired, TokenExpired)
"""What says nothing about the write: the CRM is busy or away, or our authorisation is gone."""


def execute_action(deps: Deps, workspace: str, id: str) -> None:
    """Take the action one step on: to its end, or to when it is rung again. Safe to call at any time, any number of
    times: who comes second finds a lease, or loses the race to store the next step."""
    action = deps.actions.get(workspace, id)
    if action.is_final or not is_due(action, deps.now()):
        return
    with suppress(Stale):
        attempt = opened(deps, action)
        if attempt is None:
            return
        if action.status is ActionStatus.SENDING:
            _find_out(deps, attempt)
        elif not _is_overtaken(deps, attempt):
            send(deps, attempt)


def is_due(action: Action, now: datetime) -> bool:
    held = action.lease_until is not None and action.lease_until > now
    waits = action.next_attempt_at is not None and action.next_attempt_at > now
    return not held and not waits


def opened(deps: Deps, action: Action) -> Attempt | None:
    """None: the action waits or has ended. Nothing leaves for the CRM here that could write."""
    try:
        connection = deps.connections.get(action.workspace, action.connection)
        _check_health(connection)
        return open_attempt(deps, action, connection)
    except (NotFound, Unsupported, PlatformError) as error:
        _stop(deps, action, error)
    return None


def _stop(deps: Deps, action: Action, error: BridgeError) -> None:
    """Before a request could leave: wait for a CRM that is away, end at what is final."""
    if isinstance(error, _AWAY):
        _wait(deps, action, error)
    else:
        unknown = action.status is ActionStatus.SENDING
        _end(deps, action, ActionStatus.UNCERTAIN if unknown else ActionStatus.FAILED, explained(error))


def _check_health(connection: Connection) -> None:
    if connection.health is Health.NEEDS_RECONNECT:
        raise ReauthRequired("the connection must be renewed", platform=connection.platform)


def _is_overtaken(deps: Deps, attempt: Attempt) -> bool:
    """A later update is done already, or what an undo takes back is no longer there; then the action has ended. Also
    when the CRM cannot say so now: then it waits."""
    return _is_superseded(deps, attempt) or _is_changed(deps, attempt)


def _is_changed(deps: Deps, attempt: Attempt) -> bool:
    try:
        changed = changed_since(attempt)
    except PlatformError as error:
        _stop(deps, attempt.action, error)
        return True
    if changed:
        said = {
            "message": f"somebody has changed {', '.join(changed)} since",
            "next_step": "look at the record; nothing was taken back",
        }
        _end(deps, attempt.action, ActionStatus.SUPERSEDED, said)
    return bool(changed)


def _is_superseded(deps: Deps, attempt: Attempt) -> bool:
    """A later update of the same fields is done already: this one would undo it."""
    action, key = attempt.action, record_key(attempt.action)
    if key is None or deps.actions.last_sequence(key, action.changes) <= action.sequence:
        return False
    said = {
        "message": "a later update of the same fields was done first",
        "next_step": "look at the record, then ask again",
    }
    _end(deps, action, ActionStatus.SUPERSEDED, said)
    return True


def send(deps: Deps, attempt: Attempt, note: str = "", *, resent: int = 0) -> None:
    """Stored as `sending` before the request leaves: whoever finds it so must find out first."""
    started_at = deps.now()
    sending = leased(deps, attempt, note, attempts=attempt.action.attempts + 1, resent=resent)
    try:
        written = sending.spec.send(sending.api, sending.request)
    except (PlatformError, Unsupported) as error:
        after_sending(deps, sending, error)
    else:
        complete(deps, sending, written, started_at)


def _find_out(deps: Deps, attempt: Attempt) -> None:
    """Nobody knows what became of the last request: what the CRM shows under the key decides."""
    started_at = deps.now()
    asking = leased(deps, attempt, "looking for what was sent")
    try:
        written = look_up(asking)
    except (PlatformError, Unsupported) as error:
        _after_looking(deps, asking, error)
        return
    if written is not None:
        complete(deps, asking, written, started_at)
    elif not _is_overtaken(deps, asking):
        _send_again(deps, asking)


def _send_again(deps: Deps, attempt: Attempt) -> None:
    """Where only our look-up can tell, a request may land even now: one more try, and then a person decides."""
    resent = attempt.action.resent
    pointed_to = attempt.action.found is not None
    if not pointed_to and resent < (SAFE_RESENDS if _is_safe(attempt) else 1):
        send(deps, attempt, "not found, so sent again", resent=resent + 1)
        return
    missing = "that record" if pointed_to else "what was sent"
    said = {
        "message": f"{attempt.platform.title} did not answer, and does not show {missing}",
        "platform": attempt.platform.name,
        "next_step": f"look in {attempt.platform.title}; if it is there, settle it, if not, retry",
    }
    _end(deps, attempt.action, ActionStatus.UNCERTAIN, said)


def _is_safe(attempt: Attempt) -> bool:
    return attempt.spec.unique_key(attempt.directories)


def leased(deps: Deps, attempt: Attempt, note: str, **changes: Any) -> Attempt:
    now = deps.now()
    moved = attempt.action.moved(ActionStatus.SENDING, now, note, lease_until=now + LEASE, **changes)
    return replace(attempt, action=deps.actions.save(moved))


def after_sending(deps: Deps, attempt: Attempt, error: BridgeError) -> None:
    action = attempt.action
    if isinstance(error, Unavailable) and error.outcome_unknown:
        later = deps.now() + _settling(attempt)
        said = _explained(attempt, error)
        deps.actions.save(
            action.moved(ActionStatus.SENDING, deps.now(), "outcome unknown", next_attempt_at=later, error=said)
        )
    elif isinstance(error, _AWAY):
        _wait(deps, _as_not_sent(action), error)
    elif isinstance(error, Duplicate) and error.existing_id:
        _link(deps, attempt, error.existing_object, error.existing_id)
    else:
        _end(deps, action, ActionStatus.FAILED, _explained(attempt, error))


def _settling(attempt: Attempt) -> timedelta:
    """How long to wait before looking. Where a key is unique, a request that lands late is refused: only the lag."""
    lag = timedelta(seconds=attempt.spec.lag_seconds)
    return max(SOON, lag) if _is_safe(attempt) else timedelta(seconds=attempt.spec.limit_seconds) + lag


def _as_not_sent(action: Action) -> Action:
    """The request did not leave. After an unknown outcome the earlier one is still to be looked for."""
    if action.resent:
        return replace(action, resent=action.resent - 1)
    return replace(action, status=ActionStatus.WAITING)


def _after_looking(deps: Deps, attempt: Attempt, error: BridgeError) -> None:
    if isinstance(error, _AWAY):
        _wait(deps, attempt.action, error)
    elif isinstance(error, Duplicate) and error.existing_id:
        _link(deps, attempt, error.existing_object, error.existing_id)
    else:
        _end(deps, attempt.action, ActionStatus.UNCERTAIN, _explained(attempt, error))


def _wait(deps: Deps, action: Action, error: BridgeError) -> None:
    """As a row, in the status it is in; whoever waits too long fails, or stays unknown for a person to decide."""
    now, asked = deps.now(), _asked_at(action)
    unknown = action.status is ActionStatus.SENDING
    reconnect = isinstance(error, (ReauthRequired, TokenExpired))
    if now - asked > (GIVE_UP_RECONNECT_AFTER if reconnect else GIVE_UP_AFTER):
        _end(deps, action, ActionStatus.UNCERTAIN if unknown else ActionStatus.FAILED, explained(error))
        return
    later = next_try(now, asked, action.id, at_least=getattr(error, "retry_after", 0.0))
    status = ActionStatus.SENDING if unknown else ActionStatus.WAITING
    deps.actions.save(
        action.moved(
            status,
            now,
            type(error).__name__,
            next_attempt_at=min(later, now + RECONNECT_EVERY) if reconnect else later,
            error=explained(error),
        )
    )


def _asked_at(action: Action) -> datetime:
    """When it was asked for, the last time by hand."""
    asked = [at for status, at, _ in action.history if status == ActionStatus.PENDING]
    return datetime.fromisoformat(asked[-1]) if asked else action.created_at


def _link(deps: Deps, attempt: Attempt, object: str | None, existing_id: str) -> None:
    """It is there already: the receipt says so, and nothing of it is overwritten."""
    written = Written(object or attempt.request.object, existing_id)
    complete(deps, attempt, written, deps.now(), linked=True)


def complete(deps: Deps, attempt: Attempt, written: Written, started_at: datetime, *, linked: bool = False) -> None:
    action, key = attempt.action, record_key(attempt.action)
    after = store_outcome(deps, attempt, written, started_at)
    if key:
        deps.actions.complete_sequence(key, action.sequence, action.changes)
    got = receipt(attempt, written, after, deps.now(), linked=linked)
    finish_action(deps, action.moved(ActionStatus.COMPLETED, deps.now(), receipt=got, error=None))


def _end(deps: Deps, action: Action, status: ActionStatus, said: Mapping[str, Json]) -> None:
    finish_action(deps, action.moved(status, deps.now(), error=said))


def _explained(attempt: Attempt, error: BridgeError) -> Mapping[str, Json]:
    return explained(error, attempt.platform, attempt.request.object)
