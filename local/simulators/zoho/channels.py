"""Notification channels: what somebody wants to hear of, where, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from local.simulators.zoho.org import Org

OPERATIONS = ("create", "edit", "delete")


@dataclass(slots=True)
class Channel:
    """`events` are (module, operation); `conditions` names the fields that count, for the modules that have one."""

    id: str
    org: Org
    user_id: str
    url: str
    expires: float
    events: set[tuple[str, str]] = field(default_factory=set)
    token: str | None = None
    related: bool = True
    with_values: bool = False
    conditions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def modules(self) -> list[str]:
        return list(dict.fromkeys(module for module, _ in sorted(self.events)))

    def wants(self, module: str, operation: str, changed: Iterable[str]) -> bool:
        if (module, operation) not in self.events:
            return False
        counting = self.fields_of(module)
        return operation != "edit" or not counting or bool(counting & set(changed))

    def fields_of(self, module: str) -> set[str]:
        """The fields that a condition picks out of this module; empty: every one."""
        names: set[str] = set()
        for each in self.conditions:
            if (each.get("module") or {}).get("api_name") == module:
                names |= _names(each.get("field_selection") or {})
        return names

    def wire(self, module: str, api_domain: str) -> dict[str, Any]:
        return {
            "notify_on_related_action": self.related,
            "channel_expiry": self.org.moment(int(self.expires) * 1000),
            "return_affected_field_values": self.with_values,
            "resource_uri": f"{api_domain}/crm/v8/{module}",
            "resource_id": self.org.modules[module].id,
            "notify_url": self.url,
            "resource_name": module,
            "fields": None,
            "notification_condition": self.conditions or None,
            "channel_id": self.id,
            "events": [f"{module}.{each}" for each in OPERATIONS if (module, each) in self.events],
            "token": self.token,
        }


def _names(selection: dict[str, Any]) -> set[str]:
    """One field, or a group of them."""
    names = {str(selection["field"].get("api_name"))} if selection.get("field") else set()
    for each in selection.get("group") or []:
        names |= _names(each)
    return names
