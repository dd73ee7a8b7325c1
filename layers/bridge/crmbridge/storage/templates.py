"""Action templates of a workspace."""

from collections.abc import Sequence
from dataclasses import replace

from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.templates import ActionTemplate
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.items import NEW, Items, Key, When, equals, query_all


class TemplateStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, workspace: str, id: str) -> ActionTemplate:
        row = self._items.get(*_key(workspace, id))
        if row is None:
            raise NotFound("there is no such action template")
        return from_json(ActionTemplate, row["template"])

    def list(self, workspace: str) -> Sequence[ActionTemplate]:
        return [from_json(ActionTemplate, row["template"]) for row in query_all(self._items, _key(workspace, "")[0])]

    def add(self, template: ActionTemplate) -> None:
        if not self._put(template, NEW):
            raise Clash("there is an action template with this id")

    def save(self, template: ActionTemplate) -> ActionTemplate:
        saved = replace(template, version=template.version + 1)
        if not self._put(saved, equals("version", template.version)):
            raise Stale("the action template was changed meanwhile")
        return saved

    def delete(self, workspace: str, id: str) -> None:
        self._items.delete(*_key(workspace, id))

    def _put(self, template: ActionTemplate, when: When) -> bool:
        pk, sk = _key(template.workspace, template.id)
        return self._items.put({"pk": pk, "sk": sk, "template": to_json(template), "version": template.version}, when)


def _key(workspace: str, id: str) -> Key:
    return f"{workspace}#templates", f"template#{id}"
