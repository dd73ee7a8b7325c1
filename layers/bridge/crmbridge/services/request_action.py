"""Ask for one write to a CRM: the claim first, then the ring. Asking again with the same key rings again."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus, action_id
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound, Problem
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, RecordKey, instant_text
from crmbridge.services.check_action import check_action
from crmbridge.services.ports import Deps

MAX_KEY: Final = 255
NATURAL: Final = ("email", "subject", "name", "domain", "body")
"""What says that two creates may be of the same thing."""
WRITERS: Final = ("admin", "member")


def request_action(deps: Deps, caller: Caller, body: Mapping[str, Json], idempotency_key: str) -> tuple[Action, bool]:
    """Return (the action, whether this call made it). `body`: `type`, `connection`, `fields`, `custom_fields`,
    `target` and `links` as `{"object", "external_id"}`, `chat`, `message`.

    Raises what `check_action` does, and Clash when the key was used with another body.
    """
    return ask_once(deps, caller, body, idempotency_key, lambda: body)


def ask_once(
    deps: Deps,
    caller: Caller,
    asked: Mapping[str, Json],
    idempotency_key: str,
    body: Callable[[], Mapping[str, Json]],
) -> tuple[Action, bool]:
    """The same for whoever makes the body out of what was `asked`: it is made once, for a new action, and what must be
    the same when the key comes again is what was asked."""
    check_writer(caller)
    id = action_id(caller.workspace, caller.user, _checked_key(idempotency_key))
    wanted = sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    action, is_new = known_action(deps, caller.workspace, id), False
    if action is None:
        action, is_new = deps.actions.claim(draft_action(deps, caller, body(), id, body_hash=wanted))
    if action.body_hash != wanted:
        raise Clash("this Idempotency-Key was used with another body; take a new key for a new action")
    ring_action(deps, action)
    return action, is_new


def check_writer(caller: Caller) -> None:
    if caller.role not in WRITERS:
        raise Forbidden("only admins and members may write to a CRM; ask an admin")


def ring_action(deps: Deps, action: Action) -> None:
    """Updates of one record, and creates of what may be the same thing, stay in order."""
    if not action.is_final or action.is_watched:
        body = {"workspace": action.workspace, "action": action.id}
        deps.queues.actions.send(Message(body, f"{action.workspace}#{_order(action)}"))


def record_key(action: Action) -> RecordKey | None:
    """The record an update was asked for; None for a create."""
    target = action.target
    return RecordKey(action.workspace, action.connection, target.object, target.external_id) if target else None


def _order(action: Action) -> str:
    """Hashed: an e-mail is no name for a message group."""
    if action.target:
        named = f"{action.target.object}#{action.target.external_id}"
    else:
        natural = next((found for name in NATURAL if (found := action.fields.get(name))), "")
        named = f"{action.type}#{str(natural).casefold()}#{action.links[0] if action.links else ''}"
    return sha256(f"{action.connection}#{named}".encode()).hexdigest()[:32]


def _checked_key(key: str) -> str:
    if not isinstance(key, str) or not 0 < len(key.strip()) <= MAX_KEY:
        fix = f"1 to {MAX_KEY} characters, new for every action, the same for every try"
        raise Invalid(Problem("Idempotency-Key", "is required", fix))
    return key


def known_action(deps: Deps, workspace: str, id: str) -> Action | None:
    """None for what nobody has asked for."""
    try:
        return deps.actions.get(workspace, id)
    except NotFound:
        return None


def draft_action(deps: Deps, caller: Caller, body: Mapping[str, Json], id: str, *, body_hash: str) -> Action:
    """A checked action, not claimed yet; an update has its place in the record's order. Raises what `check_action`
    does."""
    checked, now = check_action(deps, caller.workspace, body), deps.now()
    draft = Action(
        id=id,
        workspace=caller.workspace,
        connection=checked.connection.id,
        type=checked.type.name,
        fields=checked.fields,
        custom_fields=checked.custom_fields,
        target=checked.target,
        links=checked.links,
        before=checked.before,
        requested_by=caller.user,
        chat=body.get("chat") or "",
        message=body.get("message") or "",
        body_hash=body_hash,
        key=id,
        created_at=now,
        cause_rule=caller.rule,
        hops=caller.hops,
        history=((str(ActionStatus.PENDING), instant_text(now), ""),),
    )
    key = record_key(draft)
    return replace(draft, sequence=deps.actions.next_sequence(key)) if key else draft
