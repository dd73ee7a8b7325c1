"""The simulators there are. A new one is a sibling package with `Options`, a dataclass, and `build(options)`."""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from local.simulators.simulator import Simulator

PACKAGES = {
    "hubspot": "local.simulators.hubspot",
    "salesforce": "local.simulators.salesforce",
    "pipedrive": "local.simulators.pipedrive",
    "zoho": "local.simulators.zoho",
    "chat": "local.simulators.chat",
    "slack": "local.simulators.slack",
}


def options_of(platform: str) -> Any:
    return import_module(PACKAGES[platform]).Options


def build(platform: str, wishes: Mapping[str, Any]) -> Simulator:
    package = import_module(PACKAGES[platform])
    known = {field.name for field in fields(package.Options)}
    unknown = set(wishes) - known
    if unknown:
        raise TypeError(f"{platform} has no option {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
    simulator: Simulator = package.build(package.Options(**wishes))
    return simulator
