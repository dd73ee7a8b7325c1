"""What a write says beside the plain fields: names and addresses of people, stages, links, and what a call came to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from crmbridge.domain.directories import Directories, Stage
from crmbridge.domain.records import Json, Kind, Link
from crmbridge.platforms.pipedrive.objects import LINK_FIELDS, OBJECTS
from crmbridge.platforms.pipedrive.outgoing import Body, moment_of, refused, when, whole
from crmbridge.platforms.pipedrive.texts import paragraphs, to_html
from crmbridge.platforms.pipedrive.words import DONE, PLANNED, TASK
from crmbridge.platforms.spec import WriteRequest

NOBODY: Final[Mapping[str, Any]] = {}
_ADDRESSES: Final = (("email", "emails"), ("phone", "phones"))
_NAMES: Final = ("first_name", "last_name")


def reads_first(request: WriteRequest) -> bool:
    """Lists of e-mails and phones are replaced as a whole, and a name is one: what is not said must be kept."""
    fields = request.fields
    return request.object == "persons" and any(name in fields for name in (*_NAMES, "email", "phone"))


def person_body(request: WriteRequest, held: Mapping[str, Any] = NOBODY) -> Body:
    """`held` is the person as Pipedrive has it, for an update."""
    fields, body = request.fields, Body()
    if fields.get("subtype") not in (None, "contact"):
        raise refused({"subtype": "people are contacts at Pipedrive"})
    if any(name in fields for name in _NAMES):
        body["name"] = " ".join(str(part) for name in _NAMES if (part := fields.get(name, held.get(name))))
    for scalar, plural in _ADDRESSES:
        if plural in fields:
            body[plural] = _entries(fields[plural] or ())
        if scalar in fields:
            body[plural] = _with_primary(body.get(plural, held.get(plural)), fields[scalar])
    return body


def new_person_body(request: WriteRequest) -> Body:
    """A person has a name, or is called by what else is known."""
    body = person_body(request)
    called = next((body[plural][0]["value"] for _, plural in _ADDRESSES if body.get(plural)), "")
    body["name"] = body.get("name") or called
    if not body["name"]:
        raise refused({"last_name": "a contact needs a name, an e-mail or a phone"})
    return body


def new_company_body(request: WriteRequest) -> Body:
    """An organization has a name, or is called by where it is found."""
    name = next((request.fields[key] for key in ("name", "domain", "website") if request.fields.get(key)), None)
    if not name:
        raise refused({"name": "an organization needs a name"})
    return {"name": str(name)}


def _entries(told: Iterable[Any]) -> list[Json]:
    entries = [entry if isinstance(entry, Mapping) else {"value": entry} for entry in told]
    marked = any(entry.get("primary") is True for entry in entries)
    return [
        {
            "value": str(entry["value"]),
            "primary": entry.get("primary") is True if marked else at == 0,
            "label": str(entry.get("label") or "work"),
        }
        for at, entry in enumerate(entries)
    ]


def _with_primary(held: Any, value: Any) -> list[Json]:
    """The same list with another first among them; None takes it out."""
    entries = [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []
    others = [entry for entry in entries if entry.get("primary") is not True and entry.get("value") != value]
    if value is None:
        return _entries(others)
    label = next((entry.get("label") for entry in entries if entry.get("primary") is True), None)
    return [
        {"value": str(value), "primary": True, "label": label or "work"},
        *({**entry, "primary": False} for entry in _entries(others)),
    ]


def link_body(request: WriteRequest) -> Body:
    """Every object holds one of each. An activity may have several people, of whom one is the first. Who takes part in
    a deal beside its own person is no part of either (`parts`)."""
    body: Body = {}
    for target in dict.fromkeys(link.object for link in request.links):
        ends = [link for link in request.links if link.object == target]
        if (request.object, target) == ("persons", "deals"):
            continue
        if target not in OBJECTS[request.object].links:
            raise refused({"links": f"{request.object} cannot be linked to {target}"})
        if request.object == "activities" and target == "persons":
            first = _first(ends)
            body["participants"] = [{"person_id": whole(end.external_id), "primary": end is first} for end in ends]
        elif request.object == "deals" and target == "persons":
            body[LINK_FIELDS[target]] = whole(_first(ends).external_id)
        elif len(ends) > 1:
            raise refused({"links": f"one of {request.object} has one of {target}, not {len(ends)}"})
        else:
            body[LINK_FIELDS[target]] = whole(ends[0].external_id)
    return body


def _first(ends: Sequence[Link]) -> Link:
    return next((end for end in ends if end.primary), ends[0])


def parts(request: WriteRequest, made: str) -> list[tuple[str, int]]:
    """(deal, person) of everybody who takes part once this is made, but for the one whom a deal holds itself."""
    if request.object == "persons":
        return [(link.external_id, whole(made)) for link in request.links if link.object == "deals"]
    people = [link for link in request.links if link.object == "persons"] if request.object == "deals" else []
    return [(made, whole(link.external_id)) for link in people if link is not _first(people)]


def stage_body(request: WriteRequest, pipeline_of: Mapping[str, Any] = NOBODY) -> Body:
    """The stage alone: Pipedrive takes the pipeline from it, and refuses two that do not fit together."""
    name, pipeline = request.fields.get("stage"), request.fields.get("pipeline")
    if name is None:
        if pipeline is not None:
            raise refused({"pipeline": "name a stage of that pipeline, too"})
        return {}
    known = request.directories
    found = stages_named(known, name, pipeline)
    if not found and known.stages:
        labels = ", ".join(dict.fromkeys(stage.label for stage in known.stages.values()))
        raise refused({"stage": f"there is no stage {name!r}; there are {labels}"})
    if len(found) > 1:
        found = [stage for stage in found if stage.pipeline == str(pipeline_of.get("pipeline_id"))]
    if known.stages and len(found) != 1:
        raise refused({"stage": "several pipelines have it, and the deal is in none of them; name the pipeline"})
    return {"stage_id": whole(found[0].id if found else name)}


def stages_named(directories: Directories, name: Any, pipeline: Any = None) -> list[Stage]:
    """Stages of that id or label, in all pipelines unless one is named (by id or label)."""
    stages = [stage for stage in directories.stages.values() if pipeline is None or _is_pipeline(stage, pipeline)]
    by_id = [stage for stage in stages if stage.id == str(name)]
    return by_id or [stage for stage in stages if stage.label.casefold() == str(name).strip().casefold()]


def _is_pipeline(stage: Stage, name: Any) -> bool:
    return str(name) == stage.pipeline or str(name).strip().casefold() == stage.pipeline_label.casefold()


def activity_defaults(request: WriteRequest) -> Body:
    """What was logged has happened, unless it is still ahead; a task is still to be done."""
    if request.kind is Kind.TASK:
        return {"type": TASK, "done": False}
    type = str(request.fields.get("type") or "call")
    happened = request.fields.get("occurred_at") or request.asked_at
    return {"subject": type.capitalize(), "done": is_past(happened, request.asked_at), **when(happened)}


def changed_text_body(request: WriteRequest) -> Body:
    """What an activity or a note takes later, of what it was told with at the beginning: whether it is done."""
    done = {DONE: True, PLANNED: False}.get(str(request.fields.get("outcome")))
    later = ("direction", "outcome") if request.object == "activities" else ("subject", "occurred_at")
    wrong = [name for name in later if name in request.fields and (name != "outcome" or done is None)]
    if wrong:
        raise refused(dict.fromkeys(wrong, "Pipedrive has no such field to change later: change the body"))
    return {} if done is None else {"done": done}


def is_past(moment: Any, now: datetime) -> bool:
    try:
        at = moment_of(moment)
    except ValueError:
        return True
    return at <= now if isinstance(at, datetime) else at <= now.date()


def told_text(request: WriteRequest, reference: str, body: str) -> str:
    """What an activity has no field for, its text, and our reference."""
    lines = [
        f"{name.capitalize()}: {request.fields[name]}" for name in ("direction", "outcome") if request.fields.get(name)
    ]
    return paragraphs(*map(to_html, lines), body, reference)


def note_body(request: WriteRequest, reference: str, content: str) -> Body:
    """A note hangs on something, and may have been written before."""
    if not request.links:
        raise refused({"links": "a note belongs to a person, an organization or a deal"})
    body: Body = {"content": paragraphs(to_html(str(request.fields.get("subject") or "")), content, reference)}
    if request.fields.get("occurred_at"):
        moment = moment_of(request.fields["occurred_at"])
        at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        body["add_time"] = at.strftime("%Y-%m-%d %H:%M:%S")
    return body
