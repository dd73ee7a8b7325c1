"""Trouble on request: rules that make chosen requests fail, stall, or be carried out behind the client's back."""

import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Kind = Literal["status", "delay", "commit_then_timeout", "commit_late", "rate_limit", "token_revoked", "token_expired"]
Body = Literal["json", "html", "empty", "half", "reset", "hang"]


class BadRule(ValueError):
    """The rule names a kind, a body or a field that does not exist, or holds a broken pattern."""


@dataclass(slots=True)
class Rule:
    """One kind of trouble.

    `status` answers without doing anything. `commit_then_timeout` does it, then answers as `body` says (default:
    never), or in earnest but `late_ms` late. `commit_late` answers as `body` says now and does it `late_ms` later.
    `rate_limit` and `token_*` speak the platform's own dialect. `delay_ms` comes first. `content` is the JSON to answer
    with. `times` None means for ever; `skip` lets the first matches pass.
    """

    kind: Kind = "status"
    method: str | None = None
    path: str = ""
    contains: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    status: int = 503
    body: Body | None = None
    content: Any = None
    delay_ms: int = 0
    late_ms: int = 0
    policy: str | None = None
    retry_after: int | None = None
    hits: int = 0

    def fits(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.times != 0
            and (self.method is None or self.method.upper() == method)
            and re.search(self.path, path) is not None
            and (self.contains is None or self.contains.encode() in body)
        )


def rule_from(spec: Mapping[str, Any]) -> Rule:
    unknown = set(spec) - {field.name for field in fields(Rule)} | ({"hits"} & set(spec))
    if unknown:
        raise BadRule(f"unknown field in a fault rule: {', '.join(sorted(unknown))}")
    rule = Rule(**spec)
    if rule.kind not in get_args(Kind):
        raise BadRule(f"kind must be one of {', '.join(get_args(Kind))}")
    if rule.body is not None and rule.body not in get_args(Body):
        raise BadRule(f"body must be one of {', '.join(get_args(Body))}")
    try:
        re.compile(rule.path)
    except re.error as broken:
        raise BadRule(f"path is not a regular expression: {broken}") from broken
    return rule


class Faults:
    def __init__(self, seed: int) -> None:
        self._rules: list[Rule] = []
        self._random = random.Random(seed)

    def add(self, rules: list[Rule]) -> None:
        self._rules.extend(rules)

    def clear(self) -> None:
        self._rules.clear()

    def listed(self) -> list[dict[str, object]]:
        return [asdict(rule) for rule in self._rules]

    def pick(self, method: str, path: str, body: bytes) -> Rule | None:
        """The first rule that applies; it is used up by one."""
        return next((rule for rule in self._rules if rule.fits(method, path, body) and self._strikes(rule)), None)

    def _strikes(self, rule: Rule) -> bool:
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if self._random.random() >= rule.probability:
            return False
        rule.hits += 1
        if rule.times is not None:
            rule.times -= 1
        return True
