"""What can be chosen when the Pipedrive simulator starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option, settled

ALL_SCOPES = frozenset({
    "base", "deals:read", "deals:full", "contacts:read", "contacts:full", "activities:read", "activities:full",
    "users:read", "search:read", "admin", "phone-integration", "deal-fields:full", "contact-fields:full",
})  # fmt: skip
# Per plan: times 30,000 tokens a day and seat, requests in 2 s of an API token, and of an OAuth token.
PLANS = {"lite": (1, 20, 80), "growth": (2, 40, 160), "premium": (5, 100, 400), "ultimate": (7, 120, 480)}
TOKENS_PER_SEAT = 30_000


@dataclass(slots=True)
class Options:
    seed: int = option(1, "the same seed makes the same data")
    contacts: int = option(200, "persons in the first company; the others get a tenth of everything")
    companies: int = option(60, "organizations")
    deals: int = option(80, "deals")
    tasks: int = option(40, "activities of the type task")
    activities: int = option(60, "calls, meetings, e-mails, lunches and notes together")
    accounts: int = option(2, "companies that can install the app")
    shares: str = option("", "sizes of the companies after the first, in per cent of it; replaces `accounts`")
    account: int = option(5_550_001, "id of the first company; the next ones count on")
    token: str = option("5d1f00c0ffee00000000000000000000c0ffee01", "API token of the first company's admin; the "
                        "others' are in /_sim/state")  # fmt: skip
    client_id: str = option("9f0c0ffee0000001", "of the app")
    client_secret: str = option("simulator-client-secret", "of the app; also for its uninstall callback")
    app_scopes: str = option("", "what the app asks for in the Developer Hub, by spaces; empty means every known scope")
    callback_url: str = option("", "the app's callback; empty accepts any, and uninstalling calls the one last used")
    public_url: str = option("", "how others reach this simulator; default is its loopback address")
    index_lag_seconds: float = option(0.0, "how far search lags behind writes")
    plan: str = option("growth", f"of the companies: {', '.join(PLANS)}")
    seats: int = option(4, "of each company; they multiply the daily tokens")
    burst: int = option(0, "requests in 2 s of an OAuth token; 0 means as the plan says")
    token_burst: int = option(0, "requests in 2 s of an API token; 0 means as the plan says")
    daily: int = option(0, "tokens a day of a company; 0 means as plan and seats say")
    search_burst: int = option(10, "searches in 2 s of a token")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. Where sources about Pipedrive disagree, both variants can be played."""

    index_lag_seconds: float
    burst: int
    token_burst: int
    daily: int
    search_burst: int
    token_seconds: int = 3600
    refresh_idle_days: int = 60
    refresh_returns: str = "same"  # or "rotated"
    scope_separator: str = ","  # or " "
    denial: str = "user_denied"  # or "access_denied"
    api_domain: str = ""  # another address of this simulator; `{domain}` stands for the company's domain
    revoke_calls_back: bool = False  # is the uninstall callback sent when the app itself revoked its refresh token?
    daily_headers: bool = True  # undocumented, and not always there
    failed_calls_cost: bool = True
    ban_after_refusals: int = 30  # 429s within a minute, of one API token, until its requests get an HTML 403
    ban_seconds: int = 60
    too_large_limit: str = "refuse"  # or "clamp"
    cursor_seconds: int = 0  # how long a cursor can be used; 0 is for ever
    deleted_readable: bool = True  # does GET by id still show what was deleted in the last 30 days?
    activity_person_id: str = "refuse"  # or "ignore"; a primary participant is the way to set it
    stage_mismatch: str = "refuse"  # or "stage_wins": a stage of another pipeline than the one that came with it
    merge_touches_links: bool = True  # do a loser's deals and activities change when they move to the survivor?
    participants_touch_deal: bool = False  # does adding or removing a participant move the deal's update_time?
    contact_person_participates: bool = True  # is a deal's contact person listed and counted as a participant?
    typed_custom_fields: bool = True  # in webhooks: {"type", "value"} instead of the bare value
    webhook_timestamp: str = "iso"  # or "epoch"
    webhook_https_only: bool = False  # the real thing refuses http
    ban_counter_resets: bool = True  # does a delivery taken at once clear the count of failed ones?
    removed_webhooks_listed: bool = False  # is one that died of failures still listed, with its reason?


def settings_from(options: Options) -> Settings:
    times, token_burst, burst = PLANS[options.plan]
    return settled(
        Settings,
        options,
        burst=options.burst or burst,
        token_burst=options.token_burst or token_burst,
        daily=options.daily or TOKENS_PER_SEAT * times * options.seats,
    )


def scopes_from(text: str) -> frozenset[str]:
    return frozenset(text.split()) or ALL_SCOPES
