"""What a caller asks to be written, checked against everything we know before it is promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from crmbridge.domain.actions import ACTION_TYPES, ActionType, Target
from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Clash, Invalid, NotFound, Problem, Rejected, Unsupported
from crmbridge.domain.inputs import plain, read_fields
from crmbridge.domain.records import Json, Kind, Link, Record, RecordKey, State, instant_text
from crmbridge.platforms.spec import ActionSpec, WriteRequest
from crmbridge.services.associate_action import chat_link
from crmbridge.services.check_against_schema import check_against_schema
from crmbridge.services.check_custom_fields import check_custom_fields
from crmbridge.services.find_owner import find_owner
from crmbridge.services.find_stage import find_stage
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps

MAX_TEXT: Final = 500
MAX_LINKS: Final = 50
PARTS: Final = ("type", "connection", "fields", "custom_fields", "target", "links", "chat", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A write that may be promised; `before` is what the record says now of the fields to change."""

    type: ActionType
    connection: Connection
    fields: Mapping[str, Json]
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    target: Target | None = None
    links: tuple[Target, ...] = ()
    before: Mapping[str, Json] = field(default_factory=dict)


def check_action(deps: Deps, workspace: str, body: Mapping[str, Json]) -> Checked:
    """Raises Invalid naming the wrong fields, NotFound for connections and records that are not this workspace's,
    Unsupported for what this CRM cannot do."""
    type = _type(body)
    _check_shape(body, type)
    connection = _connection(deps, workspace, body["connection"], type)
    target = _target(deps, connection, body, type)
    directories = deps.connections.directories(workspace, connection.id)
    fields = read_fields(type.kind, body.get("fields") or {}, clearing=not type.creates)
    fields |= _defaults(deps, type, fields)
    fields |= _staged(directories, fields, target, type)
    fields |= _owned(deps, workspace, directories, fields)
    spec = deps.platform(connection.platform).actions[type.name]
    object = target.object if target else spec.made(fields)
    custom_fields = check_custom_fields(
        type.kind, object, directories, body.get("custom_fields") or {}, clearing=not type.creates
    )
    check_complete(type, fields, custom_fields)
    check_against_schema(type.kind, object, directories, fields)
    checked = Checked(
        type=type,
        connection=connection,
        fields=fields,
        custom_fields=custom_fields,
        target=Target(target.object, target.external_id) if target else None,
        links=_links(deps, connection, body.get("links") or ()),
        before=_before(target, fields, custom_fields),
    )
    return _placed(deps, spec, checked, object, directories, chat_link(deps, connection, body, type))


def _placed(
    deps: Deps,
    spec: ActionSpec,
    checked: Checked,
    object: str,
    directories: Directories | None,
    chat_link: tuple[Target, ...],
) -> Checked:
    """Associated with what its chat is about, where the CRM takes that: nobody asked for it."""
    placed = replace(checked, links=chat_link or checked.links)
    try:
        _check_with_crm(deps, spec, placed, object, directories)
    except Invalid as refused:
        if not chat_link or all(problem.field != "links" for problem in refused.problems):
            raise
        _check_with_crm(deps, spec, checked, object, directories)
        return checked
    return placed


def _check_with_crm(
    deps: Deps, spec: ActionSpec, checked: Checked, object: str, directories: Directories | None
) -> None:
    """What this CRM can take of it, as far as that can be told without asking it."""
    if directories is None:
        return
    request = WriteRequest(
        type=checked.type.name,
        kind=checked.type.kind,
        fields=checked.fields,
        custom_fields=checked.custom_fields,
        object=object,
        external_id=checked.target.external_id if checked.target else None,
        links=tuple(Link(link.object, link.external_id) for link in checked.links),
        key="",
        directories=directories,
        asked_at=deps.now(),
    )
    try:
        spec.check(request)
    except Rejected as refused:
        wrong = refused.fields or {"": str(refused)}
        raise Invalid(*(Problem(_path(checked, name), why) for name, why in wrong.items())) from None


def _path(checked: Checked, name: str) -> str:
    if name in ("", "fields", "links", "target"):
        return name or "fields"
    return f"{'custom_fields' if name in checked.custom_fields else 'fields'}.{name}"


def _type(body: Mapping[str, Json]) -> ActionType:
    name = body.get("type")
    if not isinstance(name, str) or name not in ACTION_TYPES:
        raise Invalid(Problem("type", "is not a type of action", f"one of {', '.join(ACTION_TYPES)}"))
    return ACTION_TYPES[name]


def _check_shape(body: Mapping[str, Json], type: ActionType) -> None:
    problems = [
        Problem(str(name)[:MAX_TEXT], "is not known here", f"one of {', '.join(PARTS)}")
        for name in body.keys() - set(PARTS)
    ]
    problems += [
        Problem(name, "must be a text", f"1 to {MAX_TEXT} characters")
        for name in ("connection", "chat", "message")
        if (body.get(name) or name == "connection") and not _is_text(body.get(name))
    ]
    problems += [
        Problem(name, "must be an object", '{"name": value}')
        for name in ("fields", "custom_fields")
        if not isinstance(body.get(name) or {}, Mapping)
    ]
    problems += misplaced(body, type)
    if problems:
        raise Invalid(*problems)


def misplaced(body: Mapping[str, Json], type: ActionType) -> list[Problem]:
    """What is made has links, and what is changed is a target; never the other."""
    if type.creates and body.get("target"):
        fix = "name records to associate it with in links"
        return [Problem("target", f"{type.name} makes a new record", fix)]
    if not type.creates and body.get("links"):
        return [Problem("links", f"{type.name} changes fields only", "links are made together with a new record")]
    return []


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _connection(deps: Deps, workspace: str, id: str, type: ActionType) -> Connection:
    connection = deps.connections.get(workspace, id)
    if connection.settings.direction == "from_crm":
        raise Clash("the connection only reads (direction from_crm); an admin sets it to both")
    platform = deps.platform(connection.platform)
    if type.name not in platform.actions:
        raise Unsupported(f"{platform.title} cannot do {type.name}; it can do {', '.join(platform.actions)}")
    return connection


def _target(deps: Deps, connection: Connection, body: Mapping[str, Json], type: ActionType) -> Record | None:
    if type.creates:
        return None
    record = _known(deps, connection, _reference(body.get("target"), "target"), "target")
    if record.kind is not type.kind:
        raise Invalid(Problem("target", f"is a {record.kind}", f"{type.name} takes a {type.kind}"))
    return record


def _links(deps: Deps, connection: Connection, links: Any) -> tuple[Target, ...]:
    if not isinstance(links, (list, tuple)) or len(links) > MAX_LINKS:
        raise Invalid(Problem("links", "must be a list of records", f"at most {MAX_LINKS}"))
    named = [(_reference(link, f"links[{at}]"), f"links[{at}]") for at, link in enumerate(links)]
    return tuple(dict.fromkeys(_linkable(deps, connection, link, path) for link, path in named))


def _linkable(deps: Deps, connection: Connection, link: Target, path: str) -> Target:
    """A record that we know; of an object that we keep no records of, the CRM knows."""
    platform = deps.platform(connection.platform)
    scope = platform.linked_only.get(link.object)
    if scope is None:
        record = _known(deps, connection, link, path)
        return Target(record.object, record.external_id)
    if connection.scopes and scope not in connection.scopes:
        said = f"{platform.title} needs the scope {scope}, which was not granted"
        raise Invalid(Problem(path, said, "have an admin reconnect with it, or leave it out"))
    return link


def _reference(value: Any, path: str) -> Target:
    if not isinstance(value, Mapping) or not _is_text(value.get("object")) or not _is_text(value.get("external_id")):
        raise Invalid(Problem(path, "must name a record", '{"object": "deals", "external_id": "123"}'))
    return Target(value["object"], value["external_id"])


def _known(deps: Deps, connection: Connection, target: Target, path: str) -> Record:
    """The live record that is meant, merges followed."""
    key = RecordKey(connection.workspace, connection.id, target.object, target.external_id)
    found = follow_record(deps, key)
    if found is None:
        raise NotFound(f"{path}: there is no {target.object} {target.external_id} in this connection")
    if found.record.state is not State.LIVE:
        raise Invalid(
            Problem(path, f"the record is {found.record.state} in the CRM", "restore it there, or name another")
        )
    return found.record


def _defaults(deps: Deps, type: ActionType, fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """Decided once, when it is asked for, so that every try sends the same."""
    for name, value in type.sets.items():
        if fields.get(name, value) != value:
            raise Invalid(Problem(f"fields.{name}", f"is {value}, because the action is {type.name}", "leave it out"))
    decided = dict(type.sets)
    if type.creates and type.kind is Kind.ACTIVITY and "occurred_at" not in fields:
        decided["occurred_at"] = instant_text(deps.now())
    return decided


def _staged(
    directories: Directories | None, fields: Mapping[str, Json], target: Record | None, type: ActionType
) -> Mapping[str, Json]:
    if directories is None or type.kind is not Kind.DEAL:
        return {}
    pipeline = fields.get("pipeline") or (target.get("pipeline") if target else None)
    stage = find_stage(directories, fields.get("stage"), str(pipeline or ""), begins=type.creates)
    return {"stage": stage} if stage else {}


def _owned(
    deps: Deps, workspace: str, directories: Directories | None, fields: Mapping[str, Json]
) -> Mapping[str, Json]:
    wanted = fields.get("owner_id")
    if not isinstance(wanted, str) or directories is None:
        return {}
    return {"owner_id": find_owner(deps, workspace, directories, wanted)}


def check_complete(type: ActionType, fields: Mapping[str, Json], custom_fields: Mapping[str, Json]) -> None:
    """Raises Invalid naming every field without which there is nothing to do."""
    problems = [Problem(f"fields.{name}", "is required") for name in type.required if not fields.get(name)]
    if type.one_of and not any(fields.get(name) for name in type.one_of):
        problems.append(Problem(f"fields.{type.one_of[0]}", "is required", f"or one of {', '.join(type.one_of[1:])}"))
    if not type.creates and not fields and not custom_fields:
        problems.append(Problem("fields", "names nothing to change", '{"amount": 50000}'))
    if problems:
        raise Invalid(*problems)


def _before(target: Record | None, fields: Mapping[str, Json], custom_fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """Of a field that was not read nobody knows."""
    if target is None:
        return {}
    ours = {name: plain(target.get(name)) for name in fields if name in target.fields}
    if ours.get("lifecycle_stage") == "other":
        ours["lifecycle_stage"] = plain(target.get("lifecycle_raw")) or "other"
    return ours | {name: plain(target.custom_fields.get(name)) for name in custom_fields}
