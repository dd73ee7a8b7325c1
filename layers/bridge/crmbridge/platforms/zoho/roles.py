"""The people of deals, each with a role: from the linking module, 2,000 a query, or from the list that every deal has.

Which module links deals and contacts is nowhere documented: it is found out by the lookups that it has. Where there is
none that can be queried, a call for each deal is all there is, and only deals that have changed are worth one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected
from crmbridge.domain.records import Link
from crmbridge.platforms.http import Api
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.links import UNREAD, Links, People
from crmbridge.platforms.zoho.queries import Row, all_pages, both, literal, query, rows_of
from crmbridge.platforms.zoho.values import to_id

LINKING: Final = "contact_roles"
"""A fact of the org: the linking module and its three columns, divided by spaces."""
CONTACT_ROLES: Final = "Contact_Roles"
"""The list that every deal has; most likely also the name of the module."""
ROWS: Final = 2_000
IN_ONE: Final = 50
"""Ids in one criterion."""
FEW_ROWS: Final = 200
LOOKED_AT: Final = 3
"""Linking modules that may be it; each takes a call."""
PAGES: Final = 5

_Rejections = (Rejected, RecordGone, MissingScope)


@dataclass(frozen=True, slots=True)
class Linking:
    module: str
    deal: str
    contact: str
    role: str


def linking_fact(api: Api) -> Mapping[str, str]:
    """At most four calls; nothing where the org or the user has no such module."""
    try:
        modules = rows_of(api.get(paths.MODULES), "modules").records
        names = [str(module["api_name"]) for module in modules if module.get("generated_type") == "linking"]
        for name in sorted(names, key=lambda name: (name != CONTACT_ROLES, "Contact" not in name, name))[:LOOKED_AT]:
            columns = _columns(rows_of(api.get(paths.FIELDS, {"module": name}), "fields").records)
            if columns:
                return {LINKING: " ".join((name, *columns))}
    except _Rejections:
        return {}
    return {}


def _columns(fields: Sequence[Row]) -> tuple[str, ...]:
    """Of deal, contact and role."""
    targets = {_target(field): str(field.get("api_name")) for field in fields}
    role = next((str(field["api_name"]) for field in fields if "Role" in str(field.get("api_name"))), "")
    return (targets["Deals"], targets["Contacts"], role) if {"Deals", "Contacts"} <= targets.keys() and role else ()


def _target(field: Row) -> str:
    lookup = field.get("lookup")
    module = lookup.get("module") if isinstance(lookup, dict) else None
    return str(module.get("api_name") if isinstance(module, dict) else module)


def linking_of(directories: Directories) -> Linking | None:
    parts = directories.facts.get(LINKING, "").split()
    return Linking(*parts) if len(parts) == 4 else None


def people_of_stretch(api: Api, deals: Sequence[Row], directories: Directories) -> People:
    """Of all deals of a listing, in order of their ids: what lies between the first and the last is theirs. Whoever is
    not among them is left to the changes."""
    linking = linking_of(directories)
    if linking is None or not deals:
        return UNREAD
    first, last = (literal(str(deals[at]["id"])) for at in (0, -1))
    within = (f"{linking.deal}.id >= {first}", f"{linking.deal}.id <= {last}")
    try:
        return _people(deals, _queried(api, linking, within, ROWS), linking)
    except _Rejections:
        return _people_of_some(api, deals, linking) or UNREAD


def people_of_each(api: Api, deals: Sequence[Row], directories: Directories) -> People:
    """Of deals that have changed, wherever they are."""
    linking = linking_of(directories)
    found = _people_of_some(api, deals, linking) if linking and deals else None
    return found or People({str(deal["id"]): links for deal in deals if (links := _listed(api, deal)) is not None})


def _people_of_some(api: Api, deals: Sequence[Row], linking: Linking) -> People | None:
    """None where the module cannot be queried."""
    ids = [literal(str(deal["id"])) for deal in deals]
    told: list[Row] = []
    try:
        for start in range(0, len(ids), IN_ONE):
            within = (f"{linking.deal}.id in ({', '.join(ids[start : start + IN_ONE])})",)
            told += _queried(api, linking, within, FEW_ROWS)
    except _Rejections:
        return None
    return _people(deals, told, linking)


def _queried(api: Api, linking: Linking, within: tuple[str, ...], limit: int) -> list[Row]:
    told: list[Row] = []
    after = "0"
    while True:
        where = both((*within, f"id > {literal(after)}"))
        columns = f"id, {linking.deal}, {linking.contact}, {linking.role}"
        text = f"select {columns} from {linking.module} where {where} order by id asc"  # noqa: S608 - names and literals
        found = query(api, text, limit)
        told += found.records
        if not found.more or not found.records:
            return told
        after = str(found.records[-1]["id"])


def _people(deals: Iterable[Row], told: Iterable[Row], linking: Linking) -> People:
    roles: dict[str, dict[str, set[str]]] = {str(deal["id"]): {} for deal in deals}
    for row in told:
        try:
            of, contact = roles.get(to_id(row.get(linking.deal))), to_id(row.get(linking.contact))
        except ValueError:
            continue
        if of is not None:
            of.setdefault(contact, set()).add(_name(row.get(linking.role)))
    return People({str(deal["id"]): _links(deal, roles[str(deal["id"])]) for deal in deals}, always=True)


def _listed(api: Api, deal: Row) -> Links | None:
    """None where this deal's list is not shown."""
    path, params = paths.related("Deals", str(deal["id"]), CONTACT_ROLES), {"fields": "Contact_Role,Last_Name"}
    try:
        told = [*all_pages(api, path, params, most=PAGES)]
    except _Rejections:
        return None
    return _links(deal, {str(row["id"]): {_name(row.get("Contact_Role"))} for row in told if row.get("id")})


def _links(deal: Row, roles: Mapping[str, set[str]]) -> Links:
    """The deal's own contact first, with or without a role."""
    own = _own(deal)
    people = {**({own: set[str]()} if own else {}), **roles}
    links = [Link("Contacts", id, ", ".join(sorted(told - {""})), id == own) for id, told in people.items()]
    return tuple(sorted(links, key=lambda link: (not link.primary, len(link.external_id), link.external_id)))


def _own(deal: Row) -> str:
    try:
        return to_id(deal.get("Contact_Name"))
    except ValueError:
        return ""


def _name(role: Any) -> str:
    """Text in a query, an object in the deal's own list."""
    name = role.get("name") if isinstance(role, dict) else role
    return name if isinstance(name, str) else ""
