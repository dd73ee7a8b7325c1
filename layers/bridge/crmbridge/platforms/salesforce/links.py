"""Links: all inline. A row names its account, its person and its deal; a deal's contacts come as a nested list."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Link
from crmbridge.platforms.salesforce.objects import PLACES, PREFIXES, ROLES

Links = tuple[Link, ...]
Row = Mapping[str, Any]

_WHO: Final = ("Contact", "Lead")
_WHAT: Final = ("Account", "Opportunity")


def inline_links(object: str, row: Row) -> dict[str, Links]:
    """Per target the links that this row tells whole; nothing where its field was not read."""
    if object == "Contact":
        return {} if "AccountId" not in row else {"Account": _account(row, row.get("IsPersonAccount") is True)}
    if object == "Opportunity":
        return _of_deal(row)
    if object == "ContentNote":
        return _of_note(row)
    if object in ("Task", "Event"):
        return _ends(row, "WhoId", _WHO) | _ends(row, "WhatId", _WHAT)
    return {}


def _account(row: Row, is_person: bool) -> Links:
    """A person account is no company: it is the contact itself."""
    id = row.get("AccountId")
    return (Link("Account", id, primary=True),) if isinstance(id, str) and id and not is_person else ()


def _of_deal(row: Row) -> dict[str, Links]:
    buyer = row.get("Account")
    person = buyer.get("PersonContactId") if isinstance(buyer, dict) and buyer.get("IsPersonAccount") is True else None
    found: dict[str, Links] = {}
    if "AccountId" in row:
        found["Account"] = _account(row, bool(person))
    roles = _roles(row.get(ROLES))
    if ROLES in row and roles is not None:
        found["Contact"] = _contacts(roles, person)
    return found


def _of_note(row: Row) -> dict[str, Links]:
    """A note may hang on any number of records; on its owner it always does."""
    if PLACES not in row or (told := _roles(row[PLACES])) is None:
        return {}
    found: dict[str, set[str]] = {target: set() for target in (*_WHO, *_WHAT)}
    for place in told:
        id = place.get("LinkedEntityId")
        if isinstance(id, str) and id[:3] in PREFIXES:
            found[PREFIXES[id[:3]]].add(id)
    return {target: tuple(Link(target, id) for id in sorted(ids)) for target, ids in found.items()}


def _roles(nested: Any) -> list[Row] | None:
    """None where only a part of them is told. A deal without any has null here."""
    if nested is None:
        return []
    records = nested.get("records") if isinstance(nested, dict) and nested.get("done") is not False else None
    return [role for role in records if isinstance(role, dict)] if isinstance(records, list) else None


def _contacts(roles: list[Row], person: Any) -> Links:
    """One link per contact, who may have several roles; the person who buys is one, too, with or without a role."""
    labels: dict[str, set[str]] = {}
    primary: set[str] = set()
    for role in roles:
        id = role.get("ContactId")
        if not isinstance(id, str) or role.get("IsDeleted") is True:
            continue
        labels.setdefault(id, set()).add(str(role.get("Role") or ""))
        if role.get("IsPrimary") is True:
            primary.add(id)
    if isinstance(person, str) and person:
        labels.setdefault(person, set())
    links = [Link("Contact", id, ", ".join(sorted(told - {""})), id in primary) for id, told in labels.items()]
    return tuple(sorted(links, key=lambda link: (not link.primary, link.external_id)))


def _ends(row: Row, field: str, targets: tuple[str, ...]) -> dict[str, Links]:
    """A reference to any of several objects: one of them has it, the others have none."""
    if field not in row:
        return {}
    id = row[field]
    meant = PREFIXES.get(id[:3]) if isinstance(id, str) else None
    return {target: (Link(target, str(id)),) if target == meant else () for target in targets}
