"""Which record a chat may be about: found by its participants' e-mails, open deals first, each with its reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import NEVER, Json, Kind, RecordKey, State
from crmbridge.domain.sidepanels import LINKABLE
from crmbridge.domain.stored import Stored
from crmbridge.services.list_related import is_open_deal, related_keys
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import show_briefly

MAX_EMAILS: Final = 20
PEOPLE: Final = 10
"""Contacts looked at per e-mail, over all connections."""
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
    asked = dict.fromkeys(email.strip().casefold() for email in emails)
    wrong = [at for at, email in enumerate(asked) if "@" not in email]
    if wrong or not 0 < len(asked) <= MAX_EMAILS:
        where = f"emails[{wrong[0]}]" if wrong else "emails"
        raise Invalid(Problem(where, "must be e-mail addresses", f"1 to {MAX_EMAILS}, such as ann@example.com"))
    connections = {connection.id: connection for connection in deps.connections.list(caller.workspace)}
    found: dict[RecordKey, _Suggestion] = {}
    for email in asked:
        for person in _people(deps, caller, connections, email):
            _note(found, person, email)
            for one in _around(deps, connections[person.key.connection], person):
                _note(found, one, email, through=person)
    ranked = sorted(found.values(), key=lambda one: one.rank)[:SHOWN]
    shown = show_briefly(deps, [one.stored for one in ranked])
    link = deps.sidepanels.link(caller.workspace, chat)
    return [
        {
            **brief,
            "linked": link is not None and link.record == one.stored.key,
            "why": {"emails": list(one.emails), "through": list(one.through)},
        }
        for brief, one in zip(shown, ranked, strict=True)
    ]


def _people(deps: Deps, caller: Caller, connections: Mapping[str, Connection], email: str) -> Iterable[Stored]:
    found = deps.records.by_email(caller.workspace, email)
    live = [one for one in found if one.record.state is State.LIVE and one.record.kind is Kind.CONTACT]
    return [one for one in live if one.key.connection in connections][:PEOPLE]


def _around(deps: Deps, connection: Connection, person: Stored) -> Iterator[Stored]:
    """The person's open deals and companies."""
    platform = deps.platform(connection.platform)
    directories = deps.connections.directories(connection.workspace, connection.id)
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
