"""A rule's trigger, read from JSON: what must happen for the rule to be asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crmbridge.domain.changes import What
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates import compile_predicate
from crmbridge.domain.records import Json
from crmbridge.domain.rules import WHATS, On, Trigger
from crmbridge.services import read_given as read
from crmbridge.services.survey_crms import Survey

MAX_FIELDS: Final = 50
MAX_LABELS: Final = 50
MAX_CHATS: Final = 100
_SHAPE: Final = '{"on": "change", "kind": "deal"} or {"on": "message", "labels": [...]}'


def read_trigger(value: Json) -> Trigger:
    """Raises Invalid naming every wrong part. Names of fields are held to the CRMs by `wrong_fields`."""
    if not isinstance(value, Mapping) or value.get("on") not in tuple(On):
        raise Invalid(Problem("on" if isinstance(value, Mapping) else "", "says what the rule listens to", _SHAPE))
    on = On(value["on"])
    rest = {name: each for name, each in value.items() if name != "on"}
    known, problems = read.read_given(rest, _OF_CHANGES if on is On.CHANGE else _OF_MESSAGES, f"trigger on a {on}")
    required = "kind" if on is On.CHANGE else "labels"
    if required not in value:
        problems.append(Problem(required, "is required"))
    if problems:
        raise Invalid(*problems)
    trigger = Trigger(on=on, **known)
    if trigger.fields and What.UPDATED not in trigger.what:
        raise Invalid(Problem("fields", "are of updates, and `what` names none", 'add "updated" to it'))
    return trigger


def wrong_fields(trigger: Trigger, survey: Survey) -> list[Problem]:
    """Those that no CRM has, and those of linked records, whose changes are theirs."""
    problems: list[Problem] = []
    for at, name in enumerate(trigger.fields):
        path = f"trigger.fields[{at}]"
        try:
            asked = {"field": name, "operator": "is_not_empty"}
            predicate = compile_predicate(asked, kind=trigger.kind, schema=survey.schema)
        except Invalid as refused:
            problems += [Problem(path, one.message, one.fix) for one in refused.problems]
        else:
            if predicate.needs_links:
                said = f"is not of a {trigger.kind}; a rule is asked when the record itself changes"
                problems.append(Problem(path, said, f"a field of the {trigger.kind}, or a rule about the other kind"))
    return problems


def _whats(value: Json) -> tuple[What, ...]:
    if not isinstance(value, (list, tuple)) or not value or any(one not in WHATS for one in value):
        raise Invalid(Problem("", "says what may happen to a record", f"a list of {', '.join(WHATS)}"))
    return tuple(What(one) for one in dict.fromkeys(value))


def _texts(most: int, least: int = 0) -> read.Read:
    def read_texts(value: Json) -> tuple[str, ...]:
        if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
            raise Invalid(Problem("", "must be a list of texts", f"{least} to {most}"))
        wrong = [at for at, one in enumerate(value) if not _is_text(one)]
        if wrong:
            raise Invalid(*(Problem(f"[{at}]", "must be a text", f"1 to {read.MAX_TEXT} characters") for at in wrong))
        return tuple(dict.fromkeys(one.strip() for one in value))

    return read_texts


def _labels(value: Json) -> Sequence[str]:
    found: tuple[str, ...] = _texts(MAX_LABELS, 1)(value)
    return tuple(dict.fromkeys(label.casefold() for label in found))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= read.MAX_TEXT


_OF_CHANGES: Final[Mapping[str, read.Read]] = {
    "kind": read.kind,
    "what": _whats,
    "fields": _texts(MAX_FIELDS),
    "connections": read.connections,
}
_OF_MESSAGES: Final[Mapping[str, read.Read]] = {"kind": read.kind, "labels": _labels, "chats": _texts(MAX_CHATS)}
