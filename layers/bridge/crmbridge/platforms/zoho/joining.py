"""The further contacts of a deal that was just made: one call for all of them, which may be repeated."""

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
    """The deal is there by now: so whoever Zoho does not take is left out, and where it does not answer, the deal is
    looked up later and the rest is added then. Who belongs to it in the end, reading it again tells."""
    contacts = further_contacts(request)
    if not contacts:
        return made
    try:
        if not _are_added(api, made.external_id, contacts, None) and (role := _last_role(api)):
            _are_added(api, made.external_id, contacts, role)
    except (Throttled, Unavailable, ReauthRequired) as error:
        message = f"the deal is made, its contacts not yet all: {error}"
        raise Unavailable(message, platform=NAME, status=error.status, outcome_unknown=True) from error
    return Written(made.object, made.external_id)


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
