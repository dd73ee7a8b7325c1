"""What names come from: the account, its users, pipelines and stages, and the fields of every object."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import MissingScope, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json, Type
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import PAGE, Row, next_cursor, rows
from crmbridge.platforms.pipedrive.fetching import data_of
from crmbridge.platforms.pipedrive.objects import KEY_FIELD, NAME, OBJECTS, SINGULAR
from crmbridge.platforms.pipedrive.participants import own_person_fact

TRANSLATION: Final = 1
"""Raised when `reading` translates differently: then every stored record is translated anew."""
ME_COST: Final = 2
USERS_COST: Final = 20
STAGES_COST: Final = 5
FIELDS_COST: Final = 10
DESCRIBED: Final = ("organizations", "persons", "deals", "activities")
"""Objects whose fields version 2 lists. A note has the same few everywhere."""

_TYPES: Final[Mapping[str, Type]] = {
    "double": Type.NUMBER, "int": Type.NUMBER, "monetary": Type.MONEY, "date": Type.DAY, "enum": Type.OPTION,
    "set": Type.OPTION, "status": Type.OPTION, "visible_to": Type.OPTION, "user": Type.ID, "org": Type.ID,
    "people": Type.ID, "deal": Type.ID, "stage": Type.ID, "pipeline": Type.ID, "boolean": Type.FLAG,
}  # fmt: skip
_CALLED: Final[Mapping[str, str]] = {"email": "emails", "phone": "phones"}
"""Fields that records carry under another key than lists of fields do."""
_READ_ONLY: Final = frozenset({
    "id", "add_time", "update_time", "creator_user_id", "stage_change_time", "origin", "origin_id", "channel",
    "channel_id", "picture_id", "conference_meeting_client", "conference_meeting_url", "conference_meeting_id",
    "local_close_date", "local_won_date", "local_lost_date", "is_deleted", "marked_as_done_time", "acv", "arr", "mrr",
})  # fmt: skip


def load_directories(api: Api) -> Directories:
    """Nine calls, 82 tokens. What a missing scope hides stays empty: names are not worth refusing to sync."""
    account = load_account(data_of(api.get(paths.ME, cost=ME_COST)))
    pipelines = {str(row.get("id")): row for row in _allowed(api, paths.PIPELINES, STAGES_COST)}
    stages = {stage.id: stage for stage in _stages(_allowed(api, paths.STAGES, STAGES_COST), pipelines)}
    listings = {name: _allowed(api, paths.fields(SINGULAR[name]), FIELDS_COST) for name in DESCRIBED}
    fields = {name: _fields(name, listing) for name, listing in listings.items() if listing}
    return Directories(
        account=account,
        owners={owner.id: owner for owner in _owners(api)},
        stages=stages,
        fields=fields,
        facts=own_person_fact(api),
        version=_version(account, stages.values(), fields.get("activities", {}).get("priority")),
    )


def load_account(me: Row) -> Account:
    """Of the company, as the user who connected it sees it: currency and time zone are this user's own settings."""
    if me.get("company_id") is None:
        raise Unavailable("Pipedrive did not say which company this is", platform=NAME)
    id, domain = str(me["company_id"]), me.get("company_domain")
    return Account(
        id=id,
        currency=me.get("default_currency") or None,
        multi_currency=True,
        time_zone=me.get("timezone_name") or "UTC",
        ui_url=f"https://{domain}.pipedrive.com" if domain else "https://app.pipedrive.com",
        name=me.get("company_name") or f"Pipedrive {id}",
    )


def _allowed(api: Api, path: str, cost: int) -> list[Row]:
    """All rows, or none where the token does not reach."""
    found: list[Row] = []
    cursor = ""
    try:
        while True:
            answer = api.get(path, {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {}), cost=cost)
            found += rows(answer)
            if not (cursor := next_cursor(answer)):
                return found
    except (MissingScope, RecordGone, Rejected):
        return found


def _owners(api: Api) -> Iterator[Owner]:
    """All users, those who left included: they still name old records."""
    try:
        users = rows(api.get(paths.USERS, cost=USERS_COST))
    except (MissingScope, RecordGone, Rejected):
        return
    for user in users:
        if user.get("id") is not None:
            email = str(user.get("email") or "")
            active = user.get("active_flag") is not False and user.get("is_deleted") is not True
            yield Owner(str(user["id"]), str(user.get("name") or email), email, active=active)


def _stages(stages: Iterable[Row], pipelines: Mapping[str, Row]) -> Iterator[Stage]:
    """Stages carry no won or lost: that is the deal's own. Deleted ones still name old deals."""
    for stage in stages:
        if stage.get("id") is None:
            continue
        id, pipeline = str(stage["id"]), str(stage.get("pipeline_id"))
        of = pipelines.get(pipeline, {})
        yield Stage(
            id=id,
            label=str(stage.get("name") or id),
            pipeline=pipeline,
            pipeline_label=str(of.get("name") or pipeline),
            position=stage["order_nr"] if isinstance(stage.get("order_nr"), int) else 0,
            probability=_percent(stage, of),
        )


def _percent(stage: Row, pipeline: Row) -> int | None:
    """Where the pipeline has probabilities switched off, its stages' numbers mean nothing."""
    if pipeline.get("is_deal_probability_enabled") is False:
        return None
    try:
        return int(to_number(stage.get("deal_probability")))
    except ValueError:
        return None


def _fields(object: str, listing: Iterable[Row]) -> dict[str, Field]:
    ours = {remote: name for name, remote in OBJECTS[object].remote.items()}
    named = (
        (_CALLED.get(str(row["field_code"]), str(row["field_code"])), row) for row in listing if "field_code" in row
    )
    return {key: _field(key, row, ours.get(key)) for key, row in named}


def _field(key: str, row: Row, maps_to: str | None) -> Field:
    raw_type = str(row.get("field_type"))
    options = row.get("options")
    return Field(
        key=key,
        label=str(row.get("field_name") or key),
        type=_TYPES.get(raw_type, Type.TEXT),
        options=tuple(_options(options if isinstance(options, list) else ())),
        maps_to=maps_to,
        custom=row.get("is_custom_field") is True,
        read_only=key in _READ_ONLY or row.get("is_optional_response_field") is True,
        is_long=raw_type == "text",
        is_multiple=raw_type == "set",
        is_plain=raw_type not in ("daterange", "time", "timerange"),
        is_ours=row.get("is_custom_field") is True and row.get("field_name") == KEY_FIELD,
        raw_type=raw_type,
    )


def _options(options: Iterable[Any]) -> Iterator[Option]:
    for option in options:
        if isinstance(option, dict) and option.get("id") is not None:
            yield Option(str(option["id"]), str(option.get("label") or option["id"]))


def _version(account: Account, stages: Iterable[Stage], priority: Field | None) -> str:
    """Over what a stored record's translation depends on: what all do, what deals do besides, what activities do.

    Not over names and labels that are looked up on reading, so that renaming an owner or a stage does not rewrite a
    thousand records."""
    deals = [
        [account.currency, account.time_zone],
        sorted([stage.id, stage.pipeline, stage.probability] for stage in stages),
    ]
    priorities = sorted([option.value, option.label] for option in priority.options) if priority else []
    return f"{_digest(TRANSLATION)}.{_digest(deals)}.{_digest([account.time_zone, priorities])}"


def _digest(value: Json) -> str:
    return blake2b(orjson.dumps(value), digest_size=8).hexdigest()
