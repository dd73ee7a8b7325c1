"""Sidepanels in the API: the panel beside a chat, about one record of a CRM."""

from datetime import datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from crmbridge.domain.records import Kind, RecordKey
from crmbridge.entry.actions import ActionShown, shown
from crmbridge.entry.http import Ask, Asked, new_router
from crmbridge.entry.models import MAX_ID, Given, RecordGiven, Shown
from crmbridge.entry.records import EditShown, RecordShown
from crmbridge.services import link_chat, read_panel, suggest_records

router = new_router()
TAGS = ["Sidepanels"]

Chat = Annotated[str, Path(min_length=1, max_length=MAX_ID, description="As the chat app calls it")]
Email = Annotated[str, Field(min_length=3, max_length=320)]


class PanelGiven(Given):
    """`record` links the chat, for everybody; `open` and `position` are the caller's own. What is absent stays."""

    record: RecordGiven | None = None
    open: bool | None = None
    position: Literal["right", "left", "bottom"] | None = None


class EmailsGiven(Given):
    emails: list[Email] = Field(min_length=1, max_length=suggest_records.MAX_EMAILS)


class ViewShown(Shown):
    open: bool
    position: str


class LinkedShown(Shown):
    connection: str
    object: str
    external_id: str
    linked_by: str
    linked_at: datetime


class ChoiceShown(Shown):
    value: str
    label: str


class OptionShown(ChoiceShown):
    """`stages` are those of a pipeline."""

    stages: list[ChoiceShown]


class FieldShown(Shown):
    """`value` is the CRM's as we know it, `shown` what people call it, `selected` the options it means; `pending` is on
    its way to the CRM, `refused` came to nothing a short while ago. A `custom` field goes by the CRM's own name.
    `needs` names fields that are changed together with this one; `more_options`: there are more than are listed;
    `length`: as many characters a text may have, where the CRM says so."""

    name: str
    custom: bool
    label: str
    type: Literal["text", "number", "date", "select", "textarea"]
    value: Any
    shown: str | None
    selected: list[str]
    needs: list[str]
    options: list[OptionShown]
    more_options: bool
    multiple: bool
    length: int | None
    required: bool
    read_only: bool
    pending: EditShown | None
    refused: EditShown | None


class FreshnessShown(Shown):
    """Until when we know the record to be so, and when the CRM last changed it."""

    read_at: datetime
    changed_at: datetime | None
    stale: bool
    why: str


class BriefShown(Shown):
    connection: str
    object: str
    external_id: str
    kind: Kind
    platform: str
    name: str
    url: str | None
    email: str | None
    amount: str | None
    currency: str | None
    stage_label: str | None


class NearShown(BriefShown):
    """`label` is the role of the link; `open` says it of a deal."""

    label: str
    primary: bool
    open: bool


class RelatedShown(Shown):
    """`more`: there are more than `count`, which were looked at."""

    kind: Kind
    count: int
    more: bool
    items: list[NearShown]


class QuickActionShown(Shown):
    """A request to `post`, whose `body` lacks what the person says: `fields` that are `required`, and one of `one_of`.
    One by an action template can be previewed; it lacks `words`, too, which the chat app knows (`message_text`)."""

    type: str
    label: str
    required: list[str]
    one_of: list[str]
    words: list[str]
    post: str
    body: dict[str, Any]


class PanelShown(Shown):
    """`locked` says why nothing can be written; `notice` why there is nothing to show."""

    chat: str
    view: ViewShown
    linked: LinkedShown | None
    record: RecordShown | None
    fields: list[FieldShown]
    locked: str | None
    freshness: FreshnessShown | None
    related: list[RelatedShown]
    recent_actions: list[ActionShown]
    quick_actions: list[QuickActionShown]
    notice: str


class WhyShown(Shown):
    """The participants' e-mails that led here, and the contacts they led through."""

    emails: list[str]
    through: list[str]


class SuggestionShown(BriefShown):
    """`linked`: the chat is linked to it already."""

    linked: bool
    why: WhyShown


class SuggestionsShown(Shown):
    items: list[SuggestionShown]


@router.get("/v1/chats/<chat>/sidepanel", summary="Read all that a chat's panel shows", tags=TAGS)
def read_sidepanel(ask: Ask, chat: Chat) -> PanelShown:
    """A chat that is not linked has an empty panel: which chats there are, only the chat app knows."""
    return _panel(ask, chat)


@router.put("/v1/chats/<chat>/sidepanel", summary="Link a chat to a record; set up one's own view", tags=TAGS)
def set_sidepanel(ask: Ask, chat: Chat, panel: PanelGiven) -> PanelShown:
    record = panel.record
    key = RecordKey(ask.caller.workspace, *record.model_dump().values()) if record else None
    wish = link_chat.PanelWish(record=key, open=panel.open, position=panel.position)
    link_chat.set_panel(ask.deps, ask.caller, chat, wish)
    return _panel(ask, chat)


@router.delete("/v1/chats/<chat>/sidepanel", summary="Unlink a chat", tags=TAGS, status_code=204)
def unlink_sidepanel(ask: Ask, chat: Chat) -> None:
    link_chat.unlink_chat(ask.deps, ask.caller, chat)


@router.post("/v1/chats/<chat>/sidepanel/suggestions", summary="Suggest records by participants' e-mails", tags=TAGS)
def suggest_for_sidepanel(ask: Ask, chat: Chat, people: EmailsGiven) -> SuggestionsShown:
    """Open deals first, then contacts, then companies, of all connections; `why` names the e-mails."""
    found = suggest_records.suggest_records(ask.deps, ask.caller, chat, people.emails)
    return SuggestionsShown.model_validate({"items": found})


def _panel(ask: Asked, chat: str) -> PanelShown:
    found = read_panel.read_panel(ask.deps, ask.caller, chat)
    return PanelShown.model_validate({**found, "recent_actions": [shown(each) for each in found["recent_actions"]]})
