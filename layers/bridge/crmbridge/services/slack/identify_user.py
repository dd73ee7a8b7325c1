"""Which caller a Slack user is: by the e-mail that Slack knows, a member of the workspace. Users act as themselves."""

from collections.abc import Mapping

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden
from crmbridge.domain.installations import Installation, SlackPerson, Writers
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import Slack, open_slack


def identify_user(deps: Deps, installation: Installation, user: str) -> Caller:
    """Raises Forbidden for guests, bots and people of other teams, in words for them. Where an admin has listed who may
    write, the others are readers."""
    email = known_person(deps, installation, user).email
    listed = installation.writers is Writers.EVERYONE or deps.workspaces.is_listed(installation.workspace, email)
    return Caller(installation.workspace, user, "member" if listed else "reader", email)


def known_person(deps: Deps, installation: Installation, user: str) -> SlackPerson:
    """Asked of Slack once a day. From then on the CRMs' owners and contacts are mapped to this user, too."""
    workspace = installation.workspace
    person = deps.installations.person(workspace, user, deps.now())
    if person is None:
        person = _asked(open_slack(deps, installation), user)
        deps.installations.keep_person(workspace, user, person, deps.now())
        deps.workspaces.note_people(workspace, {person.email: user})
    return person


def _asked(slack: Slack, user: str) -> SlackPerson:
    try:
        found = slack.api.call("users.info", user=user)["user"]
    except SlackRefused as refused:
        if refused.code not in ("user_not_found", "user_not_visible"):
            raise
        found = {}
    email = str((found.get("profile") or {}).get("email") or "").strip().casefold()
    if not email or not _is_member(slack, found):
        raise Forbidden("the CRM is for members of this Slack workspace whose e-mail address Slack knows")
    return SlackPerson(email, str(found.get("tz") or "UTC"))


def _is_member(slack: Slack, found: Mapping[str, Json]) -> bool:
    outside = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_workflow_bot")
    return found.get("team_id") == slack.installation.team and not any(found.get(name) for name in outside)
