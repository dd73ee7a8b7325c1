"""Rules of a workspace and, beside them, their list: how many there are, what they listen to, and a version."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.rules import On, Rule
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.items import Item, Items, Key
from crmbridge.storage.listed import add_entry, delete_entry, entries, list_row, save_entry, version_of

_HEARS = "hears#"
"""Of how many rules each thing is heard: counted in the list's own row."""


class RuleStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, workspace: str, id: str) -> Rule:
        row = self._items.get(*_key(workspace, id))
        if row is None:
            raise NotFound("there is no such rule")
        return from_json(Rule, row["rule"])

    def version(self, workspace: str) -> int:
        return version_of(self._items, _rules(workspace))

    def listening(self, workspace: str) -> Collection[str]:
        row = list_row(self._items, _rules(workspace))
        return frozenset(name.removeprefix(_HEARS) for name in row if name.startswith(_HEARS) and row[name] > 0)

    def snapshot(self, workspace: str) -> tuple[int, Sequence[Rule]]:
        version, rows = entries(self._items, _rules(workspace))
        return version, [from_json(Rule, row["rule"]) for row in rows]

    def add(self, rule: Rule, cap: int) -> None:
        refused = add_entry(self._items, _item(rule), cap, _counts(rule))
        if refused == "full":
            raise Clash(f"this workspace has {cap} rules, as many as it may have: delete one first")
        if refused:
            raise Clash("there is a rule with this id")

    def save(self, rule: Rule) -> Rule:
        saved = replace(rule, version=rule.version + 1)
        if not save_entry(self._items, _item(saved), rule.version):
            raise Stale("the rule was changed meanwhile")
        return saved

    def delete(self, rule: Rule) -> None:
        delete_entry(self._items, _key(rule.workspace, rule.id), _counts(rule))


def _rules(workspace: str) -> str:
    return f"{workspace}#rules"


def _key(workspace: str, id: str) -> Key:
    return _rules(workspace), f"rule#{id}"


def _item(rule: Rule) -> Item:
    pk, sk = _key(rule.workspace, rule.id)
    return {"pk": pk, "sk": sk, "rule": to_json(rule), "version": rule.version}


def _counts(rule: Rule) -> dict[str, int]:
    heard = On.MESSAGE.value if rule.trigger.on is On.MESSAGE else rule.trigger.kind.value
    return {_HEARS + heard: 1}
