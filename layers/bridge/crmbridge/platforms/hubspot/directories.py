"""What names come from: the account, its owners, the deal pipelines, and the properties of every object."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected
from crmbridge.domain.records import Json, Type
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.objects import KEY_PROPERTY, LINKED_ONLY, OBJECTS
from crmbridge.platforms.hubspot.properties import known_properties

TRANSLATION: Final = 1
"""Raised when `reading` translates differently: then every stored record is translated anew."""

_TYPES: Final[Mapping[str, Type]] = {
    "bool": Type.FLAG, "date": Type.DAY, "datetime": Type.INSTANT, "enumeration": Type.OPTION, "number": Type.NUMBER,
}  # fmt: skip
_IDS: Final = frozenset({"hs_object_id", "associatedcompanyid"})
"""Declared as numbers, and are none."""


def load_directories(api: Api) -> Directories:
    """About 14 calls. What a missing scope hides stays empty: names are not worth refusing to sync."""
    account = load_account(api.get(paths.ACCOUNT))
    stages = {stage.id: stage for stage in _stages(_allowed(api, paths.PIPELINES))}
    listings = {name: _allowed(api, paths.properties(name)) for name in OBJECTS}
    fields = {name: _fields(name, rows) for name, rows in listings.items() if rows}
    shown: dict[str, dict[str, Field]] = {name: {} for name in LINKED_ONLY if _is_shown(api, name)}
    dispositions = fields.get("calls", {}).get("hs_call_disposition")
    return Directories(
        account=account,
        owners={owner.id: owner for owner in _owners(api)},
        stages=stages,
        fields={**fields, **shown},
        outcomes={option.value: option.label for option in dispositions.options} if dispositions else {},
        version=_version(account, stages.values(), fields),
    )


def load_account(details: Json) -> Account:
    portal = str(details["portalId"])
    return Account(
        id=portal,
        currency=details.get("companyCurrency") or None,
        multi_currency=bool(details.get("additionalCurrencies")),
        time_zone=details.get("timeZone") or "UTC",
        ui_url=f"https://{details.get('uiDomain') or 'app.hubspot.com'}",
        name=f"HubSpot {portal}",
    )


def _allowed(api: Api, path: str) -> list[dict[str, Any]]:
    """The rows, or none where the token or the account's plan does not reach."""
    try:
        found: list[dict[str, Any]] = api.get(path).get("results") or []
    except (MissingScope, RecordGone, Rejected):
        return []
    return found


def _is_shown(api: Api, object: str) -> bool:
    """Whether the token may see such records at all."""
    try:
        api.get(f"{paths.objects(object)}?limit=1")
    except (MissingScope, RecordGone, Rejected):
        return False
    return True


def _owners(api: Api) -> Iterator[Owner]:
    """Deactivated users come only when asked for, and still name old records."""
    for archived in ("false", "true"):
        after = ""
        while True:
            path = f"{paths.OWNERS}?limit=500&archived={archived}" + (f"&after={after}" if after else "")
            try:
                answer = api.get(path)
            except MissingScope:
                return
            yield from (_owner(row) for row in answer.get("results") or ())
            after = str(((answer.get("paging") or {}).get("next") or {}).get("after") or "")
            if not after:
                break


def _owner(row: Mapping[str, Any]) -> Owner:
    email = row.get("email") or ""
    name = " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)
    type = "queue" if row.get("type") == "QUEUE" else "person"
    return Owner(str(row["id"]), name or email, email, type, active=not row.get("archived"))


def _stages(pipelines: Iterable[Mapping[str, Any]]) -> Iterator[Stage]:
    for pipeline in pipelines:
        for stage in pipeline.get("stages") or ():
            metadata = stage.get("metadata") or {}
            chance = _percent(metadata.get("probability"))
            closed = str(metadata.get("isClosed")).lower() == "true"
            yield Stage(
                id=str(stage["id"]),
                label=stage.get("label") or str(stage["id"]),
                pipeline=str(pipeline["id"]),
                pipeline_label=pipeline.get("label") or str(pipeline["id"]),
                position=stage.get("displayOrder") or 0,
                probability=chance,
                is_closed=closed,
                is_won=closed and chance == 100,
            )


def _percent(text: Any) -> int | None:
    try:
        return int(to_number(text) * Decimal(100))
    except ValueError:
        return None


def _fields(object: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Field]:
    ours = {remote: name for name, remote in OBJECTS[object].remote.items()}
    return {row["name"]: _field(row, ours.get(row["name"])) for row in rows if not row.get("archived")}


def _field(row: Mapping[str, Any], maps_to: str | None) -> Field:
    metadata = row.get("modificationMetadata") or {}
    return Field(
        key=row["name"],
        label=row.get("label") or row["name"],
        type=_type(row),
        options=tuple(
            Option(str(option.get("value")), str(option.get("label")))
            for option in row.get("options") or ()
            if not option.get("archived")
        ),
        maps_to=maps_to,
        custom=not row.get("hubspotDefined"),
        read_only=bool(row.get("calculated") or metadata.get("readOnlyValue")),
        unique=bool(row.get("hasUniqueValue")),
        is_long=row.get("fieldType") in ("textarea", "html"),
        is_multiple=row.get("fieldType") == "checkbox",
        is_plain=row.get("type") not in ("json", "object_coordinates"),
        is_ours=row["name"] == KEY_PROPERTY,
        raw_type=f"{row.get('type')}/{row.get('fieldType')}",
    )


def _type(row: Mapping[str, Any]) -> Type:
    """`type` decides, not `fieldType`: a date and a datetime share the field type "date"."""
    if row["name"] in _IDS or row.get("referencedObjectType"):
        return Type.ID
    if row.get("type") == "number" and (row.get("showCurrencySymbol") or row.get("currencyPropertyName")):
        return Type.MONEY
    return _TYPES.get(str(row.get("type")), Type.TEXT)


def _version(account: Account, stages: Iterable[Stage], fields: Mapping[str, Mapping[str, Field]]) -> str:
    """Over what a stored record's translation depends on: what all do, a dot, and what deals do besides.

    Not over names and labels: those are looked up on reading, so that renaming an owner or a stage does not rewrite a
    thousand records."""
    everything = [TRANSLATION, {name: known_properties(fields[name], name) for name in sorted(fields)}]
    deals = [
        [account.currency, account.multi_currency, account.time_zone],
        sorted([stage.id, stage.pipeline, stage.probability, stage.is_closed, stage.is_won] for stage in stages),
    ]
    return f"{_digest(everything)}.{_digest(deals)}"


def _digest(value: Json) -> str:
    return blake2b(orjson.dumps(value), digest_size=8).hexdigest()
