"""What can be chosen when the Slack simulator starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option, settled

BOT_SCOPES = (
    "app_mentions:read", "channels:history", "channels:join", "channels:manage", "channels:read",
    "channels:write.invites", "chat:write", "chat:write.public", "commands", "groups:history", "groups:read",
    "groups:write", "groups:write.invites", "im:history", "im:read", "im:write", "links:read", "links:write",
    "mpim:read", "mpim:write", "team:read", "users:read", "users:read.email",
)  # fmt: skip
USER_SCOPES = ("identify", "users:read", "users:read.email", "chat:write", "links:read", "links:write")
EVENTS = "app_home_opened app_uninstalled link_shared tokens_revoked"
DOMAINS = "crm.test hubspot.com salesforce.com force.com pipedrive.com zoho.com zoho.eu"


@dataclass(slots=True)
class Options:
    seed: int = option(1, "of the dice that faults are thrown with")
    teams: int = option(2, "teams (workspaces): T0ACME, T0BETA, then T3, T4 and so on")
    token: str = option("xoxb-simulator", "bot token of the first team; team n has TOKEN-n")
    installed: bool = option(True, "the app is in every team from the start; else only after its dance")
    scopes: str = option("", "of those bot tokens, by blanks; empty means every known one")
    app_id: str = option("A0CRMBRIDGE", "of the app")
    client_id: str = option("1000000000001.2000000000002", "of the app")
    client_secret: str = option("simulator-slack-client-secret", "of the app")
    signing_secret: str = option("5ad1c0de51ac00005ad1c0de51ac0000", "of what is sent to the app")
    commands_url: str = option("", "where slash commands go")
    interactions_url: str = option("", "where buttons, shortcuts and modals go")
    options_url: str = option("", "where external selects ask; empty means the interactions URL")
    events_url: str = option("", "where events go")
    events: str = option(
        EVENTS, "what the app has subscribed to, by blanks; member_joined_channel and member_left_channel too"
    )
    command: str = option("/crm", "the app's slash command")
    unfurl_domains: str = option(DOMAINS, "domains whose links the app unfurls, by blanks; their subdomains too")
    public_url: str = option("", "how others reach this simulator; default is its loopback address")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. Where nobody knows what Slack does, both variants can be played."""

    commands_url: str
    interactions_url: str
    options_url: str
    events_url: str
    events: str
    unfurl_domains: str
    tiers: bool = True  # are rate limits kept?
    tier_factor: int = 1  # how many times the documented ones
    restricted: str = ""  # methods that an admin has restricted, by blanks: `restricted_action`
    partial_invites: bool = False  # does an invitation take those it can, though it fails for others?
    trigger_seconds: float = 3.0
    acknowledge_seconds: float = 3.0
    response_url_seconds: float = 1_800.0
    response_url_uses: int = 5
    clock: str = "real"  # of the signatures' timestamps; or "simulated"


def settings_from(options: Options) -> Settings:
    return settled(Settings, options)


def scopes_from(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split()) or BOT_SCOPES
