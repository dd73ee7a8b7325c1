"""What a rule asks for, filled from the record and the message: the body of an action's request."""

from collections.abc import Mapping
from dataclasses import replace

from crmbridge.domain.connections import Caller
from crmbridge.domain.occasions import Occasion
from crmbridge.domain.records import NEVER, Json
from crmbridge.domain.templates import ActionTemplate
from crmbridge.services.manage_templates import read_template
from crmbridge.services.ports import Deps
from crmbridge.services.use_template import Use, fill


def draft_body(deps: Deps, caller: Caller, wish: Mapping[str, Json], occasion: Occasion) -> Mapping[str, Json]:
    """As `POST /v1/actions` takes it. Raises what filling a template raises."""
    change, message = occasion.change, occasion.message
    key = change.key if change else None
    about = {"connection": key.connection, "object": key.object, "external_id": key.external_id} if key else None
    use = Use(
        record=about,
        connection=wish.get("connection") or "",
        chat=message.chat if message else "",
        message=message.id if message else "",
        said=message.words if message else {},
        target=wish.get("target"),
        links=wish.get("links"),
    )
    return fill(deps, caller, template_of(deps, caller, wish), use)


def template_of(deps: Deps, caller: Caller, wish: Mapping[str, Json]) -> ActionTemplate:
    """The one that is named, with what the wish says of its fields instead; a request for an action is a template that
    nobody keeps. Raises NotFound."""
    fields, custom_fields = wish.get("fields") or {}, wish.get("custom_fields") or {}
    if "template" in wish:
        kept = read_template(deps, caller, wish["template"])
        return replace(kept, fields={**kept.fields, **fields}, custom_fields={**kept.custom_fields, **custom_fields})
    return ActionTemplate(
        id="",
        workspace=caller.workspace,
        name=wish["type"],
        type=wish["type"],
        fields=fields,
        custom_fields=custom_fields,
        created_at=NEVER,
    )
