"""Records as smart groups see them, and whom each brings into a group now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner
from crmbridge.domain.groups import Group, Members, Support, person_of
from crmbridge.domain.predicates import CUSTOM, IN_THEIR_WORDS, Facts, Predicate, When, facts
from crmbridge.domain.predicates.values import is_blank
from crmbridge.domain.records import EMPTY, Json, Kind, Labelled, Record, RecordKey, Type, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A live record as groups look at it: what rules are asked of, and whom it would bring.

    `contacts` and `owners` map a person to the record or owner they come from; None: not read, so whoever that part
    brought before stays. `contacts_left_out` and `owners_left_out` map those who bring nobody to why.
    """

    key: RecordKey
    kind: Kind = Kind.DEAL
    facts: Facts
    is_closed: bool = False
    contacts: Mapping[str, str] | None = None
    owners: Mapping[str, str] | None = None
    contacts_left_out: Mapping[str, str] = field(default_factory=dict)
    owners_left_out: Mapping[str, str] = field(default_factory=dict)
    now: datetime
    """For rules about today."""
    began: Mapping[str, Json] = field(default_factory=dict)
    """What the proof of a support that begins now says of its beginning: `since`, and the record's last `change`."""

    def when(self, time_zone: str) -> When:
        return When(self.now, ZoneInfo(time_zone))


BEGINNING: Final = ("since", "change")


def known_of(record: Record, directories: Directories | None) -> Facts:
    """What rules may ask of a record. Directories know today's labels; a stored label may be yesterday's."""
    known = Facts(facts(record))
    if directories is None:
        return known
    if stage := directories.stages.get(str(known.get("stage"))):
        known.update(stage_label=stage.label)
        if stage.pipeline_label:  # empty: several pipelines share the stage, and the deal says in which it is
            known.update(pipeline_label=stage.pipeline_label)
        known.setdefault("is_closed", stage.is_closed)
        known.setdefault("is_won", stage.is_won)
    if owner := directories.owners.get(str(known.get("owner_id"))):
        known.update(owner_name=owner.name, owner_email=owner.email)
    return known


def asked_of(record: Record, directories: Directories | None) -> Facts:
    """The same for rules, which name an option by its value or by its label of today, each of several by itself, and an
    amount with its currency. A field of the CRM's own that was asked for and is not there is empty."""
    known = known_of(record, directories)
    if directories is None:
        return known
    currency = known.get("currency") or _only_currency(directories.account)
    for one in directories.fields.get(record.object, {}).values():
        name = CUSTOM + one.key if one.maps_to is None else one.maps_to
        if name not in known:
            if _is_asked_for(one):
                known[name] = None
        elif one.maps_to is None and one.type is Type.MONEY:
            known[name] = _priced(known[name], currency)
        elif (one.maps_to is None or name in IN_THEIR_WORDS) and (one.options or one.is_multiple):
            known[name] = _labelled(_parted(known[name]) if one.is_multiple else known[name], one.options)
    return known


def _only_currency(account: Account) -> str | None:
    """Where there are several, what does not name its own may be in any."""
    return None if account.multi_currency else account.currency


def _priced(value: Any, currency: Value) -> Any:
    """With the currency of its record, unless it came with one: as those CRMs send it that keep one beside each."""
    return value if is_blank(value) or isinstance(value, Mapping) else {"value": value, "currency": currency}


def _is_asked_for(one: Field) -> bool:
    """A CRM's own statistics are read as far as there is room for them."""
    return one.maps_to is None and (one.custom or not one.read_only)


def _parted(value: Value) -> Value:
    """Of several options some CRMs make a list, others one text with semicolons."""
    return tuple(part for each in value.split(";") if (part := each.strip())) if isinstance(value, str) else value


def _labelled(value: Value, options: Sequence[Option]) -> Value:
    """What is no option stays as it is. A CRM may hold numbers where its schema has texts."""
    values = value if isinstance(value, (tuple, list)) else (value,)
    held = {str(each) for each in values}
    labels = {option.value: option.label for option in options if option.value in held}
    if not labels:
        return value
    return tuple(Labelled(str(each), labels.get(str(each), "")) for each in values)


def owner_people(known: Facts, owners: Mapping[str, Owner]) -> Mapping[str, str] | None:
    """The owner as a person; a queue, a team or somebody inactive brings nobody."""
    if "owner_id" not in known:
        return None
    owner = owners.get(str(known["owner_id"]))
    return {person_of(owner.email): f"owner {owner.id}"} if owner and not _why_nobody(owner) else {}


def owners_left_out(known: Facts, owners: Mapping[str, Owner]) -> Mapping[str, str]:
    """The owner when it brings nobody, and why."""
    if not (id := known.get("owner_id")):
        return EMPTY
    owner = owners.get(str(id))
    why = _why_nobody(owner) if owner else "the CRM does not tell who that is"
    return {f"owner {id}": why} if why else EMPTY


def _why_nobody(owner: Owner) -> str:
    if owner.type != "person":
        return f"a {owner.type}, not a person"
    if not owner.active:
        return "inactive in the CRM"
    return "" if owner.email else "has no e-mail"


def contact_person(contact: Record, users: Mapping[str, str]) -> str | None:
    """The e-mail by which the chat app knows a contact; the first one while it knows none of them. None when there is
    no e-mail, or when its e-mails belong to several chat users and nobody can tell which is meant."""
    emails = contact_emails(contact)
    known = {users[email]: email for email in reversed(emails) if email in users}
    if len(known) > 1 or not emails:
        return None
    return next(iter(known.values()), emails[0])


def why_nobody(contact: Record) -> str:
    """Why there is no `contact_person`."""
    return "its e-mails belong to several chat users" if contact_emails(contact) else "has no e-mail"


def contact_emails(contact: Record) -> list[str]:
    """All of them, the primary one first."""
    listed = contact.get("emails") or ()
    others = [str(getattr(entry, "value", entry)) for entry in (listed if isinstance(listed, tuple) else ())]
    named = [person_of(str(email)) for email in (contact.get("email"), *others) if email]
    return list(dict.fromkeys(email for email in named if "@" in email))


def takes(group: Group, view: View) -> bool:
    """Before its rules are asked: does the group draw from such records, this connection, and from closed deals?"""
    if view.kind is not group.kind or (group.connections and view.key.connection not in group.connections):
        return False
    return group.include_closed or not view.is_closed


def supported(group: Group, predicate: Predicate, view: View, held: Sequence[Support]) -> Iterable[Support]:
    """Whom this record brings into the group now, and who is left out. Nobody leaves because something could not be
    read. `held` is what it brings so far, into this group."""
    return supported_so(group, predicate, view, held, predicate(view.facts, view.when(group.time_zone)))


def supported_so(
    group: Group, predicate: Predicate, view: View, held: Sequence[Support], answer: bool | None
) -> Iterable[Support]:
    """The same where it is known what the predicate says of the record."""
    if not takes(group, view):
        return
    mine = {support.person: support for support in held if support.epoch == group.epoch}
    when = view.when(group.time_zone)
    if answer is not True:
        if answer is None and mine and predicate.may_stay(view.facts, when):
            yield from _staying(group, view, mine)
        return
    proof = predicate.proof(view.facts, when)
    people, begun = _people(group, view), _beginnings(held)
    for person, source in people.items():
        told = {**proof, "through": source, **begun.get(person, view.began)}
        yield Support(group.id, person, view.key, group.epoch, told)
    nobody = left_out(group, view)
    yield from (Support(group.id, who, view.key, group.epoch, left_out=why) for who, why in nobody.items())
    met = people.keys() | nobody.keys()
    yield from (mine[person] for person in mine if person not in met and _has_unread(group, view))


def _beginnings(held: Sequence[Support]) -> Mapping[str, Mapping[str, Json]]:
    """Who is in already has been since then, whatever the rules and the record have become."""
    return {one.person: {name: one.proof[name] for name in BEGINNING if name in one.proof} for one in held}


def _staying(group: Group, view: View, mine: Mapping[str, Support]) -> Iterable[Support]:
    met = _people(group, view).keys() | left_out(group, view).keys()
    return [support for person, support in mine.items() if person in met or _has_unread(group, view)]


def _people(group: Group, view: View) -> Mapping[str, str]:
    people = dict(view.contacts or {}) if group.members is not Members.OWNER else {}
    if group.members is not Members.CONTACTS:
        people = {**(view.owners or {}), **people}
    return people


def left_out(group: Group, view: View) -> Mapping[str, str]:
    """The contacts and owners of a matching record who bring nobody, and why."""
    contacts = view.contacts_left_out if group.members is not Members.OWNER else EMPTY
    return {**contacts, **(view.owners_left_out if group.members is not Members.CONTACTS else EMPTY)}


def _has_unread(group: Group, view: View) -> bool:
    contacts_unread = group.members is not Members.OWNER and view.contacts is None
    return contacts_unread or (group.members is not Members.CONTACTS and view.owners is None)


def same_supports(held: Sequence[Support], wanted: Sequence[Support]) -> bool:
    """Nothing to write: the same people in the same groups, for the same reasons, under the same rules."""
    return _by_place(held) == _by_place(wanted)


def _by_place(supports: Sequence[Support]) -> Mapping[tuple[str, str], Support]:
    return {(support.group, support.person): support for support in supports}
