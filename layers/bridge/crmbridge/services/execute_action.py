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
from crmbridge.domain.errors import NotFound, PlatformError, ReauthRequired, Stale, Unsupported
from crmbridge.domain.records import Json
from crmbridge.services.attempt_write import Attempt, changed_since, look_up, open_attempt
from crmbridge.services.complete_action import complete_action
from crmbridge.services.mend_update import mend_update
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import record_key
from crmbridge.services.stop_action import (
    SOON,
    end_action,
    stop_after_looking,
    stop_after_sending,
    stop_before_sending,
)
from crmbridge.services.watch_action import watch_action

LEASE: Final = timedelta(minutes=3)
"""Outlives the request and what goes with it: reading a pipeline first, a refused token, its refresh, the request."""
LOOKS: Final = (SOON, timedelta(minutes=1), timedelta(minutes=5))
"""How long after a lost answer it is looked for where only a marker tells; then when it can land no more."""
PROMPT: Final = timedelta(seconds=10)
"""Who hears of a failure so soon has the time to look at once; others come back for it."""
OVERTAKEN: Final[Mapping[str, Json]] = {
    "message": "a later update of the same fields was done first",
    "next_step": "look at the record, then ask again",
}


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
        stop_before_sending(deps, action, error)
    return None


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
        stop_before_sending(deps, attempt.action, error)
        return True
    if changed:
        said = {
            "message": f"somebody has changed {', '.join(changed)} since",
            "next_step": "look at the record; nothing was taken back",
        }
        end_action(deps, attempt.action, ActionStatus.SUPERSEDED, said)
    return bool(changed)


def _is_superseded(deps: Deps, attempt: Attempt) -> bool:
    """A later update of the same fields is done already: this one would undo it."""
    action, key = attempt.action, record_key(attempt.action)
    if key is None or deps.actions.last_sequence(key, action.changes) <= action.sequence:
        return False
    end_action(deps, action, ActionStatus.SUPERSEDED, OVERTAKEN)
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
        return stop_after_sending(deps, sending, error)
    complete_action(deps, sending, written, started_at)
    return None


def _find_out(deps: Deps, attempt: Attempt) -> None:
    """Nobody knows what became of the last request: what the CRM shows under the key decides."""
    started_at = deps.now()
    asking = _leased(deps, attempt, "looking for what was sent", may_land_until=_landing(attempt))
    try:
        written = look_up(asking)
        if written is not None and mend_update(deps, asking):
            end_action(deps, asking.action, ActionStatus.SUPERSEDED, OVERTAKEN)
            return
    except (PlatformError, Unsupported) as error:
        stop_after_looking(deps, asking, error)
        return
    if written is not None:
        complete_action(deps, asking, written, started_at)
    elif not _is_overtaken(deps, asking):
        _wait_or_send_again(deps, asking)


def _landing(attempt: Attempt) -> datetime | None:
    """Whoever finds a lease that ran out does not know when its holder sent; at the end of it, at the latest."""
    action = attempt.action
    return action.lease_until + attempt.span if action.lease_until else action.may_land_until


def _wait_or_send_again(deps: Deps, attempt: Attempt) -> None:
    """Where only our look-up can tell, nothing is sent while an earlier request may land; then one more, and after that
    a person decides."""
    now, pointed_to = deps.now(), attempt.action.found is not None
    if not pointed_to and (later := _next_look(attempt, now)):
        note = "not there yet, it may still come"
        deps.actions.save(attempt.action.moved(ActionStatus.SENDING, now, note, next_attempt_at=later))
    elif not pointed_to and attempt.action.doubts <= attempt.doubts_allowed:
        send(deps, attempt, "not found, so sent again")
    else:
        _leave_to_a_person(deps, attempt, "that record" if pointed_to else "what was sent")


def _next_look(attempt: Attempt, now: datetime) -> datetime | None:
    """None: what has not landed will not."""
    until = attempt.action.may_land_until
    if attempt.is_safe or until is None or until <= now:
        return None
    lost = until - attempt.span
    return next((at for look in LOOKS if now < (at := lost + look) < until), until)


def _leave_to_a_person(deps: Deps, attempt: Attempt, missing: str) -> None:
    said = {
        "message": f"{attempt.platform.title} did not answer, and does not show {missing}",
        "platform": attempt.platform.name,
        "next_step": f"look in {attempt.platform.title}; if it is there, settle it, if not, retry",
    }
    end_action(deps, attempt.action, ActionStatus.UNCERTAIN, said)


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
