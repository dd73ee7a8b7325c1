"""What Pipedrive works out itself when a record is written: names, stages, outcomes, participants."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import bad_request, invalid
from local.simulators.pipedrive.store import Values

NEVER_NULL = {"name", "title", "owner_id", "stage_id", "pipeline_id", "status", "currency", "visible_to", "type",
              "subject", "done", "busy", "is_archived", "content", "user_id", "add_time"}  # fmt: skip
TARGETS = ("deal_id", "person_id", "org_id", "lead_id", "project_id", "task_id")


@dataclass(slots=True)
class Write:
    """One write while it is worked out: what was there, what will be, and what was asked for in so many words."""

    company: Company
    before: Values | None
    values: Values
    asked: Values
    now: str
    user: int

    def default(self, **values: Any) -> None:
        for name, value in values.items():
            if self.values.get(name) is None:
                self.values[name] = value


def finish(write: Write, kind_name: str) -> None:
    FINISHERS[kind_name](write)


def _person(write: Write) -> None:
    _need(write, "name")
    write.default(emails=[], phones=[], label_ids=[])
    first, _, last = write.values["name"].strip().partition(" ")
    write.values |= {"first_name": first, "last_name": last.strip() or None}
    if write.company.contact_sync:
        write.default(im=[])


def _organization(write: Write) -> None:
    _need(write, "name")
    write.default(label_ids=[])


def _deal(write: Write) -> None:
    _need(write, "title")
    write.default(label_ids=[], currency=write.company.currency, creator_user_id=write.user, origin="API",
                  status="open", is_archived=False)  # fmt: skip
    if write.before is None:
        write.default(value=0)
    _place(write)
    _outcome(write)
    if write.values["is_archived"]:
        write.default(archive_time=write.now)
    else:
        write.values["archive_time"] = None


def _place(write: Write) -> None:
    """A stage decides the pipeline; a pipeline alone means its first stage."""
    company, values, asked = write.company, write.values, write.asked
    if "stage_id" in asked:
        pipeline = company.stages[asked["stage_id"]].pipeline
        if asked.get("pipeline_id", pipeline) != pipeline and company.settings.stage_mismatch == "refuse":
            raise invalid("stage_id: this stage does not belong to the given pipeline")
        values["pipeline_id"] = pipeline
    elif write.before is None or values["pipeline_id"] != write.before["pipeline_id"]:
        first = min((each for each in company.pipelines.values() if not each.deleted), key=lambda each: each.order)
        values["pipeline_id"] = values.get("pipeline_id") or first.id
        values["stage_id"] = company.stages_of(values["pipeline_id"])[0].id
    if write.before and write.before["stage_id"] != values["stage_id"]:
        values["stage_change_time"] = write.now


def _outcome(write: Write) -> None:
    values, asked, status = write.values, write.asked, write.values["status"]
    for name, matching in (("won_time", {"won"}), ("lost_time", {"lost"}), ("close_time", {"won", "lost"})):
        if asked.get(name) is not None and status not in matching:
            raise bad_request(f"{name} can only be set when the status is {' or '.join(sorted(matching))}")
    if asked.get("lost_reason") is not None and status != "lost":
        raise bad_request("lost_reason can only be set when the status is lost")
    if write.before is None or status != write.before["status"]:
        for name in ("won_time", "lost_time", "close_time", "lost_reason"):
            values[name] = asked.get(name)
    if status != "open":
        write.default(**{f"{status}_time": values["close_time"] or write.now})
        write.default(close_time=values[f"{status}_time"])
    for name in ("won", "lost", "close"):
        values[f"local_{name}_date"] = _local_day(values[f"{name}_time"], write.company.time_zone)


def _activity(write: Write) -> None:
    company, values = write.company, write.values
    write.default(type=next(each.key for each in company.types if each.active), done=False, busy=False,
                  participants=[], attendees=[], creator_user_id=write.user)  # fmt: skip
    write.default(subject=next(each.name for each in company.types if each.key == values["type"]))
    values["person_id"] = next((each["person_id"] for each in values["participants"] if each["primary"]), None)
    if not values["done"]:
        values["marked_as_done_time"] = None
    elif write.before is None or not write.before["done"]:
        values["marked_as_done_time"] = write.now


def _note(write: Write) -> None:
    _need(write, "content")
    if not any(write.values.get(name) for name in TARGETS):
        raise bad_request(f"At least one of the fields is required: {', '.join(TARGETS)}")
    write.default(user_id=write.user)
    write.values["last_update_user_id"] = write.user if write.before else None
    for name in ("lead", "deal", "person", "organization", "project", "task"):
        write.default(**{f"pinned_to_{name}_flag": False})


def _need(write: Write, name: str) -> None:
    if not str(write.values.get(name) or "").strip():
        raise invalid(f"{name}: is required")


def _local_day(moment: str | None, zone: str) -> str | None:
    return None if moment is None else datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).date().isoformat()


FINISHERS: dict[str, Callable[[Write], None]] = {
    "persons": _person, "organizations": _organization, "deals": _deal, "activities": _activity, "notes": _note,
}  # fmt: skip
