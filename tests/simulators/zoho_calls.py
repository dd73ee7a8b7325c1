"""Asking the Zoho simulator as an app would."""

from typing import Any

import requests

from local.simulators import Running

TOKEN = "1000.simulator"
EU = "/www.zohoapis.eu"
ACCOUNTS_EU = "/accounts.zoho.eu"


def ask(sim: Running, method: str, path: str, *, token: str = TOKEN, **arguments: Any) -> requests.Response:
    """`ask(sim, "GET", "/v8/org")`, at the data centre of the first org."""
    headers = {"Authorization": f"Zoho-oauthtoken {token}", **arguments.pop("headers", {})}
    url = sim.url + ("" if path.startswith("/www.") else f"{EU}/crm") + path
    return requests.request(method, url, headers=headers, timeout=arguments.pop("timeout", 10), **arguments)


def coql(sim: Running, query: str) -> requests.Response:
    return ask(sim, "POST", "/v8/coql", json={"select_query": query})


def insert(sim: Running, module: str, *records: dict[str, Any]) -> requests.Response:
    return ask(sim, "POST", f"/v8/{module}", json={"data": list(records)})


def first(sim: Running, module: str) -> dict[str, Any]:
    record: dict[str, Any] = sim.state(object=module, limit=1)["live"][0]
    return record


def codes(answer: requests.Response, key: str = "data") -> list[str]:
    return [item["code"] for item in answer.json()[key]]
