"""One write to one CRM, exactly once.

`sending` is stored before the request leaves. Found in `sending`, nobody knows what happened: it is looked up by its
key, sent again where that is safe (elsewhere once, when nothing can land any more), and then it is `uncertain`: a
person decides. What waits is a row.
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
from crmbridge.services.attempt_write import Attempt, changed_since, look_up, open_attempt
from crmbridge.services.complete_action import complete_action
from crmbridge.services.finish_action import explained, finish_action
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import record_key
from crmbridge.services.watch_action import watch_action

LEASE: Final = timedelta(minutes=3)
"""Outlives the request and what goes with it: reading a pipeline first, a refused token, its refresh, the request."""
SOON: Final = timedelta(seconds=5)
RECONNECT_EVERY: Final = timedelta(minutes=5)
GIVE_UP_AFTER: Final = timedelta(days=1)
GIVE_UP_RECONNECT_AFTER: Final = timedelta(days=30)
LOOKS: Final = (SOON, timedelta(minutes=1), timedelta(minutes=5))
"""How long after a lost answer it is looked for where only a marker tells; then when it can land no more."""
PROMPT: Final = timedelta(seconds=10)
"""Who hears of a failure so soon has the time to look at once; others come back for it."""
SAFE_DOUBTS: Final = 5
"""So many requests may be unanswered and one more be sent where the CRM itself refuses the same key; elsewhere one."""

_AWAY: Final = (Throttled, Unavailable, ReauthRequired, TokenExpired)
"""What says nothing about the write: the CRM is busy or away, or our authorisation is gone."""


def execute_action(deps: Deps, workspace: str, id: str) -> None:
    """Take the action one step on: to its end, or to when it is rung again. Safe to call at any time, any number of
    times: who comes second finds a lease, or loses the race to store the next step."""
    action = deps.actions.get(workspace, id)
    if not is_due(action, deps.now()):
        return
    with suppress(Stale):
        if action.is_final:
            watch_action(deps, action)
            return
        attempt = opened(deps, action)
        if attempt is None:
            return
        if action.status is ActionStatus.SENDING:
            _find_out(deps, attempt)
        elif not _is_overtaken(deps, attempt):
            _send_and_look(deps, attempt)


def is_due(action: Action, now: datetime) -> bool:
    if action.is_final and not action.is_watched:
        return False
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


def _send_and_look(deps: Deps, attempt: Attempt) -> None:
    """A lost answer is mostly there at once: who waits for the receipt is not to wait for the next bell."""
    began = deps.now()
    unknown = send(deps, attempt)
    if unknown is None or unknown.next_attempt_at is None or deps.now() - began > PROMPT:
        return
    wait = unknown.next_attempt_at - deps.now()
    if wait <= PROMPT:
        deps.sleep(max(0.0, wait.total_seconds()))
        _find_out(deps, replace(attempt, action=unknown))


def send(deps: Deps, attempt: Attempt, note: str = "") -> Action | None:
    """Stored as `sending` before the request leaves: whoever finds it so must find out first. Returns the action when
    nobody knows what became of it."""
    started_at = deps.now()
    sending = sending_of(deps, attempt, note)
    try:
        written = sending.spec.send(sending.api, sending.request)
    except (PlatformError, Unsupported) as error:
        return after_sending(deps, sending, error)
    complete_action(deps, sending, written, started_at)
    return None


def _find_out(deps: Deps, attempt: Attempt) -> None:
    """Nobody knows what became of the last request: what the CRM shows under the key decides."""
    started_at = deps.now()
    asking = _leased(deps, attempt, "looking for what was sent", may_land_until=_landing(attempt))
    try:
        written = look_up(asking)
    except (PlatformError, Unsupported) as error:
        _after_looking(deps, asking, error)
        return
    if written is not None:
        complete_action(deps, asking, written, started_at)
    elif not _is_overtaken(deps, asking):
        _wait_or_send_again(deps, asking)


def _landing(attempt: Attempt) -> datetime | None:
    """Whoever finds a lease that ran out does not know when its holder sent; at the end of it, at the latest."""
    action = attempt.action
    return _until(attempt, action.lease_until) if action.lease_until else action.may_land_until


def _until(attempt: Attempt, sent: datetime) -> datetime:
    return sent + _span(attempt)


def _span(attempt: Attempt) -> timedelta:
    """As long as the CRM may work on a request, and then until what it has done is shown."""
    return timedelta(seconds=attempt.spec.limit_seconds + attempt.spec.lag_seconds)


def _wait_or_send_again(deps: Deps, attempt: Attempt) -> None:
    """Where only our look-up can tell, nothing is sent while an earlier request may land; then one more, and after that
    a person decides."""
    now, pointed_to = deps.now(), attempt.action.found is not None
    if not pointed_to and (later := _next_look(attempt, now)):
        note = "not there yet, it may still come"
        deps.actions.save(attempt.action.moved(ActionStatus.SENDING, now, note, next_attempt_at=later))
    elif not pointed_to and attempt.action.doubts <= (SAFE_DOUBTS if attempt.is_safe else 1):
        send(deps, attempt, "not found, so sent again")
    else:
        _leave_to_a_person(deps, attempt, "that record" if pointed_to else "what was sent")


def _next_look(attempt: Attempt, now: datetime) -> datetime | None:
    """None: what has not landed will not."""
    until = attempt.action.may_land_until
    if attempt.is_safe or until is None or until <= now:
        return None
    lost = until - _span(attempt)
    return next((at for look in LOOKS if now < (at := lost + look) < until), until)


def _leave_to_a_person(deps: Deps, attempt: Attempt, missing: str) -> None:
    said = {
        "message": f"{attempt.platform.title} did not answer, and does not show {missing}",
        "platform": attempt.platform.name,
        "next_step": f"look in {attempt.platform.title}; if it is there, settle it, if not, retry",
    }
    _end(deps, attempt.action, ActionStatus.UNCERTAIN, said)


def sending_of(deps: Deps, attempt: Attempt, note: str) -> Attempt:
    """From here on one request more is unanswered, whatever becomes of us."""
    action = attempt.action
    return _leased(
        deps,
        attempt,
        note,
        attempts=action.attempts + 1,
        unanswered=action.unanswered + 1,
        doubts=action.doubts + 1,
    )


def _leased(deps: Deps, attempt: Attempt, note: str, **changes: Any) -> Attempt:
    now = deps.now()
    moved = attempt.action.moved(ActionStatus.SENDING, now, note, lease_until=now + LEASE, **changes)
    return replace(attempt, action=deps.actions.save(moved))


def after_sending(deps: Deps, attempt: Attempt, error: BridgeError) -> Action | None:
    """The action as it is stored then, when nobody knows what became of it."""
    if isinstance(error, Unavailable) and error.declined:
        _wait(deps, _as_declined(attempt.action, deps.now()), error)
    elif isinstance(error, Unavailable) and error.outcome_unknown:
        return _stay_unknown(deps, attempt, error)
    elif isinstance(error, _AWAY):
        _wait(deps, _as_not_sent(attempt.action), error)
    elif isinstance(error, Duplicate) and error.existing_id:
        _link(deps, attempt, error.existing_object, error.existing_id)
    else:
        _end(deps, attempt.action.accounted(), ActionStatus.FAILED, _explained(attempt, error))
    return None


def _stay_unknown(deps: Deps, attempt: Attempt, error: Unavailable) -> Action:
    """Looked for as soon as it can be seen."""
    now = deps.now()
    unknown = attempt.action.moved(
        ActionStatus.SENDING,
        now,
        "outcome unknown",
        next_attempt_at=now + max(SOON, timedelta(seconds=attempt.spec.lag_seconds)),
        may_land_until=_until(attempt, now),
        error=_explained(attempt, error),
    )
    return deps.actions.save(unknown)


def _as_declined(action: Action, now: datetime) -> Action:
    """The CRM says that it did nothing: that is looked at before it is sent again, and counts for no doubt."""
    return replace(action, doubts=action.doubts - 1, may_land_until=action.may_land_until or now)


def _as_not_sent(action: Action) -> Action:
    """The request did not leave, or was refused. An earlier one that is unanswered is still to be looked for."""
    known = action.accounted()
    return known if known.unanswered else replace(known, status=ActionStatus.WAITING)


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
    complete_action(deps, attempt, written, deps.now(), linked=True)


def _end(deps: Deps, action: Action, status: ActionStatus, said: Mapping[str, Json]) -> None:
    finish_action(deps, action.moved(status, deps.now(), error=said))


def _explained(attempt: Attempt, error: BridgeError) -> Mapping[str, Json]:
    return explained(error, attempt.platform, attempt.request.object)
