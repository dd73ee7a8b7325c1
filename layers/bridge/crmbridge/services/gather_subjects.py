"""What a chat about a record is about: the record itself, and of its links the contact, the company and the deal."""

from collections.abc import Iterator, Mapping
from typing import Final

from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import objects_of

SUBJECTS: Final = (Kind.CONTACT, Kind.COMPANY, Kind.DEAL)
LOOKED_AT: Final = 20
"""Linked records that are read; of more nobody could tell which one is meant."""


def gather_subjects(deps: Deps, record: Stored) -> Mapping[Kind, Stored]:
    """The record under its own kind. A deal's contact is the primary one, else the first; a contact's or company's
    deal is the open one, if there is only one."""
    found = {record.record.kind: record}
    for kind in SUBJECTS:
        if kind not in found and (chosen := _chosen(deps, record, kind)):
            found[kind] = chosen
    return found


def _chosen(deps: Deps, record: Stored, kind: Kind) -> Stored | None:
    keys = list(dict.fromkeys(_linked(deps, record, kind)))[:LOOKED_AT]
    known = deps.records.get_many(keys) if keys else {}
    live = [known[key] for key in keys if key in known and known[key].record.state is State.LIVE]
    if kind is not Kind.DEAL:
        return live[0] if live else None
    deals = [deal for deal in live if deal.record.get("is_closed") is not True]
    return deals[0] if len(deals) == 1 else None


def _linked(deps: Deps, record: Stored, kind: Kind) -> Iterator[RecordKey]:
    """Its own links, the primary ones first; then the deals that link to it."""
    key = record.key
    objects = objects_of(deps, deps.connections.get(key.workspace, key.connection), kind)
    for object in objects:
        links = sorted(record.record.links.get(object, ()), key=lambda link: not link.primary)
        yield from (key._replace(object=object, external_id=link.external_id) for link in links)
    company = record.record.get("company_id")
    if kind is Kind.COMPANY and isinstance(company, str) and objects:
        yield key._replace(object=objects[0], external_id=company)
    for object in objects if kind is Kind.DEAL else ():
        linked = deps.records.linked(key, object, limit=LOOKED_AT)
        yield from (key._replace(object=object, external_id=id) for id in linked)
