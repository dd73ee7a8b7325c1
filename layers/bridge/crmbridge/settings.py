"""What a deployment is told from outside: the only place that reads the environment, once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from crmbridge.domain.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field per variable of `template.yaml`. Secrets are never settings: they come through the vault."""

    records_table: str
    control_table: str
    memberships_table: str
    actions_table: str
    journal_table: str
    guards_table: str
    deliveries_queue_url: str
    pages_queue_url: str
    groups_queue_url: str
    actions_queue_url: str
    chat_queue_url: str
    rules_queue_url: str
    bucket: str
    secret_prefix: str
    public_url: str
    oidc_issuer: str
    oidc_audience: str
    return_urls: tuple[str, ...]
    log_level: str
    sync_lag_seconds: int | None
    """How far behind now an incremental window ends; None keeps what each CRM needs."""
    max_groups: int | None
    """Smart groups that a workspace may have; None is as many as every deployment bears."""
    max_rules: int | None
    """The same for rules."""


MAY_BE_EMPTY = frozenset({"return_urls", "sync_lag_seconds", "max_groups", "max_rules"})


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises Misconfigured, naming every variable that is missing or unreadable."""
    missing = [name.upper() for name in _names() if not environment.get(name.upper()) and name not in MAY_BE_EMPTY]
    if missing:
        raise Misconfigured(f"the environment lacks {', '.join(missing)}; see Globals in template.yaml")
    texts = {name: environment.get(name.upper(), "") for name in _names()}
    return Settings(
        **{name: text for name, text in texts.items() if name not in MAY_BE_EMPTY},
        return_urls=tuple(url.strip() for url in texts["return_urls"].split(",") if url.strip()),
        sync_lag_seconds=_whole_number("SYNC_LAG_SECONDS", texts["sync_lag_seconds"]),
        max_groups=_whole_number("MAX_GROUPS", texts["max_groups"]),
        max_rules=_whole_number("MAX_RULES", texts["max_rules"]),
    )


def _names() -> tuple[str, ...]:
    return tuple(each.name for each in fields(Settings))


def _whole_number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise Misconfigured(f"{name} is {text!r}; it must be a whole number, or empty")
    return int(text)
