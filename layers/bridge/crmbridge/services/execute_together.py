"""Actions that have waited go together where their CRM takes them so: one call, and every one keeps its own end."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.errors import PlatformError, Rejected, Stale, Unsupported
from crmbridge.domain.merging import Sighting
from crmbridge.platforms.spec import Written
from crmbridge.services.attempt_write import Attempt
from crmbridge.services.complete_action import complete_action
from crmbridge.services.execute_action import (
    execute_action,
    is_due,
    opened,
    send,
    sending_of,
)
from crmbridge.services.ports import Deps
from crmbridge.services.stop_action import stop_after_sending


def execute_together(deps: Deps, workspace: str, ids: Sequence[str]) -> None:
    """Take each of these one step on, in one call as far as that is possible. As safe to call as `execute_action`, and
    as exact: each is stored as `sending` before the request leaves, and looked for by its own key if nobody knows."""
    packs: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for id in ids:
        with suppress(Stale):
            attempt = _ready(deps, workspace, id)
            if attempt is None:
                execute_action(deps, workspace, id)
            else:
                packs[attempt.connection.id, attempt.request.object].append(attempt)
    for attempts in packs.values():
        if len(attempts) == 1:
            execute_action(deps, workspace, attempts[0].action.id)
        else:
            _send_pack(deps, attempts)


def _ready(deps: Deps, workspace: str, id: str) -> Attempt | None:
    """None: it goes alone, or not now."""
    action = deps.actions.get(workspace, id)
    fresh = action.status in (ActionStatus.PENDING, ActionStatus.WAITING) and not action.unanswered
    if action.is_final or not fresh or action.target or not is_due(action, deps.now()):
        return None
    attempt = opened(deps, action)
    return attempt if attempt and _fits(attempt) else None


def _fits(attempt: Attempt) -> bool:
    """One that will be refused goes alone, so that what is said of it is said of it alone."""
    pack = attempt.spec.pack
    try:
        attempt.spec.check(attempt.request)
        return pack is not None and pack.takes(attempt.request)
    except (PlatformError, Unsupported):
        return False


def _send_pack(deps: Deps, attempts: Sequence[Attempt]) -> None:
    sending = [held for attempt in attempts if (held := _held(deps, attempt))]
    if not sending:
        return
    first = sending[0]
    assert first.spec.pack
    try:
        became = first.spec.pack.send(first.api, [one.request for one in sending])
    except Rejected:
        _send_each(deps, sending)
    except (PlatformError, Unsupported) as error:
        for one in sending:
            with suppress(Stale):
                stop_after_sending(deps, one, error)
    else:
        _settle(deps, sending, became)


def _held(deps: Deps, attempt: Attempt) -> Attempt | None:
    with suppress(Stale):  # somebody else has it
        return sending_of(deps, attempt, "together with others")
    return None


def _send_each(deps: Deps, sending: Sequence[Attempt]) -> None:
    """The CRM refused the lot and wrote nothing: alone each hears its own."""
    for one in sending:
        with suppress(Stale):
            send(deps, replace(one, action=one.action.accounted()), "alone, for together they were refused")


def _settle(deps: Deps, sending: Sequence[Attempt], became: Sequence[Written | PlatformError]) -> None:
    read_at, seen = deps.now(), _read_back(sending[0], became)
    for one, result in zip(sending, became, strict=True):
        with suppress(Stale):
            if isinstance(result, Written):
                known = result.seen or seen.get(result.external_id)
                complete_action(deps, one, replace(result, seen=known), read_at)
            else:
                stop_after_sending(deps, one, result)


def _read_back(attempt: Attempt, became: Sequence[Written | PlatformError]) -> Mapping[str, Sighting]:
    """All in one call. What cannot be read now is read alone, or the next sync brings it."""
    ids = [one.external_id for one in became if isinstance(one, Written) and one.seen is None]
    try:
        found = attempt.platform.fetch(attempt.api, attempt.request.object, ids, attempt.directories)
    except PlatformError:
        return {}
    return {seen.external_id: seen for seen in found}
