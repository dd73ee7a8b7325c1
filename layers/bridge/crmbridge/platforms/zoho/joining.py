"""Contacts and deals of which one was just made, brought together: a call for each deal, which may be repeated."""

from collections.abc import Sequence
from typing import Final

from crmbridge.domain.errors import MissingScope, ReauthRequired, RecordGone, Rejected, Throttled, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.spec import WriteRequest, Written
from crmbridge.platforms.zoho import errors, paths
from crmbridge.platforms.zoho.bodies import further_contacts
from crmbridge.platforms.zoho.objects import NAME
from crmbridge.platforms.zoho.queries import rows_of
from crmbridge.platforms.zoho.roles import CONTACT_ROLES

A_CREDIT: Final = 10
"""Records of a write that one credit pays for."""


def with_people(api: Api, request: WriteRequest, made: Written) -> Written:
    """The record is there by now: so whoever Zoho does not take is left out, and where it does not answer, the record
    is looked up later and the rest is added then. Who belongs to a deal in the end, reading it again tells."""
    joining = _parts(request, made.external_id)
    for deal, contacts in joining.items():
        try:
            if not _are_added(api, deal, contacts, None) and (role := _last_role(api)):
                _are_added(api, deal, contacts, role)
        except (Throttled, Unavailable, ReauthRequired) as error:
            message = f"the record is made, not everybody is in the deal yet: {error}"
            raise Unavailable(message, platform=NAME, status=error.status, outcome_unknown=True) from error
    return Written(made.object, made.external_id) if joining else made


def _parts(request: WriteRequest, made: str) -> dict[str, list[str]]:
    """Deal -> contacts that belong to it once this is made, but for the one whom the deal holds itself."""
    if request.object == "Contacts":
        return {link.external_id: [made] for link in request.links if link.object == "Deals"}
    further = further_contacts(request)
    return {made: further} if further else {}


def _are_added(api: Api, deal: str, contacts: Sequence[str], role: Json) -> bool:
    body = {"data": [{"id": id} | ({"Contact_Role": role} if role else {}) for id in contacts]}
    path = paths.related("Deals", deal, CONTACT_ROLES)
    try:
        answer = api.write("PUT", path, body, cost=-(-len(contacts) // A_CREDIT))
    except (Rejected, RecordGone, MissingScope):
        return False
    return errors.failed_item(answer.json) is None


def _last_role(api: Api) -> Json:
    """Documents differ on whether a contact may come without a role; where Zoho insists on one, the last of the org's
    list says the least."""
    try:
        roles = rows_of(api.call(Call(method="GET", path=paths.ROLES)).json, "contact_roles").records
    except (Rejected, RecordGone, MissingScope):
        return None
    return {"id": str(roles[-1]["id"]), "name": str(roles[-1].get("name"))} if roles else None
