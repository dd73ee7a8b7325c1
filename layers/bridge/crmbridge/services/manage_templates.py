"""Named action templates of a workspace: admins keep them, everybody sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Invalid, NotFound, Problem, Stale
from crmbridge.domain.records import Json
from crmbridge.domain.templates import BUILT_IN, ActionTemplate, check_template
from crmbridge.services.hold_template import hold_template
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

MAX_TEMPLATES: Final = 100
MAX_NAME: Final = 100


def list_templates(deps: Deps, caller: Caller) -> Sequence[ActionTemplate]:
    """The workspace's own by name, then the built-in ones, unless one of its own has taken their name."""
    own = sorted(deps.templates.list(caller.workspace), key=_named)
    taken = {_named(each) for each in own}
    return [*own, *(each for each in BUILT_IN.values() if _named(each) not in taken)]


def read_template(deps: Deps, caller: Caller, id: str) -> ActionTemplate:
    """Raises NotFound, for another workspace's as for an unknown one."""
    return BUILT_IN.get(id) or deps.templates.get(caller.workspace, id)


def create_template(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> ActionTemplate:
    """`name` and `type`, with `fields`, `custom_fields` and `connection`. Raises Invalid naming every wrong field,
    Clash for a name that is taken."""
    require_admin(caller)
    others = deps.templates.list(caller.workspace)
    if len(others) >= MAX_TEMPLATES:
        raise Clash(f"this workspace has {MAX_TEMPLATES} action templates, as many as it may have: delete one first")
    template = ActionTemplate(
        id=deps.new_id(), workspace=caller.workspace, created_by=caller.user, created_at=deps.now(), **body
    )
    checked = _checked(deps, template, others)
    deps.templates.add(checked)
    deps.journal.audit(caller.workspace, "template.created", caller.user, {"template": checked.id})
    return checked


def edit_template(deps: Deps, caller: Caller, id: str, changes: Mapping[str, Any]) -> ActionTemplate:
    """Only what is given changes; actions that were asked for stay as they are."""
    template = _own(deps, caller, id)
    others = [each for each in deps.templates.list(caller.workspace) if each.id != id]
    try:
        saved = deps.templates.save(_checked(deps, replace(template, **changes), others))
    except Stale:
        raise Clash("somebody else has just changed the action template; read it again") from None
    deps.journal.audit(caller.workspace, "template.changed", caller.user, {"template": id})
    return saved


def delete_template(deps: Deps, caller: Caller, id: str) -> None:
    _own(deps, caller, id)
    deps.templates.delete(caller.workspace, id)
    deps.journal.audit(caller.workspace, "template.deleted", caller.user, {"template": id})


def _own(deps: Deps, caller: Caller, id: str) -> ActionTemplate:
    require_admin(caller)
    if id in BUILT_IN:
        raise Clash("a built-in action template stays as it is; one of your own with the same name takes its place")
    return deps.templates.get(caller.workspace, id)


def _checked(deps: Deps, template: ActionTemplate, others: Sequence[ActionTemplate]) -> ActionTemplate:
    name = template.name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid(Problem("name", "must be a text", f"1 to {MAX_NAME} characters"))
    named = replace(template, name=name)
    if _named(named) in {_named(each) for each in others}:
        raise Clash(f"there is an action template called {name!r} already")
    if template.type not in ACTION_TYPES:
        raise Invalid(Problem("type", "is not a type of action", f"one of {', '.join(ACTION_TYPES)}"))
    check_template(template.action, template.fields, template.custom_fields)
    _check_connection(deps, template)
    return named


def _check_connection(deps: Deps, template: ActionTemplate) -> None:
    if not template.connection:
        return
    try:
        connection = deps.connections.get(template.workspace, template.connection)
    except NotFound:
        known = ", ".join(each.id for each in deps.connections.list(template.workspace))
        raise Invalid(Problem("connection", "is not a connection", f"one of {known}" if known else "")) from None
    hold_template(deps, template, connection)


def _named(template: ActionTemplate) -> str:
    return template.name.casefold()
