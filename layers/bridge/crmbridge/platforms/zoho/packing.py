"""Creates that go together: one insert, answered record by record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any, Final

from crmbridge.domain.errors import PlatformError, Unavailable
from crmbridge.platforms.http import Answer, Api
from crmbridge.platforms.spec import ActionSpec, Pack, WriteRequest, Written
from crmbridge.platforms.zoho import errors, paths
from crmbridge.platforms.zoho.bodies import further_contacts, new_body
from crmbridge.platforms.zoho.objects import NAME
from crmbridge.platforms.zoho.writing import ACTIONS as ALONE

PACKED: Final = ("create_task", "log_call", "log_meeting", "create_note", "create_deal", "create_company")
"""Not people, of whom one with the same address is looked for first."""
PER_CREDIT: Final = 10


def send(api: Api, requests: Sequence[WriteRequest]) -> list[Written | PlatformError]:
    """Answered in the order of the request; a credit per ten."""
    body = {"data": [new_body(request) for request in requests]}
    path, cost = paths.records(requests[0].object), ceil(len(requests) / PER_CREDIT)
    answer = api.write("POST", path, body, timeout=requests[0].timeout, cost=cost)
    told = errors.items_of(answer.json)
    if len(told) != len(requests):
        message = "Zoho did not say what became of each record"
        raise Unavailable(message, platform=NAME, status=answer.status, outcome_unknown=True)
    return [_became(request, answer, item) for request, item in zip(requests, told, strict=True)]


def takes(request: WriteRequest) -> bool:
    """A deal with several contacts takes a call of its own after it."""
    return not further_contacts(request)


def _became(request: WriteRequest, answer: Answer, item: Mapping[str, Any]) -> Written | PlatformError:
    details = item.get("details")
    id = details.get("id") if isinstance(details, dict) else None
    if item.get("status") != "error" and id:
        return Written(request.object, str(id))
    return errors.explain_item(errors.Answer(answer.status, answer.headers, item, sent_write=True))


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    name: replace(spec, pack=Pack(send=send, takes=takes)) if name in PACKED else spec for name, spec in ALONE.items()
}
