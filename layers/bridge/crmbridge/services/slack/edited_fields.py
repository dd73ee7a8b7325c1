"""The fields of a form that changes a record: those of the panel, with the options of the live schema."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from crmbridge.chat.slack.forms import MAX_VALUE, FormField
from crmbridge.domain.edits import Edits
from crmbridge.domain.records import Json
from crmbridge.domain.stored import Stored
from crmbridge.services.describe_fields import Form, describe_fields
from crmbridge.services.ports import Deps

MOST: Final = 40
"""A modal holds a hundred blocks; nobody reads as many."""
TYPES: Final[Mapping[str, str]] = {
    "text": "text", "number": "text", "textarea": "textarea", "date": "date", "select": "select",
}  # fmt: skip
"""Numbers are entered as text, and checked by us: Slack's own field refuses what some locales write."""


def edited_fields(deps: Deps, stored: Stored | None) -> list[FormField]:
    """None before a record was chosen, and while nothing is known of its schema."""
    directories = deps.connections.directories(stored.key.workspace, stored.key.connection) if stored else None
    if stored is None or directories is None:
        return []
    platform = deps.platform(deps.connections.get(stored.key.workspace, stored.key.connection).platform)
    form = Form(stored=stored, platform=platform, directories=directories, edits=Edits(), is_locked=False)
    described = [one for one in describe_fields(deps, form) if not one["read_only"] and not one["multiple"]]
    mark = sha256(str(stored.key).encode()).hexdigest()[:8]
    fields = [_field(one, mark) for one in described]
    return [one for one in fields if one.options or one.type != "select"][:MOST]


def _field(described: Mapping[str, Json], mark: str) -> FormField:
    place = "custom_fields" if described["custom"] else "fields"
    options = tuple((str(one["value"]), str(one["label"])) for one in described["options"] if _fits(str(one["value"])))
    return FormField(
        f"{place}.{described['name']}@{mark}",
        str(described["label"]),
        TYPES[described["type"]],
        value=_text(described["value"]),
        options=options,
        required=bool(described["required"]),
    )


def _fits(value: str) -> bool:
    """Slack refuses the whole form for one option that does not; Salesforce's have up to 255 characters."""
    return 0 < len(value) <= MAX_VALUE


def _text(value: Json) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
