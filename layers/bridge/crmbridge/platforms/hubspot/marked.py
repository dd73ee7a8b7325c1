"""Where an object has no key property, its text carries our reference, and whatever carries it is found by that."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.associations import read_links
from crmbridge.platforms.hubspot.connecting import has_key
from crmbridge.platforms.hubspot.objects import modified_property
from crmbridge.platforms.hubspot.pages import read_batch
from crmbridge.platforms.markers import marker
from crmbridge.platforms.spec import WriteRequest, Written

BODIES: Final[Mapping[str, str]] = {
    "tasks": "hs_task_body", "calls": "hs_call_body", "notes": "hs_note_body", "meetings": "hs_meeting_body",
    "companies": "description", "deals": "description",
}  # fmt: skip
NEWEST: Final = 200
"""Of a target's tasks or calls, or of an account's, how many may have come between our write and the look-up."""
SKEW: Final = timedelta(minutes=5)
"""How far HubSpot's clock may be behind ours."""


def copies(api: Api, request: WriteRequest) -> list[Written]:
    body = BODIES.get(request.object)
    found = _newest(api, request, body) if body else []
    marked = [one for one in found if marker(request.key) in str(one["properties"].get(body))]
    return [Written(request.object, str(one["id"])) for one in marked]


def is_traceable(request: WriteRequest) -> bool:
    """Of a contact without the key property only the address tells."""
    keyed = has_key(request.directories, request.object) or request.object in BODIES
    return keyed or bool(request.fields.get("email"))


def _newest(api: Api, request: WriteRequest, body: str) -> list[dict[str, Any]]:
    """Of its target, whose associations do not lag. What hangs on nothing only the search shows: some seconds late,
    which is far less than we wait before we believe that it is not there."""
    if not request.links:
        return [] if has_key(request.directories, request.object) else _searched(api, request, body)
    target = request.links[0]
    ends = read_links(api, target.object, request.object, [target.external_id]).get(target.external_id, ())
    newest = sorted((link.external_id for link in ends), key=lambda id: (len(id), id), reverse=True)[:NEWEST]
    return list(read_batch(api, request.object, newest, [body]))


def _searched(api: Api, request: WriteRequest, body: str) -> list[dict[str, Any]]:
    since = str(int((request.asked_at - SKEW).timestamp() * 1000))
    modified = {"propertyName": modified_property(request.object), "operator": "GTE", "value": since}
    question = {
        "filterGroups": [{"filters": [modified]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        "properties": [body],
        "limit": NEWEST,
    }
    found: list[dict[str, Any]] = api.post(paths.search(request.object), question, pool="search").get("results") or []
    return found
