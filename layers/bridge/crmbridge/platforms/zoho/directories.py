"""What names come from: the org, its users, the stages of its pipelines, and the fields of every module."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json, Type
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.http import Api
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.columns import needed_columns
from crmbridge.platforms.zoho.objects import KEY_LABEL, NAME, OBJECTS
from crmbridge.platforms.zoho.queries import PER_PAGE, Row, rows_of
from crmbridge.platforms.zoho.roles import linking_fact
from crmbridge.platforms.zoho.words import CLOSED, WON

TRANSLATION: Final = 1
"""Raised when `reading` translates differently: then every stored record is translated anew."""

_TYPES: Final[Mapping[str, Type]] = {
    "bigint": Type.NUMBER, "boolean": Type.FLAG, "currency": Type.MONEY, "date": Type.DAY, "datetime": Type.INSTANT,
    "decimal": Type.NUMBER, "double": Type.NUMBER, "integer": Type.NUMBER, "lookup": Type.ID,
    "multiselectpicklist": Type.OPTION, "ownerlookup": Type.ID, "percent": Type.NUMBER, "picklist": Type.OPTION,
    "userlookup": Type.ID,
}  # fmt: skip
_NOT_PLAIN: Final = ("fileupload", "imageupload", "multiselectlookup", "multiuserlookup", "subform")


def load_directories(api: Api) -> Directories:
    """About fifteen calls. What a missing scope or right hides stays empty: names are not worth refusing to sync."""
    account = load_account(api, org_of(api.get(paths.ORG)))
    fields = {name: found for name in OBJECTS if (found := _fields(api, name))}
    stages = _stages(api, fields.get("Deals", {}))
    account = replace(account, multi_currency=account.multi_currency or "Currency" in fields.get("Deals", {}))
    return Directories(
        account=account,
        owners={owner.id: owner for owner in _owners(api)},
        stages=stages,
        fields={name: {key: field for key, (field, _) in found.items()} for name, found in fields.items()},
        facts=linking_fact(api),
        version=_version(account, stages.values(), fields),
    )


def org_of(answer: Json) -> Row:
    found = rows_of(answer, "org").records
    if not found or not found[0].get("id"):
        raise Unavailable("Zoho did not say which organization this is", platform=NAME)
    return found[0]


def load_account(api: Api, org: Row) -> Account:
    """`iso_code` is the home currency; `currency` its name. People look at records under the org's own path."""
    id = str(org["id"])
    return Account(
        id=id,
        currency=org.get("iso_code") or None,
        multi_currency=org.get("mc_status") is True,
        time_zone=org.get("time_zone") or "UTC",
        ui_url=paths.pages_of(api.base_url, str(org.get("domain_name") or f"org{org.get('zgid') or id}")),
        name=str(org.get("company_name") or f"Zoho {id}"),
    )


def _allowed(api: Api, path: str, key: str, params: Mapping[str, str] | None = None) -> list[Row]:
    """The rows, or none where the token, its user or the edition does not reach."""
    try:
        return rows_of(api.get(path, params), key).records
    except (MissingScope, RecordGone, Rejected):
        return []


def _owners(api: Api) -> Iterator[Owner]:
    """Those who left, too: they still name old records. Zoho lists them apart."""
    for type in ("AllUsers", "DeletedUsers"):
        for user in _users(api, type):
            if user.get("id") is not None:
                email = str(user.get("email") or "")
                name = str(user.get("full_name") or user.get("last_name") or email)
                yield Owner(str(user["id"]), name, email, active=user.get("status") == "active")


def _users(api: Api, type: str) -> Iterator[Row]:
    page = 1
    while True:
        params = {"type": type, "page": str(page), "per_page": str(PER_PAGE)}
        try:
            found = rows_of(api.get(paths.USERS, params), "users")
        except (MissingScope, RecordGone, Rejected):
            return
        yield from found.records
        if not found.more or not found.records:
            return
        page += 1


_Described = Mapping[str, tuple[Field, Row]]


def _fields(api: Api, object: str) -> dict[str, tuple[Field, Row]]:
    ours = {remote: name for name, remote in OBJECTS[object].remote.items()}
    rows = _allowed(api, paths.FIELDS, "fields", {"module": object})
    named = ((str(row["api_name"]), row) for row in rows if row.get("api_name"))
    return {key: (_field(key, row, ours.get(key)), row) for key, row in named}


def _field(key: str, row: Row, maps_to: str | None) -> Field:
    raw_type = str(row.get("data_type") or "")
    allowed = row.get("operation_type")
    writable = allowed.get("api_update") if isinstance(allowed, dict) else True
    return Field(
        key=key,
        label=str(row.get("field_label") or key),
        type=Type.ID if key == "id" else _TYPES.get(raw_type, Type.TEXT),
        options=tuple(_options(row.get("pick_list_values"))),
        maps_to=maps_to,
        custom=row.get("custom_field") is True,
        read_only=row.get("read_only") is True or writable is False,
        required=row.get("system_mandatory") is True,
        unique=bool(row.get("unique")),
        is_long=raw_type == "textarea",
        is_multiple=raw_type == "multiselectpicklist",
        is_plain=raw_type not in _NOT_PLAIN,
        is_ours=row.get("custom_field") is True and str(row.get("field_label")).casefold() == KEY_LABEL.casefold(),
        raw_type=raw_type,
        length=_length(row, raw_type),
    )


def _length(row: Row, raw_type: str) -> int | None:
    """Of a number it counts digits."""
    length = row.get("length")
    return length if raw_type not in _TYPES and isinstance(length, int) and length > 0 else None


def _options(values: Any) -> Iterator[Option]:
    """`actual_value` stays when somebody renames an option; records hold, and show, `display_value`."""
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict) and value.get("display_value") is not None:
            label = str(value["display_value"])
            yield Option(str(value.get("actual_value") or label), label)


def _stages(api: Api, fields: _Described) -> dict[str, Stage]:
    """By label, because that is what a deal holds. One that several pipelines share is in none of them: a deal says
    itself in which it is. Without pipelines, out of the field's own options."""
    field = fields.get("Stage")
    options = field[1].get("pick_list_values") if field else None
    found: dict[str, Stage] = {}
    for stage in _of_pipelines(api):
        known = found.get(stage.id, stage)
        both = tuple(dict.fromkeys((*known.pipelines, *stage.pipelines)))
        is_shared = len(both) > 1
        found[stage.id] = replace(known, pipeline="", pipeline_label="", shared_by=both) if is_shared else stage
    for option in options if isinstance(options, list) else ():
        stage = _stage(option, "")
        found[stage.id] = _completed(found[stage.id], stage) if stage.id in found else stage
    return found


def _completed(stage: Stage, option: Stage) -> Stage:
    chance = stage.probability if stage.probability is not None else option.probability
    is_closed, is_won = stage.is_closed or option.is_closed, stage.is_won or option.is_won
    return replace(stage, probability=chance, is_closed=is_closed, is_won=is_won)


def _of_pipelines(api: Api) -> Iterator[Stage]:
    for layout in _allowed(api, paths.LAYOUTS, "layouts", {"module": "Deals"}):
        pipelines = _allowed(api, paths.PIPELINES, "pipeline", {"layout_id": str(layout.get("id"))})
        for pipeline in pipelines:
            name = str(pipeline.get("display_value") or "")
            maps = pipeline.get("maps")
            yield from (_stage(stage, name) for stage in (maps if isinstance(maps, list) else ()))


def _stage(row: Any, pipeline: str) -> Stage:
    told = row if isinstance(row, dict) else {}
    label = str(told.get("display_value") or told.get("actual_value") or "")
    position, forecast = told.get("sequence_number"), told.get("forecast_type")
    return Stage(
        id=label,
        label=label,
        pipeline=pipeline,
        pipeline_label=pipeline,
        position=position if isinstance(position, int) else 0,
        probability=_percent(told.get("probability")),
        is_closed=forecast in CLOSED,
        is_won=forecast == WON,
    )


def _percent(value: Any) -> int | None:
    try:
        return int(to_number(value))
    except ValueError:
        return None


def _version(account: Account, stages: Iterable[Stage], fields: Mapping[str, _Described]) -> str:
    """Over what a stored record's translation depends on: what all do, a dot, and what deals do besides. Not over names
    that are looked up on reading."""
    known = {name: sorted(needed_columns(name) & set(found)) for name, found in sorted(fields.items())}
    deals = [
        account.currency,
        sorted([stage.id, stage.pipeline, stage.probability, stage.is_closed, stage.is_won] for stage in stages),
    ]
    return f"{_digest([TRANSLATION, account.time_zone, known])}.{_digest(deals)}"


def _digest(value: Json) -> str:
    return blake2b(orjson.dumps(value), digest_size=8).hexdigest()
