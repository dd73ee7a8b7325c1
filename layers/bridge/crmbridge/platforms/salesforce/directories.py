"""What names come from: the org, its users and queues, the stages, and the columns of every object."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.errors import RecordGone, Rejected
from crmbridge.domain.records import Json, Type
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.fields import needed_fields
from crmbridge.platforms.salesforce.objects import KEY_FIELD, OBJECTS
from crmbridge.platforms.salesforce.queries import Soql, follow, rows_of, run_all, url

TRANSLATION: Final = 1
"""Raised when `reading` translates differently: then every stored record is translated anew."""

ORG: Final = Soql(("Id", "Name", "TimeZoneSidKey", "DefaultCurrencyIsoCode"), "Organization")
USERS: Final = Soql(("Id", "Name", "Email", "IsActive"), "User", order="Id")
QUEUES: Final = Soql(("Id", "Name", "Email"), "Group", where="Type = 'Queue'", order="Id")
STAGES: Final = Soql(
    ("MasterLabel", "ApiName", "SortOrder", "DefaultProbability", "IsActive", "IsClosed", "IsWon"),
    "OpportunityStage",
    order="SortOrder",
)
LISTS: Final = (ORG, USERS, QUEUES, STAGES)

_TYPES: Final[Mapping[str, Type]] = {
    "boolean": Type.FLAG, "currency": Type.MONEY, "date": Type.DAY, "datetime": Type.INSTANT, "double": Type.NUMBER,
    "id": Type.ID, "int": Type.NUMBER, "long": Type.NUMBER, "multipicklist": Type.OPTION, "percent": Type.NUMBER,
    "picklist": Type.OPTION, "reference": Type.ID,
}  # fmt: skip
_NOT_ASKED: Final = frozenset({"address", "location", "base64", "complexvalue"})
"""Compounds, whose parts are columns of their own, and files."""
_COMPOUND_NAMES: Final = frozenset({"Contact", "Lead"})


def load_directories(api: Api) -> Directories:
    """One call, for ten answers. What the user may not see stays empty: names are not worth refusing to sync."""
    answers = _batch(api, [*(f"{paths.objects(name)}/describe" for name in OBJECTS), *(url(str(q)) for q in LISTS)])
    described = {
        name: _listed(answer.get("result")) for name, answer in zip(OBJECTS, answers, strict=False) if _ok(api, answer)
    }
    org, users, queues, stages = (_rows(api, *asked) for asked in zip(LISTS, answers[len(OBJECTS) :], strict=True))
    fields = {name: _fields(name, rows) for name, rows in described.items()}
    account = load_account(api, org[0] if org else {}, fields)
    known = {stage.id: stage for stage in _stages(stages)}
    return Directories(
        account=account,
        owners={owner.id: owner for owner in (*map(_user, users), *map(_queue, queues))},
        stages=known,
        fields=fields,
        version=_version(account, known.values(), fields),
    )


def load_account(api: Api, org: Mapping[str, Any], fields: Mapping[str, Mapping[str, Field]]) -> Account:
    """Records are shown at the org's own domain, where the API is, too."""
    return Account(
        id=str(org.get("Id") or ""),
        currency=org.get("DefaultCurrencyIsoCode") or None,
        multi_currency="CurrencyIsoCode" in fields.get("Opportunity", {}),
        time_zone=org.get("TimeZoneSidKey") or "UTC",
        ui_url=api.base_url,
        name=str(org.get("Name") or ""),
    )


def _batch(api: Api, paths_asked: list[str]) -> list[Mapping[str, Any]]:
    """Up to 25 answers for one request of the day's."""
    requests = [{"method": "GET", "url": path.removeprefix("/services/data/")} for path in paths_asked]
    answer = api.call(Call(method="POST", path=paths.BATCH, body={"batchRequests": requests}))
    found: list[Mapping[str, Any]] = answer.json["results"]
    return found


def _ok(api: Api, answer: Mapping[str, Any]) -> bool:
    """Raises what is no refusal: half a schema would read as a hundred columns that have gone."""
    status = answer["statusCode"]
    if status < 300:
        return True
    error = api.explain(status, {}, orjson.dumps(answer.get("result")), sent_write=False)
    if isinstance(error, RecordGone | Rejected):
        return False
    raise error


def _rows(api: Api, soql: Soql, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A query that was refused may name a column that this org has not; asked alone it does without."""
    if _ok(api, answer):
        page = rows_of(answer.get("result"))
        return page.records + follow(api, page.following)
    try:
        return run_all(api, soql)
    except (RecordGone, Rejected):
        return []


def _user(row: Mapping[str, Any]) -> Owner:
    return Owner(row["Id"], str(row.get("Name") or ""), str(row.get("Email") or ""), "person", _is_not_off(row))


def _is_not_off(row: Mapping[str, Any]) -> bool:
    return row.get("IsActive") is not False


def _queue(row: Mapping[str, Any]) -> Owner:
    return Owner(row["Id"], str(row.get("Name") or ""), str(row.get("Email") or ""), "queue")


def _stages(rows: Iterable[Mapping[str, Any]]) -> Iterator[Stage]:
    """There is no pipeline object; an inactive stage still names old deals. A deal holds the API name."""
    for row in rows:
        label = str(row.get("MasterLabel") or row.get("ApiName") or "")
        yield Stage(
            id=str(row.get("ApiName") or label),
            label=label,
            pipeline="",
            pipeline_label="",
            position=int(row.get("SortOrder") or 0),
            probability=_percent(row.get("DefaultProbability")),
            is_closed=row.get("IsClosed") is True,
            is_won=row.get("IsWon") is True,
        )


def _percent(value: Any) -> int | None:
    try:
        return int(to_number(value))
    except ValueError:
        return None


def _listed(described: Any) -> list[dict[str, Any]]:
    fields = described.get("fields") if isinstance(described, dict) else None
    return fields if isinstance(fields, list) else []


def _fields(object: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Field]:
    ours = {remote: name for name, remote in OBJECTS[object].remote.items()}
    return {row["name"]: _field(row, ours.get(row["name"])) for row in rows if _is_asked(object, row)}


def _is_asked(object: str, row: Mapping[str, Any]) -> bool:
    if row["name"] == "Name" and object in _COMPOUND_NAMES:
        return False
    return row.get("type") not in _NOT_ASKED and not row.get("deprecatedAndHidden")


def _field(row: Mapping[str, Any], maps_to: str | None) -> Field:
    return Field(
        key=row["name"],
        label=row.get("label") or row["name"],
        type=_TYPES.get(str(row.get("type")), Type.TEXT),
        options=tuple(
            Option(str(option.get("value")), str(option.get("label") or option.get("value")))
            for option in row.get("picklistValues") or ()
            if option.get("active") is not False
        ),
        maps_to=maps_to,
        custom=row.get("custom") is True,
        read_only=not (row.get("createable") or row.get("updateable")),
        required=_is_required(row),
        unique=row.get("unique") is True and (row.get("externalId") is True or not _is_key(row["name"])),
        is_long=row.get("type") == "textarea",
        is_multiple=row.get("type") == "multipicklist",
        is_plain=row.get("type") not in ("address", "location", "time"),
        is_ours=_is_key(row["name"]),
        raw_type=str(row.get("type")),
        length=_length(row),
    )


def _length(row: Mapping[str, Any]) -> int | None:
    """What is no text has one, too, of which nobody knows what it counts."""
    length = row.get("length")
    is_text = str(row.get("type")) not in _TYPES
    return length if is_text and isinstance(length, int) and length > 0 else None


def _is_required(row: Mapping[str, Any]) -> bool:
    """A checkbox is never null and always has a default."""
    return row.get("nillable") is False and row.get("createable") is True and not row.get("defaultedOnCreate")


def _is_key(name: str) -> bool:
    return name == KEY_FIELD or name.endswith(f"__{KEY_FIELD}")


def key_field(directories: Directories, object: str) -> str | None:
    """The field that our creates carry, where an admin has installed it and the user may see it; it must be unique,
    and an external id so that it can be asked for."""
    fields = directories.fields.get(object, {})
    return next((name for name, field in fields.items() if _is_key(name) and field.unique), None)


def _version(account: Account, stages: Iterable[Stage], fields: Mapping[str, Mapping[str, Field]]) -> str:
    """Over what a stored record's translation depends on: what all do, a dot, and what deals do besides.

    Not over names and labels: those are looked up on reading, so that renaming an owner or a stage does not rewrite a
    thousand records."""
    known = {name: sorted(needed_fields(name) & set(fields[name])) for name in sorted(fields)}
    deals = [
        [account.currency, account.multi_currency],
        sorted([stage.id, stage.probability, stage.is_closed, stage.is_won] for stage in stages),
    ]
    return f"{_digest([TRANSLATION, account.time_zone, known])}.{_digest(deals)}"


def _digest(value: Json) -> str:
    return blake2b(orjson.dumps(value), digest_size=8).hexdigest()
