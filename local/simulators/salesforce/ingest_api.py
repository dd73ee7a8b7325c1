"""Bulk API 2.0, the other way: a CSV of rows to insert, update, upsert or delete, and its three results."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.bulk_api import DELIMITERS
from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply, not_there
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.sobjects_api import key_field, key_matches, upserted
from local.simulators.salesforce.values import shown_moment

OPERATIONS = {"insert", "update", "upsert", "delete", "hardDelete"}
CLEARED = "#N/A"
Line = dict[str, str]


@dataclass(slots=True)
class Upload:
    id: str
    org: Org
    wish: dict[str, Any]
    kind: Kind
    created_ms: int
    state: str = "Open"
    text: str = ""
    successful: list[Line] = field(default_factory=list)
    failed: list[Line] = field(default_factory=list)

    @property
    def delimiter(self) -> str:
        return DELIMITERS[self.wish.get("columnDelimiter", "COMMA")]


@dataclass(slots=True)
class Uploads:
    held: dict[str, Upload] = field(default_factory=dict)


def create(call: Call) -> Reply:
    wish = call.fields()
    if str(wish.get("operation")) not in OPERATIONS or str(wish.get("columnDelimiter", "COMMA")) not in DELIMITERS:
        raise Refused(400, "INVALIDJOB", "The operation or the column delimiter is not supported")
    kind = call.org.known(str(wish.get("object")))
    if kind is None:
        raise Refused(400, "INVALIDENTITY", f"Unable to find object: {wish.get('object')}")
    if wish["operation"] == "upsert":
        key_field(kind, str(wish.get("externalIdFieldName")))
    upload = Upload(call.cloud.jobs.ids.next(), call.org, wish, kind, call.cloud.clock.now_ms())
    call.cloud.uploads.held[upload.id] = upload
    return Reply(200, _shown(call, upload) | {"contentUrl": f"{call.base[1:]}/jobs/ingest/{upload.id}/batches"})


def put(call: Call) -> Reply:
    upload = _upload(call)
    if upload.state != "Open" or upload.text:
        raise Refused(400, "INVALIDJOBSTATE", "Data was uploaded already or the job is closed")
    upload.text = call.raw.decode("utf-8-sig", "replace")
    return Reply(201)


def patch(call: Call) -> Reply:
    upload, state = _upload(call), call.fields().get("state")
    if state not in {"UploadComplete", "Aborted"} or upload.state != "Open":
        raise Refused(400, "INVALIDJOBSTATE", f"The state cannot be changed from {upload.state} to {state}")
    upload.state = "Aborted" if state == "Aborted" else "JobComplete"
    if state == "UploadComplete":
        _carry_out(call, upload)
    return Reply(200, _shown(call, upload) | {"state": state})


def get(call: Call) -> Reply:
    upload = _upload(call)
    done, failed = len(upload.successful) + len(upload.failed), len(upload.failed)
    return Reply(200, _shown(call, upload) | {"numberRecordsProcessed": done, "numberRecordsFailed": failed})


def delete(call: Call) -> Reply:
    upload = _upload(call)
    if upload.state == "Open":
        raise Refused(400, "INVALIDJOBSTATE", "Only a job that has ended can be deleted")
    del call.cloud.uploads.held[upload.id]
    return Reply(204)


def successful(call: Call) -> Reply:
    upload = _upload(call)
    return _as_csv(upload, upload.successful, ("sf__Id", "sf__Created"))


def failed(call: Call) -> Reply:
    upload = _upload(call)
    return _as_csv(upload, upload.failed, ("sf__Id", "sf__Error"))


def unprocessed(call: Call) -> Reply:
    upload = _upload(call)
    lines = _lines(upload) if upload.state == "Aborted" else []
    return _as_csv(upload, lines, ())


def _carry_out(call: Call, upload: Upload) -> None:
    for line in _lines(upload):
        wish: dict[str, Any] = {name: _meant(value) for name, value in line.items() if value != ""}
        try:
            row_id, is_new = _one(call, upload, wish)
            upload.successful.append({"sf__Id": row_id, "sf__Created": str(is_new).lower(), **line})
        except Refused as refused:
            names = f":{','.join(refused.fields)}" if refused.fields else ""
            upload.failed.append({"sf__Id": line.get("Id", ""),
                                  "sf__Error": f"{refused.code}:{refused.message}{names} --", **line})  # fmt: skip


def _one(call: Call, upload: Upload, wish: dict[str, Any]) -> tuple[str, bool]:
    kind, operation = upload.kind, upload.wish["operation"]
    if operation == "insert":
        return str(call.desk.create(kind, wish)["Id"]), True
    if operation == "upsert":
        key = key_field(kind, upload.wish["externalIdFieldName"])
        value = str(wish.pop(key.name, ""))
        matches = key_matches(call, kind, key, value)
        if len(matches) > 1:
            raise Refused(400, "DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found")
        row, is_new = upserted(call, kind, key, value, wish, matches)
        return row["Id"], is_new
    row_id = long_id(wish.pop("Id", ""))
    if row_id is None:
        raise Refused(400, "MISSING_ARGUMENT", "Id not specified in an update call")
    if operation == "update":
        call.desk.update(kind, row_id, wish)
    else:
        call.desk.delete(kind, row_id)
    if operation == "hardDelete":
        call.org.stores[kind.name].erase(row_id)
    return row_id, False


def _meant(value: str) -> str | None:
    """An empty cell leaves a field alone; this sign clears it."""
    return None if value == CLEARED else value


def _lines(upload: Upload) -> list[Line]:
    return list(csv.DictReader(io.StringIO(upload.text), delimiter=upload.delimiter))


def _as_csv(upload: Upload, lines: list[Line], own: tuple[str, ...]) -> Reply:
    header = next(csv.reader(io.StringIO(upload.text), delimiter=upload.delimiter), [])
    out = io.StringIO()
    writer = csv.DictWriter(out, [*own, *header], delimiter=upload.delimiter, lineterminator="\n",
                            quoting=csv.QUOTE_ALL)  # fmt: skip
    writer.writeheader()
    writer.writerows(lines)
    return Reply(200, raw=out.getvalue().encode(), media_type="text/csv")


def _shown(call: Call, upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "operation": upload.wish["operation"],
        "object": upload.kind.name,
        "createdById": call.session.user_id,
        "createdDate": shown_moment(upload.created_ms),
        "systemModstamp": shown_moment(upload.created_ms),
        "state": upload.state,
        "externalIdFieldName": upload.wish.get("externalIdFieldName"),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(call.version),
        "jobType": "V2Ingest",
        "lineEnding": upload.wish.get("lineEnding", "LF"),
        "columnDelimiter": upload.wish.get("columnDelimiter", "COMMA"),
    }


def _upload(call: Call) -> Upload:
    upload = call.cloud.uploads.held.get(long_id(call.params["id"]) or "")
    if upload is None or upload.org is not call.org:
        raise not_there()
    return upload


def listed(call: Call) -> Reply:
    jobs = [_shown(call, each) for each in call.cloud.uploads.held.values() if each.org is call.org]
    return Reply(200, {"done": True, "records": jobs, "nextRecordsUrl": None})


ROUTES: list[RouteSpec] = [
    ("POST", "/jobs/ingest", create),
    ("GET", "/jobs/ingest", listed),
    ("PUT", "/jobs/ingest/{id}/batches", put),
    ("PATCH", "/jobs/ingest/{id}", patch),
    ("GET", "/jobs/ingest/{id}", get),
    ("DELETE", "/jobs/ingest/{id}", delete),
    ("GET", "/jobs/ingest/{id}/successfulResults", successful),
    ("GET", "/jobs/ingest/{id}/failedResults", failed),
    ("GET", "/jobs/ingest/{id}/unprocessedrecords", unprocessed),
]
