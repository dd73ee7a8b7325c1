"""`auth.*`, `team.info` and `users.*`: who one is, and who else is there."""

from local.simulators.slack.call import Call, Json, Method, paged
from local.simulators.slack.errors import SlackError

SEES_EMAIL = "users:read.email"


def test(call: Call) -> Json:
    team, user = call.team, call.team.users[call.token.user]
    body: Json = {"url": f"https://{team.domain}.slack.com/", "team": team.name, "user": user.name, "team_id": team.id,
                  "user_id": user.id, "is_enterprise_install": False}  # fmt: skip
    return body | ({"bot_id": team.bot_id} if call.token.is_bot else {})


def revoke(call: Call) -> Json:
    if not call.flag("test"):
        call.token.revoked = True
    return {"revoked": not call.flag("test")}


def team_info(call: Call) -> Json:
    team = call.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}}


def look_up_by_email(call: Call) -> Json:
    user = call.team.by_email(call.required("email"))
    if user is None:
        raise SlackError("users_not_found")
    return {"user": user.wire(call.team.id, with_email=True)}


def info(call: Call) -> Json:
    """Those who left are shown, too."""
    user = call.team.users.get(call.required("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user.wire(call.team.id, with_email=SEES_EMAIL in call.token.scopes)}


def list_users(call: Call) -> Json:
    """Without a limit everybody comes at once, or Slack says `limit_required`: here always a page."""
    page, metadata = paged(call, list(call.team.users.values()))
    sees = SEES_EMAIL in call.token.scopes
    members = [each.wire(call.team.id, with_email=sees) for each in page]
    return {"members": members, "cache_ts": int(call.team.clock.now()), "response_metadata": metadata}


METHODS = (
    Method("auth.test", test, "special"),
    Method("auth.revoke", revoke, "tier3", takes_json=False),
    Method("team.info", team_info, "tier3", ("team:read",), takes_json=False),
    Method("users.lookupByEmail", look_up_by_email, "tier3", (SEES_EMAIL,), takes_json=False),
    Method("users.info", info, "tier4", ("users:read",), takes_json=False),
    Method("users.list", list_users, "tier2", ("users:read",), takes_json=False),
)
