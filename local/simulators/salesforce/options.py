"""What can be chosen when the Salesforce simulator starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option, settled

ALL_SCOPES = frozenset(
    ("api", "refresh_token", "offline_access", "id", "openid", "profile", "email", "address", "phone", "full", "web")
)


@dataclass(slots=True)
class Options:
    seed: int = option(1, "the same seed makes the same data")
    contacts: int = option(200, "contacts in the first org; the others get a tenth of everything")
    leads: int = option(30, "leads, some of them converted")
    companies: int = option(60, "accounts")
    deals: int = option(80, "opportunities")
    tasks: int = option(40, "tasks, calls included")
    activities: int = option(60, "events and notes together")
    orgs: int = option(2, "orgs: production ones and, every second, a sandbox with several currencies")
    person_accounts: int = option(0, "person accounts in the first org; above zero switches the feature on there")
    multi_currency: bool = option(False, "CurrencyIsoCode and CurrencyType in the first org")
    external_id_field: str = option("CrmBridgeKey__c", "unique external id on people, firms, deals and activities")
    token: str = option("00D5g0000000001!simulator", "long-lived session of the first org; org n has TOKEN-n")
    token_scopes: str = option("", "scopes of the long-lived sessions, separated by spaces; empty means all")
    client_id: str = option("3MVG9simulatorConsumerKey", "consumer key of the app")
    client_secret: str = option("simulator-client-secret", "consumer secret; it also signs the identity URL")
    username: str = option("admin@{domain}", "of the person who approves; {domain} is the org's")
    password: str = option("simulator-password", "for the password flow and SOAP login; a security token may follow")
    certificate: str = option("", "PEM of the app's certificate, for the JWT bearer flow; can be set later")
    require_pkce: bool = option(False, "the app insists on a code challenge")
    refresh_returns: str = option("none", "refresh token in the answer to a refresh: none, same, rotated or empty")
    session_seconds: int = option(7200, "life of an unused session")
    daily_requests: int = option(115_000, "API requests per org in 24 hours")
    webhook_url: str = option("", "where every org's outbound messages go; a mutation can add one org's own")
    webhook_secret_path: str = option("", "appended to that URL, as customers do for want of a signature")
    public_url: str = option("", "how others reach this simulator; default is its loopback address")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. Where sources about Salesforce disagree, both variants can be played."""

    webhook_url: str
    webhook_secret_path: str
    require_pkce: bool
    refresh_returns: str
    session_seconds: int
    daily_requests: int
    instance_url: str  # of the next token answers: an org that moves
    certificate: str  # an X.509 certificate or a bare public key, as PEM
    assertion_seconds: int = 300  # how far ahead an assertion may expire
    preapproved: bool = True  # an admin let everybody in; else the person must have approved the app before
    moved_answers: str = "401"  # what an org's old address says: "401", "redirect" or "404"
    webhook_objects: str = "Account Contact Lead Opportunity Task Event"
    webhook_fields: str = "CreatedDate LastModifiedDate SystemModstamp"
    webhook_nil_session: bool = True
    max_approvals: int = 5
    app_blocked: bool = False
    refresh_busy_seconds: float = 0.0  # a second refresh within this time is told to wait
    duplicate_rules: str = "off"  # or "alert" (allowSave overrides), "block"
    etags: bool = True
    upsert_answers_body: bool = True  # versions before 46 answer 204
    max_batch_size: int = 2_000
    rows_per_page: int = 0  # above zero: the server gives fewer rows than asked, as for wide rows
    cursor_seconds: int = 900
    max_cursors: int = 10
    recycle_days: int = 15
    replication_id_limit: int = 600_000
    bulk_seconds: float = 0.0


def settings_from(options: Options) -> Settings:
    return settled(Settings, options, instance_url=options.public_url.rstrip("/"))


def scopes_from(text: str) -> frozenset[str]:
    return frozenset(text.split()) or ALL_SCOPES
