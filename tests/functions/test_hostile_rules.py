"""Whatever is sent as a rule is taken or refused by name, and never breaks anything."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest
from crmbridge.services.ports import Deps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Handler = Callable[[str], ModuleType]

WORDS = st.sampled_from(
    ["on", "change", "message", "kind", "deal", "what", "updated", "fields", "amount", "type", "create_task", "subject",
     "template", "note", "connection", "links", "target", "{deal_name}", "{", "labels", "", "\x00", "x" * 300]
)  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=8,
)
TRIGGERS = st.just({"on": "change", "kind": "deal"}) | st.dictionaries(WORDS, JUNK, max_size=4)
ACTIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("create_task") | JUNK, "template": JUNK, "connection": JUNK, "fields": JUNK,
            "custom_fields": JUNK, "target": JUNK, "links": JUNK,
        },
    ),
    min_size=1,
    max_size=2,
)  # fmt: skip
RULES = st.fixed_dictionaries(
    {"name": st.just("r"), "trigger": TRIGGERS, "actions": ACTIONS},
    optional={"condition": st.dictionaries(WORDS, JUNK, max_size=3), "time_zone": WORDS, "currency": WORDS},
)


@given(body=RULES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rule_is_taken_or_refused_by_name(
    deps: Deps, handler: Handler, event: Callable[[str, str], Any], context: Any, body: Any
) -> None:
    asked = {**event("rules", "create"), "body": json.dumps(body)}

    answered = handler("rules").answer(deps, asked, context)

    said = orjson.loads(answered["body"])
    assert answered["statusCode"] in (201, 400, 409, 422), said
    assert answered["statusCode"] != 400 or all(each["field"] for each in said["errors"])


@pytest.mark.parametrize("depth", [400, 1000])
def test_what_is_nested_too_deep_to_be_written_again_is_refused(
    deps: Deps, handler: Handler, event: Callable[[str, str], Any], context: Any, depth: int
) -> None:
    asked = event("rules", "create")
    body = orjson.loads(asked["body"])
    body["actions"][0]["custom_fields"] = {"x": "deep"}
    text = json.dumps(body).replace('"deep"', "[" * depth + "]" * depth)

    answered = handler("rules").answer(deps, {**asked, "body": text}, context)

    assert answered["statusCode"] == 400
    assert [each["field"] for each in orjson.loads(answered["body"])["errors"]] == ["body"]


@pytest.mark.parametrize("links", [[{"object": "deals"}], "all", [{"object": "deals", "external_id": 1}]])
def test_links_that_name_no_records_are_refused(
    deps: Deps, handler: Handler, event: Callable[[str, str], Any], context: Any, links: Any
) -> None:
    asked = event("rules", "create")
    body = orjson.loads(asked["body"])
    body["actions"][0]["links"] = links

    answered = handler("rules").answer(deps, {**asked, "body": json.dumps(body)}, context)

    assert [each["field"] for each in orjson.loads(answered["body"])["errors"]] == ["actions[0].links"]
