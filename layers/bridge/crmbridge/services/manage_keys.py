"""API keys of a workspace: shown once, kept as a digest."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.workspaces import ApiKey, key_hash
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

ROLES: Final = ("admin", "member")
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """`text` is what a caller sends as a bearer; it is never seen again. Has no repr: it must not reach a log."""

    key: ApiKey
    text: str


def create_key(deps: Deps, caller: Caller, *, name: str, role: str = "member", user: str = "") -> NewKey:
    """The key speaks for `user`, without one for the admin who makes it."""
    require_admin(caller)
    if not 0 < len(name.strip()) <= MAX_NAME:
        raise Invalid(Problem("name", "must be a text", f"1 to {MAX_NAME} characters"))
    if role not in ROLES:
        raise Invalid(Problem("role", "is not a role", f"one of {', '.join(ROLES)}"))
    id, secret = deps.new_id(), secrets.token_hex(24)
    key = ApiKey(
        id=id,
        workspace=caller.workspace,
        role=role,
        user=user or caller.user,
        name=name.strip(),
        hash=key_hash(secret),
        created_at=deps.now(),
    )
    deps.workspaces.add_api_key(key)
    deps.journal.audit(caller.workspace, "api_key.created", caller.user, {"key": id, "role": role})
    return NewKey(key, f"cb_{caller.workspace}_{id}_{secret}")


def list_keys(deps: Deps, caller: Caller) -> Sequence[ApiKey]:
    require_admin(caller)
    return deps.workspaces.api_keys(caller.workspace)


def delete_key(deps: Deps, caller: Caller, id: str) -> None:
    require_admin(caller)
    if deps.workspaces.api_key(caller.workspace, id) is None:
        raise NotFound("there is no such API key")
    deps.workspaces.delete_api_key(caller.workspace, id)
    deps.journal.audit(caller.workspace, "api_key.deleted", caller.user, {"key": id})
