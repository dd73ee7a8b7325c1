"""What can be chosen when the HubSpot simulator starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option, settled
from local.simulators.hubspot.schema import ALL_SCOPES


@dataclass(slots=True)
class Options:
    seed: int = option(1, "the same seed makes the same data")
    contacts: int = option(200, "contacts in the first portal; the others get a tenth of everything")
    companies: int = option(60, "companies")
    deals: int = option(80, "deals")
    tasks: int = option(40, "tasks")
    activities: int = option(60, "calls, notes, meetings and e-mails together")
    tickets: int = option(30, "tickets")
    portals: int = option(2, "portals that can install the app")
    shares: str = option("", "sizes of the portals after the first, in per cent of it; replaces `portals`")
    account: int = option(147_000_101, "id of the first portal; the next ones count on")
    token: str = option("pat-na1-simulator", "private-app token of the first portal; portal n has TOKEN-n")
    token_scopes: str = option("", "scopes of the private-app tokens, separated by spaces; empty means all")
    client_id: str = option("5ad1c0de-0000-4000-8000-0000c0ffee01", "of the app")
    client_secret: str = option("simulator-client-secret", "of the app; it also signs the webhooks")
    app_id: int = option(880_011, "of the app")
    developer_key: str = option("simulator-developer-key", "for the webhook settings: ?hapikey=")
    app_scopes: str = option("", "what the authorize page accepts, separated by spaces; empty means every known scope")
    webhook_url: str = option("", "where the app's webhooks go; can be set later")
    public_url: str = option("", "how others reach this simulator; default is its loopback address")
    index_lag_seconds: float = option(0.0, "how far search lags behind writes")
    burst: int = option(110, "requests per 10 s for an OAuth app and account")
    private_burst: int = option(100, "requests per 10 s for a private app")
    daily: int = option(250_000, "requests per day of an account's private apps")
    search_per_second: int = option(5, "searches per second and account")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. Where sources about HubSpot disagree, both variants can be played."""

    webhook_url: str
    index_lag_seconds: float
    burst: int
    private_burst: int
    daily: int
    search_per_second: int
    token_seconds: int = 1800
    refresh_returns: str = "same"  # or "rotated", "empty"
    association_touches_modified: bool = False
    batch_read_reports_missing: bool = True
    batch_read_follows_merges: bool = True
    unique_conflict_status: int = 409  # of custom unique properties; 400 is reported too
    inline_association_limit: int = 100
    filters_in_group: int = 6  # of a search; a changelog says 10, and 25 in all
    filters_in_all: int = 18
    webhooks_signed_v3: bool = True  # private apps may be signed in the first version only


def settings_from(options: Options) -> Settings:
    return settled(Settings, options)


def scopes_from(text: str) -> frozenset[str]:
    return frozenset(text.split()) or ALL_SCOPES
