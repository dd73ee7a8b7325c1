"""Creates that go together: one batch, each with a trace id, so that one that is refused holds up no other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from crmbridge.domain.errors import PlatformError, Unavailable
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.connecting import has_key
from crmbridge.platforms.hubspot.objects import KEY_PROPERTY, NAME
from crmbridge.platforms.hubspot.writing import ACTIONS as ALONE
from crmbridge.platforms.hubspot.writing import new_associations, new_properties
from crmbridge.platforms.spec import ActionSpec, Pack, WriteRequest, Written

PACKED: Final = ("create_task", "log_call", "log_meeting", "create_note", "create_company")
"""Not contacts, of which one with the same address is to be found, nor deals, whose pipeline is to be read first."""
TRACE: Final = "objectWriteTraceId"
MISSING: Final = "HubSpot did not say what became of this one of a batch"


def send(api: Api, requests: Sequence[WriteRequest]) -> list[Written | PlatformError]:
    """Results come in an order of their own, and are told by the key; errors by the trace id, which is the key, too."""
    object = requests[0].object
    body = {"inputs": [_input(request) for request in requests]}
    answer = api.write("POST", paths.batch_create(object), body, timeout=requests[0].timeout)
    told: Mapping[str, Any] = answer.json if isinstance(answer.json, dict) else {}
    became: dict[str, Written | PlatformError] = {key: Written(object, id) for key, id in _made(told)}
    became |= dict(_refused(api, told))
    lost = Unavailable(MISSING, platform=NAME, status=answer.status, outcome_unknown=True)
    return [became.get(request.key, lost) for request in requests]


def takes(request: WriteRequest) -> bool:
    """Only the key tells the results apart."""
    return has_key(request.directories, request.object)


def _input(request: WriteRequest) -> Mapping[str, Any]:
    associations = list(new_associations(request))
    return {"properties": new_properties(request), "associations": associations, TRACE: request.key}


def _made(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for result in told.get("results") or ():
        yield str((result.get("properties") or {}).get(KEY_PROPERTY) or result.get(TRACE)), str(result["id"])


def _refused(api: Api, told: Mapping[str, Any]) -> Iterator[tuple[str, PlatformError]]:
    for error in told.get("errors") or ():
        explained = api.explain(400, {}, orjson.dumps(error), sent_write=True)
        for trace in (error.get("context") or {}).get(TRACE) or ():
            if isinstance(explained, PlatformError):
                yield str(trace), explained


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    name: replace(spec, pack=Pack(send=send, takes=takes)) if name in PACKED else spec for name, spec in ALONE.items()
}
