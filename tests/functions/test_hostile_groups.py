"""What nobody should send about smart groups is refused, each with its field and what would be valid; never a 5xx."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest
from crmbridge.domain.groups import Group
from crmbridge.domain.predicates import compile_predicate
from crmbridge.services.ports import Deps

LEAF = {"field": "deal_stage", "operator": "eq", "value": "Negotiation"}
GROUP = {"name": "Big", "channel": "C1", "rules": LEAF}
FOREIGN = "01K9QJ5V7M3C0N7WQ2H8D4B6ZZ"

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(
    deps: Deps, handler: Callable[[str], ModuleType], event: Callable[[str, str], Any], context: Any
) -> Callable[..., tuple[int, Any]]:
    """Return status and body of a request, made of a recorded one with another body, or about another group."""

    def asked(name: str, body: str | None = None, **path: str) -> tuple[int, Any]:
        given = event("groups", name)
        if body is not None:
            given["body"], given["isBase64Encoded"] = body, False
        for wanted, instead in path.items():
            given["rawPath"] = given["rawPath"].replace(given["pathParameters"][wanted], instead)
            given["pathParameters"][wanted] = instead
        answer = handler("groups").answer(deps, given, context)
        return answer["statusCode"], orjson.loads(answer["body"] or "null")

    return asked


def nested(rules: str, depth: int) -> str:
    return '{"operator":"AND","rules":[' * depth + rules + "]}" * depth


def with_rules(rules: Any) -> str:
    text = rules if isinstance(rules, str) else orjson.dumps(rules).decode()
    return orjson.dumps({**GROUP, "rules": 0}).decode().replace('"rules":0', f'"rules":{text}')


WRONG = {
    "too deep": (with_rules(nested(orjson.dumps(LEAF).decode(), 11)), "rules.rules[0].rules[0]"),
    "far too deep": (with_rules(nested("1", 20)), "rules.rules[0].rules[0]"),
    "deeper than anybody writes": (with_rules(nested("1", 400)), "body"),
    "deeper than JSON goes": (with_rules(nested("1", 3000)), "body"),
    "too many": (with_rules({"operator": "OR", "rules": [LEAF] * 201}), "rules"),
    "too many in all": (with_rules({"operator": "OR", "rules": [{"operator": "AND", "rules": [LEAF] * 101}] * 2}), ""),
    "too many values": (with_rules({**LEAF, "operator": "in", "value": ["x"] * 501}), "rules.value"),
    "a long value": (with_rules({**LEAF, "value": "x" * 1001}), "rules.value"),
    "too large": (with_rules({**LEAF, "operator": "in", "value": ["x" * 500] * 250}), "rules"),
    "a long field": (with_rules({**LEAF, "field": "custom_fields." + "x" * 200}), "rules.field"),
    "a misspelt key": (with_rules({"operator": "AND", "rules": [{**LEAF, "mach": "all"}]}), "rules.rules[0].mach"),
    "days without end": (
        with_rules({"field": "deal_close_date", "operator": "within_last_days", "value": "1e99999999"}), "rules.value",
    ),
    "a number too long": (with_rules('{"field":"deal_amount","operator":"gt","value":' + "9" * 5000 + "}"), ""),
    "not a number": (with_rules('{"field":"deal_amount","operator":"gt","value":NaN}'), "body"),
    "half a letter": (with_rules('{"field":"deal_stage","operator":"eq","value":"\\ud800"}'), "body"),
    "a list": (with_rules("[]"), "rules"),
    "a group inside": (with_rules({"group": FOREIGN}), "rules"),
    "no JSON": ("{", "body"),
    "not an object": ("[]", "body"),
    "a long name": (orjson.dumps({**GROUP, "name": "x" * 201}).decode(), "name"),
    "a channel that is none": (orjson.dumps({**GROUP, "channel": ["C1"]}).decode(), "channel"),
    "foreign connections": (orjson.dumps({**GROUP, "connections": [FOREIGN]}).decode(), "connections"),
    "many connections": (orjson.dumps({**GROUP, "connections": [FOREIGN] * 101}).decode(), "connections"),
    "an unknown setting": (orjson.dumps({**GROUP, "epoch": 5}).decode(), "epoch"),
    "a workspace": (orjson.dumps({**GROUP, "workspace": "other"}).decode(), "workspace"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["create", "preview"])
@pytest.mark.parametrize(("body", "field"), WRONG.values(), ids=WRONG)
def test_it_is_refused_with_its_field(ask: Ask, name: str, body: str, field: str) -> None:
    status, problem = ask(name, body if name == "create" else body.replace('"name":"Big","channel":"C1",', ""))

    assert status == 400, problem
    assert any(each["field"].startswith(field) for each in problem["errors"]), problem
    assert all(each["message"] for each in problem["errors"])


def test_the_body_of_a_group_can_be_previewed(ask: Ask) -> None:
    settings = {"paused": True, "hold_people": 5, "hold_percent": 10, "owns_channel": False, "members": "both"}

    status, seen = ask("preview", orjson.dumps({**GROUP, **settings}).decode())

    assert (status, seen["join"]["count"]) == (200, 0), seen


def test_a_body_without_end_is_refused(ask: Ask) -> None:
    status, problem = ask("create", orjson.dumps({**GROUP, "name": "x" * 300_000}).decode())

    assert (status, problem["next_step"]) == (413, "send less at once; a body may have 256 KB")


def test_what_was_accepted_can_be_read_by_a_worker(ask: Ask, deps: Deps) -> None:
    values = ["Ä" * 80] * 190
    status, made = ask("create", with_rules({**LEAF, "operator": "in", "value": values}))

    assert status == 201, made
    assert compile_predicate(orjson.dumps(deps.groups.get("acme", made["id"]).rules))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("read", "id"), ("edit", "id"), ("delete", "id"), ("members", "id"), ("sync", "id"), ("why", "id"),
        ("pin", "id"), ("exclude", "id"), ("history", "id"), ("approve_removals", "id"), ("reject_removals", "id"),
    ],
)  # fmt: skip
def test_a_foreign_group_looks_like_an_unknown_one(ask: Ask, deps: Deps, name: str, part: str) -> None:
    foreign = Group(id=FOREIGN, workspace="other", name="Theirs", channel="C9", rules=LEAF, created_at=deps.now())
    before = ask(name, **{part: FOREIGN})
    deps.groups.add(foreign, 10)

    after = ask(name, **{part: FOREIGN})

    assert (before[0], after[0]) == (404, 404)
    assert before[1]["detail"] == after[1]["detail"]


def test_a_person_of_no_group_is_unknown(ask: Ask) -> None:
    status, problem = ask("why", person="nobody%40client.example")

    assert status == 404, problem
