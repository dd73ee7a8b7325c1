"""`/crm link`: what a channel is about, chosen by name, by e-mail, or by the record's address in its CRM."""

from collections.abc import Mapping
from typing import Final

from crmbridge.chat.slack.blocks import Block, cut, escaped, section
from crmbridge.chat.slack.cards import choice
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.records import Json, name_of
from crmbridge.domain.stored import Stored
from crmbridge.services.link_chat import PanelWish, set_panel, unlink_chat
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import show_records
from crmbridge.services.slack.find_records import LONGEST, find_records, referred_record
from crmbridge.services.slack.unfurl_links import record_at

MOST: Final = 5
Asked = Mapping[str, Json]
Answer = tuple[str, list[Block]]


def link(deps: Deps, caller: Caller, asked: Asked) -> Answer:
    """One record that fits is linked; of several the person chooses with a button, which comes back here."""
    channel = str(asked.get("channel") or "")
    if not channel:
        raise Invalid(Problem("channel", "there is no channel here to link"))
    found = _meant(deps, caller, asked)
    if not found:
        text = cut(str(asked.get("text")), LONGEST)
        said = "has this address" if "://" in text else f"begins with “{text}”"
        raise NotFound(f"no record here {said}; it may not be synced yet")
    if len(found) > 1:
        said = "Which one is this channel about?"
        return said, [section(said), *(block for one in show_records(deps, found) for block in choice(one))]
    set_panel(deps, caller, channel, PanelWish(record=found[0].key))
    said = (
        f"This channel is about *{escaped(name_of(found[0].record))}* now. `/crm link` shows it to everybody who asks."
    )
    return said, [section(said)]


def unlink(deps: Deps, caller: Caller, asked: Asked) -> Answer:
    unlink_chat(deps, caller, str(asked.get("channel") or ""))
    said = "This channel is about nothing any more."
    return said, [section(said)]


def _meant(deps: Deps, caller: Caller, asked: Asked) -> list[Stored]:
    chosen, text = str(asked.get("action") or ""), str(asked.get("text") or "").strip("<>")
    if not chosen and (key := record_at(deps, caller.workspace, text.partition("|")[0])):
        chosen = str(key)
    if chosen:
        record = referred_record(deps, caller.workspace, chosen)
        return [record] if record else []
    return find_records(deps, caller.workspace, text, limit=MOST)
