"""Action templates in the API: kept by admins, filled and used by everybody."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.templates import WORDS
from crmbridge.entry.actions import ActionShown, IdempotencyKey, TargetShown, followed
from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import MAX_ID, Given, RecordGiven, Shown, Text
from crmbridge.services import manage_templates, use_template
from crmbridge.services.use_template import SAID, Use

router = new_router()
TAGS = ["Action templates"]

PLACEHOLDERS = (
    "Texts may hold placeholders: "
    + ", ".join(f"`{{{word}}}`" for word in WORDS)
    + "; `{today}`, `{due + 2 days}`, `{due + 3 working days}`, `{now + 1 hour}`. `{contact_name | the customer}` says"
    " what stands in; `{{` is a brace."
)
Name = Annotated[str, Field(min_length=1, max_length=manage_templates.MAX_NAME)]
Type = Annotated[Text, Field(description=f"One of {', '.join(ACTION_TYPES)}")]
Fields = Annotated[dict[str, Any], Field(max_length=200, description=PLACEHOLDERS)]
Connection = Annotated[
    str, Field(max_length=MAX_ID, description="Where to write, whatever the chat is about; empty: where its record is")
]
Said = Annotated[str, Field(max_length=20_000)]


class TemplateGiven(Given):
    name: Name
    type: Type
    fields: Fields = Field(default_factory=dict)
    custom_fields: Fields = Field(default_factory=dict)
    connection: Connection = ""


class TemplateChanges(Given):
    """Only what is given changes."""

    name: Name = ""
    type: Type = ""
    fields: Fields = Field(default_factory=dict)
    custom_fields: Fields = Field(default_factory=dict)
    connection: Connection = ""


class TemplateShown(Shown):
    """`built_in`: every workspace has it, and nobody edits it."""

    id: str
    name: str
    type: str
    fields: dict[str, Any]
    custom_fields: dict[str, Any]
    connection: str
    built_in: bool


class TemplateList(Shown):
    items: list[TemplateShown]


class UseGiven(Given):
    """`record`: what the chat is about, unless it is linked to it already. `fields` and `custom_fields` of a person win
    over the template's."""

    record: RecordGiven | None = None
    connection: Annotated[str, Field(max_length=MAX_ID)] = ""
    chat: Annotated[str, Field(max_length=MAX_ID)] = ""
    message: Annotated[str, Field(max_length=MAX_ID, description="The id of the message it came from")] = ""
    message_text: Said = ""
    message_author: Said = ""
    message_url: Said = ""
    chat_name: Said = ""
    fields: dict[str, Any] = Field(default_factory=dict, max_length=200)
    custom_fields: dict[str, Any] = Field(default_factory=dict, max_length=200)


class Filled(Shown):
    """What `POST /v1/actions` takes."""

    type: str
    connection: str
    fields: dict[str, Any]
    custom_fields: dict[str, Any]
    chat: str
    message: str
    target: TargetShown | None = None
    links: list[TargetShown] = Field(default_factory=list)


@router.get("/v1/action-templates", summary="List action templates", tags=TAGS)
def list_templates(ask: Ask) -> TemplateList:
    found = manage_templates.list_templates(ask.deps, ask.caller)
    return TemplateList(items=[TemplateShown.model_validate(each) for each in found])


@router.post("/v1/action-templates", summary="Make an action template", tags=TAGS, status_code=201)
def create_template(ask: Ask, template: TemplateGiven) -> TemplateShown:
    made = manage_templates.create_template(ask.deps, ask.caller, template.model_dump())
    return TemplateShown.model_validate(made)


@router.get("/v1/action-templates/<id>", summary="Read an action template", tags=TAGS)
def read_template(ask: Ask, id: str) -> TemplateShown:
    return TemplateShown.model_validate(manage_templates.read_template(ask.deps, ask.caller, id))


@router.patch("/v1/action-templates/<id>", summary="Change an action template", tags=TAGS)
def edit_template(ask: Ask, id: str, changes: TemplateChanges) -> TemplateShown:
    given = changes.model_dump(exclude_unset=True)
    return TemplateShown.model_validate(manage_templates.edit_template(ask.deps, ask.caller, id, given))


@router.delete("/v1/action-templates/<id>", summary="Delete an action template", tags=TAGS, status_code=204)
def delete_template(ask: Ask, id: str) -> None:
    manage_templates.delete_template(ask.deps, ask.caller, id)


@router.post("/v1/action-templates/<id>/preview", summary="Fill an action template", tags=TAGS)
def fill_template(ask: Ask, id: str, use: UseGiven) -> Filled:
    """For a form: what would be asked for. Nothing is."""
    return Filled.model_validate(use_template.fill_template(ask.deps, ask.caller, id, _use(use)))


@router.post("/v1/action-templates/<id>/actions", summary="Use an action template", tags=TAGS, status_code=202)
def ask_by_template(ask: Ask, id: str, use: UseGiven, key: IdempotencyKey) -> Response[ActionShown]:
    """Answers at once with where to follow the action; a repeated key answers with the action there is."""
    asked = use.model_dump(exclude_unset=True)
    return followed(use_template.use_template(ask.deps, ask.caller, id, _use(use), asked, key))


def _use(given: UseGiven) -> Use:
    parts = given.model_dump()
    return Use(said={name: parts.pop(name) for name in SAID}, **parts)
