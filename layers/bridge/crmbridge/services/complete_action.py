"""The good end of an action: what the CRM has now is stored, and the receipt says so."""

from dataclasses import replace
from datetime import datetime

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.platforms.spec import Written
from crmbridge.services.attempt_write import Attempt, receipt, store_outcome
from crmbridge.services.finish_action import finish_action
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import record_key


def complete_action(
    deps: Deps, attempt: Attempt, written: Written, started_at: datetime, *, linked: bool = False
) -> None:
    """`written` accounts for one request. `started_at`: when what it shows began to be read."""
    action, key = _accounted(attempt), record_key(attempt.action)
    after = store_outcome(deps, attempt, written, started_at)
    if key:
        deps.actions.complete_sequence(key, action.sequence, action.changes)
    got = receipt(attempt, written, after, deps.now(), linked=linked)
    finish_action(deps, action.moved(ActionStatus.COMPLETED, deps.now(), receipt=got, error=None))


def _accounted(attempt: Attempt) -> Action:
    """Another create under a unique key would be refused: nothing of it is left to wait for."""
    if attempt.is_safe and attempt.action.target is None:
        return replace(attempt.action, unanswered=0)
    return attempt.action.accounted()
