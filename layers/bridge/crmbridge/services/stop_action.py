"""What came of a request or a look-up that failed: the action waits, stays unknown, links what is there, or ends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.errors import (
    BridgeError,
    Duplicate,
    ReauthRequired,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.domain.messages import next_try
from crmbridge.domain.records import Json
from crmbridge.platforms.spec import Written
from crmbridge.services.attempt_write import Attempt
from crmbridge.services.complete_action import complete_action
from crmbridge.services.finish_action import explained, finish_action
from crmbridge.services.ports import Deps

SOON: Final = timedelta(seconds=5)
RECONNECT_EVERY: Final = timedelta(minutes=5)
GIVE_UP_AFTER: Final = timedelta(days=1)
GIVE_UP_RECONNECT_AFTER: Final = timedelta(days=30)

_AWAY: Final = (Throttled, Unavailable, ReauthRequired, TokenExpired)
"""What says nothing about the write: the CRM is busy or away, or our authorisation is gone."""


def stop_before_sending(deps: Deps, action: Action, error: BridgeError) -> None:
    """Before a request could leave: wait for a CRM that is away, end at what is final."""
    if isinstance(error, _AWAY):
        _wait(deps, action, error)
    else:
        unknown = action.status is ActionStatus.SENDING
        end_action(deps, action, ActionStatus.UNCERTAIN if unknown else ActionStatus.FAILED, explained(error))


def stop_after_sending(deps: Deps, attempt: Attempt, error: BridgeError) -> Action | None:
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
        end_action(deps, attempt.action.accounted(), ActionStatus.FAILED, _explained(attempt, error))
    return None


def _stay_unknown(deps: Deps, attempt: Attempt, error: Unavailable) -> Action:
    """Looked for as soon as it can be seen."""
    now = deps.now()
    unknown = attempt.action.moved(
        ActionStatus.SENDING,
        now,
        "outcome unknown",
        next_attempt_at=now + max(SOON, timedelta(seconds=attempt.spec.lag_seconds)),
        may_land_until=now + attempt.span,
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


def stop_after_looking(deps: Deps, attempt: Attempt, error: BridgeError) -> None:
    if isinstance(error, _AWAY):
        _wait(deps, attempt.action, error)
    elif isinstance(error, Duplicate) and error.existing_id:
        _link(deps, attempt, error.existing_object, error.existing_id)
    else:
        end_action(deps, attempt.action, ActionStatus.UNCERTAIN, _explained(attempt, error))


def _wait(deps: Deps, action: Action, error: BridgeError) -> None:
    """As a row, in the status it is in; whoever waits too long fails, or stays unknown for a person to decide."""
    now, asked = deps.now(), _asked_at(action)
    unknown = action.status is ActionStatus.SENDING
    reconnect = isinstance(error, (ReauthRequired, TokenExpired))
    if now - asked > (GIVE_UP_RECONNECT_AFTER if reconnect else GIVE_UP_AFTER):
        end_action(deps, action, ActionStatus.UNCERTAIN if unknown else ActionStatus.FAILED, explained(error))
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


def end_action(deps: Deps, action: Action, status: ActionStatus, said: Mapping[str, Json]) -> None:
    """Otherwise than well."""
    finish_action(deps, action.moved(status, deps.now(), error=said))


def _explained(attempt: Attempt, error: BridgeError) -> Mapping[str, Json]:
    return explained(error, attempt.platform, attempt.request.object)
