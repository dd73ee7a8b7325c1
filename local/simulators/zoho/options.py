"""What can be chosen when the Zoho simulator starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option, settled


@dataclass(slots=True)
class Options:
    seed: int = option(1, "the same seed makes the same data")
    contacts: int = option(200, "contacts in the first org; the others get a tenth of everything")
    leads: int = option(30, "leads, some of them converted")
    companies: int = option(60, "accounts")
    deals: int = option(80, "deals")
    tasks: int = option(40, "tasks")
    activities: int = option(60, "calls, events and notes together")
    orgs: int = option(2, "orgs: the first in the EU, the second in the US with several currencies, then in, au, jp")
    key_field: str = option("CRM_Bridge_Key", "unique custom field on people, firms and deals; empty: not there")
    unique_email: bool = option(False, "Email of contacts and leads allows no duplicates")
    token: str = option("1000.simulator", "long-lived access token of the first org; org n has TOKEN-n")
    token_scopes: str = option("", "scopes of the long-lived tokens, separated by commas; empty means all")
    client_id: str = option("1000.SIMULATORCLIENT", "of the app")
    client_secret: str = option("simulator-client-secret", "of the app; the same in every data centre unless set so")
    multi_dc: bool = option(True, "the app is enabled for all data centres, not for that of .com alone")
    hosts: str = option("paths", "how answers name Zoho's hosts: paths of this simulator, or real (https://...)")
    search_lag_seconds: float = option(5.0, "how far /search lags behind writes")
    daily_credits: int = option(55_000, "API credits per org in 24 hours")
    concurrency: int = option(20, "calls at the same time per org")
    latency_ms: float = option(0.0, "how long every call takes; without it no two calls ever meet")
    public_url: str = option("", "how others reach this simulator; default is its loopback address")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. Where nobody knows what Zoho does, both variants can be played."""

    hosts: str
    multi_dc: bool
    search_lag_seconds: float
    daily_credits: int
    concurrency: int
    latency_ms: float
    heavy_concurrency: int = 10
    secret_per_dc: bool = False  # the secret is SECRET-<dc> everywhere but in the US
    token_seconds: int = 3600
    code_seconds: int = 120
    tokens_per_window: int = 10
    refresh_tokens_per_minute: int = 5
    max_refresh_tokens: int = 20
    max_access_tokens: int = 30
    bearer_works: bool = False
    scope_mismatch_status: int = 401  # some pages say 403
    discrete_rows: int = 2_000
    token_rows: int = 100_000
    page_token_seconds: int = 86_400
    unknown_id: str = "204"  # or "400"
    failed_batch_status: int = 400  # when every record of several failed; older versions 202
    picklists_show: str = "display"  # or "actual"
    pipeline_required: bool = True
    restore_touches_modified: bool = True
    merge_shows_losers_deleted: bool = True
    merge_touches_children: bool = True
    roles_touch_modified: bool = False
    roles_module: str = "Contact_Roles"  # the linking module as COQL and bulk read know it; empty: they do not
    conversion_notifies: str = "edit"  # or "delete", or nothing
    recycle_days: int = 60
    bulk_seconds: float = 0.5
    bulk_rows: int = 200_000
    bulk_kept_seconds: int = 86_400
    operation_names: str = "seen"  # insert, update; or "documented": create, edit
    channel_id_as_number: bool = False
    channel_default_seconds: int = 3_600
    channel_longest_seconds: int = 604_800
    notification_retries: int = 0


def settings_from(options: Options) -> Settings:
    return settled(Settings, options)
