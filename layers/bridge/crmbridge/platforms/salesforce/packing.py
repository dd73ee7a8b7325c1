"""Creates that go together: a collection, in which one that is refused holds up no other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from crmbridge.domain.errors import PlatformError, Unavailable
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.creating import hung_on, new_fields
from crmbridge.platforms.salesforce.objects import NAME
from crmbridge.platforms.salesforce.writing import ACTIONS as ALONE
from crmbridge.platforms.spec import ActionSpec, Pack, WriteRequest, Written

PACKED: Final = ("create_task", "log_call", "log_meeting", "create_note", "create_deal", "create_company")
"""Not people, of whom one with the same address is looked for first."""


def send(api: Api, requests: Sequence[WriteRequest]) -> list[Written | PlatformError]:
    """Answered in the order of the request, with 200 whatever became of each."""
    records = [{"attributes": {"type": request.object}, **new_fields(request)} for request in requests]
    body = {"allOrNone": False, "records": records}
    answer = api.write("POST", paths.COLLECTION, body, timeout=requests[0].timeout)
    told = answer.json if isinstance(answer.json, list) else []
    if len(told) != len(requests):
        message = "Salesforce did not say what became of each record"
        raise Unavailable(message, platform=NAME, status=answer.status, outcome_unknown=True)
    return [_became(api, request, item) for request, item in zip(requests, told, strict=True)]


def takes(request: WriteRequest) -> bool:
    """What it is linked with beside its own fields is made together with it, and needs a request of its own."""
    return not hung_on(request)


def _became(api: Api, request: WriteRequest, item: Mapping[str, Any]) -> Written | PlatformError:
    if item.get("success") is True and item.get("id"):
        return Written(request.object, str(item["id"]))
    error = api.explain(400, {}, orjson.dumps(item), sent_write=True)
    return error if isinstance(error, PlatformError) else Unavailable(str(error), platform=NAME)


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    name: replace(spec, pack=Pack(send=send, takes=takes)) if name in PACKED else spec for name, spec in ALONE.items()
}
