"""What a channel is about, in a window: the record, what is related, and what was done from here."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.chat.slack.blocks import Block, escaped, lines, link, section, small
from crmbridge.chat.slack.cards import KINDS, private_card
from crmbridge.chat.slack.forms import shown
from crmbridge.chat.slack.receipts import receipt_card
from crmbridge.chat.slack.requests import PANEL
from crmbridge.domain.connections import Caller
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.read_panel import read_panel
from crmbridge.services.slack.show_card import crm_of

RECENT: Final = 5
RELATED: Final = 5
"""Of each kind."""
NOTHING: Final = "This channel is about nothing yet: `/crm link` with a name, an e-mail or a record's address links it."


def show_panel(deps: Deps, caller: Caller, context: Mapping[str, Any]) -> dict[str, Json]:
    """The window as it is filled; for a member, with what members see."""
    panel = read_panel(deps, caller, str(context.get("channel") or ""))
    recent = [block for one in panel["recent_actions"][:RECENT] for block in receipt_card(one, crm_of(deps, one))]
    done = [section("*Done from here*"), *recent] if recent else []
    return shown(PANEL, context, [*_record(panel), *_related(panel), *done])


def _record(panel: Mapping[str, Json]) -> list[Block]:
    if panel["record"] is None:
        return [section(str(panel["notice"]) or NOTHING)]
    late = (panel["freshness"] or {}).get("why")
    return [*private_card(panel["record"]), *([small(f":warning: {escaped(late)}")] if late else [])]


def _related(panel: Mapping[str, Json]) -> list[Block]:
    named = [
        f"• {link(str(one.get('url') or ''), str(one.get('name') or one['external_id']))} ({KINDS[one['kind']]})"
        for near in panel["related"]
        for one in near["items"][:RELATED]
    ]
    return [section(lines("*Related*", *named))] if named else []
