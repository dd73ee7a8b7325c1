"""Which record a chat may be about: found by its participants' e-mails, open deals first, each with its reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.inputs import ADDRESS
from crmbridge.domain.records import NEVER, Json, Kind, RecordKey, State
from crmbridge.domain.sidepanels import LINKABLE
from crmbridge.domain.stored import Stored
from crmbridge.services.list_related import is_open_deal, related_keys
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import Names, show_briefly

MAX_EMAILS: Final = 20
PEOPLE: Final = 40
"""Contacts looked at, over all e-mails and connections."""
SHOWN: Final = 20


@dataclass(slots=True)
class _Suggestion:
    stored: Stored
    emails: dict[str, None] = field(default_factory=dict)
    through: dict[str, None] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[int, int, float]:
        """Deals, contacts, companies; within, what more participants lead to, then what was changed last."""
        changed: datetime = self.stored.record.remote_updated_at or NEVER
        return LINKABLE.index(self.stored.record.kind), -len(self.emails), -changed.timestamp()


def suggest_records(deps: Deps, caller: Caller, chat: str, emails: Sequence[str]) -> list[Mapping[str, Json]]:
    """`why` says by which e-mails a record was found, and through which contacts where it is none itself; `linked`
    that the chat is linked to it already."""
    names, found = Names(deps), dict[RecordKey, _Suggestion]()
    for email, person in islice(_people(deps, caller, _checked(emails)), PEOPLE):
        _note(found, person, email)
        for one in _around(deps, names, person):
            _note(found, one, email, through=person)
    ranked = sorted(found.values(), key=lambda one: one.rank)[:SHOWN]
    shown = show_briefly(deps, [one.stored for one in ranked], names)
    link = deps.sidepanels.link(caller.workspace, chat)
    linked = link.record if link else None
    return [
        {**brief, "linked": one.stored.key == linked, "why": {"emails": [*one.emails], "through": [*one.through]}}
        for brief, one in zip(shown, ranked, strict=True)
    ]


def _checked(emails: Sequence[str]) -> list[str]:
    asked = list(dict.fromkeys(email.strip().casefold() for email in emails))
    wrong = [at for at, email in enumerate(asked) if not ADDRESS.fullmatch(email)]
    if wrong or not 0 < len(asked) <= MAX_EMAILS:
        where = f"emails[{wrong[0]}]" if wrong else "emails"
        raise Invalid(Problem(where, "must be e-mail addresses", f"1 to {MAX_EMAILS}, such as ann@example.com"))
    return asked


def _people(deps: Deps, caller: Caller, emails: Sequence[str]) -> Iterator[tuple[str, Stored]]:
    """Contacts of every connection there is."""
    connections = {connection.id for connection in deps.connections.list(caller.workspace)}
    for email in emails:
        for one in deps.records.by_email(caller.workspace, email):
            is_person = one.record.kind is Kind.CONTACT and one.record.state is State.LIVE
            if is_person and one.key.connection in connections:
                yield email, one


def _around(deps: Deps, names: Names, person: Stored) -> Iterator[Stored]:
    """The person's open deals and companies."""
    platform = deps.platform(names.connection(person.key).platform)
    directories = names.directories_of(person.key)
    keys = [key for kind in (Kind.DEAL, Kind.COMPANY) for key in related_keys(deps, platform, person, kind)]
    for one in deps.records.get_many(keys).values() if keys else ():
        is_wanted = one.record.kind is Kind.COMPANY or is_open_deal(one, directories)
        if one.record.state is State.LIVE and is_wanted:
            yield one


def _note(found: dict[RecordKey, _Suggestion], one: Stored, email: str, *, through: Stored | None = None) -> None:
    suggestion = found.setdefault(one.key, _Suggestion(one))
    suggestion.emails[email] = None
    if through is not None:
        suggestion.through[f"{through.key.object}/{through.key.external_id}"] = None
