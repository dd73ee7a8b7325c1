"""An action that has ended is looked at again while a request of it may have landed unheard: what landed after all
completes it, what was made twice is named, and what lies over a later update is mended."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus, Receipt, Twin
from crmbridge.domain.errors import NotFound, PlatformError, Unsupported
from crmbridge.platforms.spec import Written
from crmbridge.services.attempt_write import Attempt, look_up, open_attempt
from crmbridge.services.complete_action import complete_action
from crmbridge.services.finish_action import next_watch, tell_of
from crmbridge.services.mend_update import mend_update
from crmbridge.services.ports import Deps

ASK_AGAIN: Final = timedelta(minutes=15)
GIVE_UP_AFTER: Final = timedelta(days=1)
DOUBLED: Final = "action.doubled"


def watch_action(deps: Deps, action: Action) -> None:
    """Raises Stale when somebody has decided about it meanwhile."""
    try:
        attempt = open_attempt(deps, action, deps.connections.get(action.workspace, action.connection))
        _look(deps, attempt)
    except PlatformError:
        _look_later(deps, action)
    except (NotFound, Unsupported):
        deps.actions.save(replace(action, next_attempt_at=None))


def _look(deps: Deps, attempt: Attempt) -> None:
    action, started_at = attempt.action, deps.now()
    done = action.status is ActionStatus.COMPLETED
    if action.target and mend_update(deps, attempt):
        _go_on(deps, action)
    elif done and not action.target:
        _look_for_twins(deps, attempt)
    elif not done and action.status is not ActionStatus.SUPERSEDED and (written := look_up(attempt)):
        complete_action(deps, attempt, written, started_at)
    else:
        _go_on(deps, action)


def _go_on(deps: Deps, action: Action) -> None:
    deps.actions.save(replace(action, next_attempt_at=next_watch(action, deps.now())))


def _look_later(deps: Deps, action: Action) -> None:
    """The CRM is away. What cannot be asked for a day is not asked any more."""
    now, until = deps.now(), action.may_land_until
    later = now + ASK_AGAIN if until and now - until < GIVE_UP_AFTER else None
    deps.actions.save(replace(action, next_attempt_at=later))


def _look_for_twins(deps: Deps, attempt: Attempt) -> None:
    action, receipt = attempt.action, attempt.action.receipt
    assert receipt
    if not (twins := _twins(attempt, receipt)):
        _go_on(deps, action)
        return
    known = (*receipt.twins, *twins)
    note = f"made twice: {', '.join(twin.external_id for twin in twins)} beside {receipt.external_id}"
    told = action.moved(
        ActionStatus.COMPLETED,
        deps.now(),
        note,
        receipt=replace(receipt, twins=known),
        unanswered=max(0, action.unanswered - len(twins)),
    )
    watched = replace(told, next_attempt_at=next_watch(told, deps.now()))
    tell_of(deps, watched, DOUBLED, f"{action.id}.doubled.{len(known)}")


def _twins(attempt: Attempt, receipt: Receipt) -> list[Twin]:
    known = {receipt.external_id, *(twin.external_id for twin in receipt.twins)}
    copies = attempt.spec.copies(attempt.api, attempt.request)
    return [_twin(attempt, copy) for copy in copies if copy.external_id not in known]


def _twin(attempt: Attempt, copy: Written) -> Twin:
    url = attempt.platform.record_url(attempt.directories.account, copy.object, copy.external_id)
    return Twin(copy.object, copy.external_id, url)
