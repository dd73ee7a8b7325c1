"""An action template of one connection, held to what its CRM could ever take."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Json
from crmbridge.domain.templates import ActionTemplate
from crmbridge.platforms.spec import Platform
from crmbridge.services.check_against_schema import check_against_schema
from crmbridge.services.check_custom_fields import check_custom_fields
from crmbridge.services.ports import Deps

WHICHEVER: Final = "*"
"""An update may be of any object that holds records of its kind."""


def hold_template(deps: Deps, template: ActionTemplate, connection: Connection) -> None:
    """What is missing a person may add, and what placeholders stand for is seen when it is used. Raises Invalid."""
    platform, type = deps.platform(connection.platform), template.action
    if type.name not in platform.actions:
        known = ", ".join(platform.actions)
        raise Invalid(Problem("type", f"is nothing that {platform.title} can do", f"one of {known}"))
    directories = deps.connections.directories(template.workspace, connection.id)
    if directories is None:
        return
    if type.creates:
        object = platform.actions[type.name].made(template.fields)
        check_against_schema(type.kind, object, directories, _said(template.fields))
    else:
        object, directories = WHICHEVER, _merged(platform, directories, template)
    said = _said(template.custom_fields)
    unsaid = template.custom_fields.keys() - said.keys()
    check_custom_fields(type.kind, object, directories, template.custom_fields, clearing=True, unsaid=unsaid)


def _merged(platform: Platform, directories: Directories, template: ActionTemplate) -> Directories:
    objects = [name for name, spec in platform.objects.items() if template.action.kind in spec.kinds]
    fields = {key: field for name in objects for key, field in directories.fields.get(name, {}).items()}
    return replace(directories, fields={WHICHEVER: fields})


def _said(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without those in which a brace may stand for something; nothing stands in an object."""
    return {name: value for name, value in fields.items() if isinstance(value, Mapping) or "{" not in str(value)}
