"""Who is who: a CRM's e-mail addresses, and the chat app's users."""

import re
from collections.abc import Mapping
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_people
from crmbridge.services.start_connect import require_admin

MOST_AT_ONCE: Final = 1000
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
MAX_USER: Final = 200


def list_people(deps: Deps, caller: Caller) -> Mapping[str, str]:
    """Case-folded e-mail -> chat user."""
    require_admin(caller)
    return deps.workspaces.list_people(caller.workspace)


def map_people(deps: Deps, caller: Caller, users: Mapping[str, str | None]) -> int:
    """E-mail -> chat user, None forgets one; whom this lets into or out of channels is decided anew, soon.

    Returns how many were mapped or forgotten. Raises Invalid naming every address that is none."""
    require_admin(caller)
    if len(users) > MOST_AT_ONCE:
        raise Invalid(Problem("people", "are too many at once", f"send up to {MOST_AT_ONCE} at a time"))
    problems = [problem for email, user in users.items() for problem in _problems(email, user)]
    if problems:
        raise Invalid(*problems)
    folded = {email.strip().casefold(): user for email, user in users.items()}
    deps.workspaces.map_people(caller.workspace, folded)
    queue_people(deps, caller.workspace, sorted(folded))
    return len(folded)


def _problems(email: str, user: str | None) -> list[Problem]:
    problems = []
    if not EMAIL.fullmatch(email.strip()):
        problems.append(Problem(f"people[{email[:80]}]", "is not an e-mail address", "somebody@example.com"))
    if user is not None and not 0 < len(user) <= MAX_USER:
        problems.append(Problem(f"people[{email[:80]}]", "has no chat user", "a user's id, or null to forget"))
    return problems
