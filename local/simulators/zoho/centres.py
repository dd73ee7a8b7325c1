"""Zoho's data centres, their hosts, and which of them a request was sent to."""

import re
from dataclasses import dataclass

PREFIX = re.compile(r"^/(accounts\.zoho[a-z.]+|www\.zohoapis\.[a-z.]+)(?=/|$)")


@dataclass(frozen=True, slots=True)
class Centre:
    """`name` is what the callback's `location` says."""

    name: str
    accounts_host: str
    api_host: str


CENTRES = {
    each.name: each
    for each in (
        Centre("us", "accounts.zoho.com", "www.zohoapis.com"),
        Centre("eu", "accounts.zoho.eu", "www.zohoapis.eu"),
        Centre("in", "accounts.zoho.in", "www.zohoapis.in"),
        Centre("au", "accounts.zoho.com.au", "www.zohoapis.com.au"),
        Centre("cn", "accounts.zoho.com.cn", "www.zohoapis.com.cn"),
        Centre("jp", "accounts.zoho.jp", "www.zohoapis.jp"),
        Centre("ca", "accounts.zohocloud.ca", "www.zohoapis.ca"),
        Centre("sa", "accounts.zoho.sa", "www.zohoapis.sa"),
    )
}
START = CENTRES["us"]
BY_HOST = {host: each for each in CENTRES.values() for host in (each.accounts_host, each.api_host)}


def centre_named(host: str) -> Centre | None:
    return BY_HOST.get(host.partition(":")[0].lower())


def split(path: str) -> tuple[str, str]:
    """`/www.zohoapis.eu/crm/v8/org` is `/crm/v8/org` at `www.zohoapis.eu`; without such a prefix the host is empty."""
    found = PREFIX.match(path)
    return (found[1], path[len(found[0]) :]) if found and centre_named(found[1]) else ("", path)
