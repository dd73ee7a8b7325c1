"""Whether what a rule would ask for could be asked for at all: everything that can be told before there is a record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.records import Json
from crmbridge.domain.rules import On, Trigger
from crmbridge.domain.templates import ActionTemplate, check_template
from crmbridge.services.check_action import check_complete, misplaced
from crmbridge.services.draft_actions import template_of
from crmbridge.services.hold_template import hold_template
from crmbridge.services.ports import Deps
from crmbridge.services.read_given import within

OF_TEMPLATES: Final = ("template", "connection", "fields", "custom_fields")
OF_ACTIONS: Final = ("type", "connection", "fields", "custom_fields", "target", "links")
MAX_WORD: Final = 500
MAX_LINKS: Final = 50


def wrong_wishes(deps: Deps, caller: Caller, trigger: Trigger, wishes: Sequence[Mapping[str, Json]]) -> list[Problem]:
    """Each problem under `actions[0].fields.subject` and the like."""
    problems: list[Problem] = []
    for at, wish in enumerate(wishes):
        try:
            _check(deps, caller, trigger, wish)
        except Invalid as refused:
            problems += within(f"actions[{at}]", refused)
    return problems


def _check(deps: Deps, caller: Caller, trigger: Trigger, wish: Mapping[str, Json]) -> None:
    known = OF_TEMPLATES if "template" in wish else OF_ACTIONS
    problems = [
        Problem(str(name)[:MAX_WORD], "is not known here", f"one of {', '.join(known)}")
        for name in wish
        if name not in known
    ]
    for name, (is_right, fix) in _SHAPES.items():
        if name in wish and not is_right(wish[name]):
            problems.append(Problem(name, "has the wrong form", fix))
    if problems:
        raise Invalid(*problems)
    _check_connections(deps, caller, trigger, wish, _checked_template(deps, caller, wish))


def _is_word(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_WORD


def _is_object(value: Json) -> bool:
    return isinstance(value, Mapping)


def _is_record(value: Json) -> bool:
    return (
        isinstance(value, Mapping) and value.keys() == {"object", "external_id"} and all(map(_is_word, value.values()))
    )


def _are_records(value: Json) -> bool:
    return isinstance(value, (list, tuple)) and len(value) <= MAX_LINKS and all(map(_is_record, value))


_RECORD: Final = '{"object": "deals", "external_id": "123"}'
_SHAPES: Final[Mapping[str, tuple[Callable[[Json], bool], str]]] = {
    "template": (_is_word, "the id of an action template"),
    "connection": (_is_word, "the id of a connection"),
    "fields": (_is_object, '{"name": value}'),
    "custom_fields": (_is_object, '{"name": value}'),
    "target": (_is_record, _RECORD),
    "links": (_are_records, f"a list of at most {MAX_LINKS} records: [{_RECORD}]"),
}


def _checked_template(deps: Deps, caller: Caller, wish: Mapping[str, Json]) -> ActionTemplate:
    if "template" not in wish and wish.get("type") not in tuple(ACTION_TYPES):
        raise Invalid(Problem("type", "is not a type of action", f"one of {', '.join(ACTION_TYPES)}"))
    template = _template(deps, caller, wish)
    check_template(template.action, template.fields, template.custom_fields)
    if "template" not in wish:
        if wrong := misplaced(wish, template.action):
            raise Invalid(*wrong)
        check_complete(template.action, template.fields, template.custom_fields)
    return template


def _template(deps: Deps, caller: Caller, wish: Mapping[str, Json]) -> ActionTemplate:
    try:
        return template_of(deps, caller, wish)
    except NotFound:
        raise Invalid(Problem("template", "is not an action template", "GET /v1/action-templates lists them")) from None


def _check_connections(
    deps: Deps, caller: Caller, trigger: Trigger, wish: Mapping[str, Json], template: ActionTemplate
) -> None:
    """What is asked for because of a record is asked of that record's CRM; one that can take it is enough."""
    known = {connection.id: connection for connection in deps.connections.list(caller.workspace)}
    named = wish.get("connection") or template.connection
    if named and named not in known:
        raise Invalid(Problem("connection", "no such connection", "GET /v1/connections lists them"))
    if named and trigger.on is On.CHANGE and trigger.connections != (named,):
        raise Invalid(Problem("connection", "may not be that of the record", f'let trigger.connections be ["{named}"]'))
    meant = [named] if named else [id for id in trigger.connections if id in known] or list(known)
    refused = [_refusals(deps, known[id], template) for id in meant]
    if refused and all(refused):
        raise Invalid(*refused[0])


def _refusals(deps: Deps, connection: Connection, template: ActionTemplate) -> Sequence[Problem]:
    if connection.settings.direction == "from_crm":
        said = f"{connection.display_name} only reads (direction from_crm)"
        return [Problem("connection", said, "an admin sets it to both")]
    try:
        hold_template(deps, template, connection)
    except Invalid as refused:
        return refused.problems
    return ()
