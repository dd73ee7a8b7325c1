"""The obvious sync: requests for the pages, a pydantic model per record, `Table.batch_writer` for DynamoDB."""

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import boto3
import requests
from pydantic import BaseModel, ConfigDict, field_validator

from bench.fingerprint import fingerprint, keys_of
from bench.stopwatch import stopwatch, tell

Json = dict[str, Any]


class Record(BaseModel):
    """What every object has; properties that are not named here are kept, too. HubSpot's empty text is no value."""

    model_config = ConfigDict(extra="allow")

    hs_object_id: str
    hubspot_owner_id: str | None = None
    createdate: datetime | None = None

    @field_validator("*", mode="before")
    @classmethod
    def empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class Contact(Record):
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    jobtitle: str | None = None
    lifecyclestage: str | None = None
    lastmodifieddate: datetime | None = None


class Company(Record):
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    numberofemployees: int | None = None
    annualrevenue: Decimal | None = None
    hs_lastmodifieddate: datetime | None = None


class Deal(Record):
    dealname: str | None = None
    dealstage: str | None = None
    pipeline: str | None = None
    amount: Decimal | None = None
    closedate: datetime | None = None
    hs_lastmodifieddate: datetime | None = None


MODELS: Final[dict[str, type[Record]]] = {"contacts": Contact, "companies": Company, "deals": Deal}


def envelopes(session: requests.Session, hubspot: str, object: str) -> Iterator[Json]:
    after: str | None = None
    while True:
        params = {"limit": "100", **({"after": after} if after else {})}
        answer = session.get(f"{hubspot}/crm/v3/objects/{object}", params=params, timeout=30)
        answer.raise_for_status()
        page = answer.json()
        yield from page["results"]
        after = page.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return


def item_of(object: str, envelope: Json) -> Json:
    """A hash of the content tells later whether the record has changed."""
    record = MODELS[object].model_validate(envelope["properties"])
    content = record.model_dump(mode="json", exclude_none=True)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"pk": object, "sk": envelope["id"], "hash": digest, **content}


def sync(hubspot: str) -> None:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer pat-bench"
    table = boto3.resource("dynamodb").Table("obvious")
    with table.batch_writer() as batch:
        for object in MODELS:
            for envelope in envelopes(session, hubspot, object):
                batch.put_item(Item=item_of(object, envelope))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hubspot", required=True)
    parser.add_argument("--aws", required=True)
    asked = parser.parse_args()
    with stopwatch() as taken:
        sync(asked.hubspot)
    tell(**asdict(taken), records=fingerprint(keys_of(asked.aws, "obvious", lambda pk, sk: f"{pk}#{sk}")))
