"""Action templates: what placeholders may say, how they are filled, and what is refused when one is saved."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.errors import Invalid
from crmbridge.domain.records import Kind
from crmbridge.domain.templates import BUILT_IN, ONE_LINE, WORDS, check_template, fill_fields
from hypothesis import given
from hypothesis import strategies as some

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TASK = ACTION_TYPES["create_task"]


def fill(text: Any, words: Mapping[str, str] | None = None, *, now: datetime = FRIDAY, name: str = "body") -> Any:
    return fill_fields({name: text}, words or {}, now, kind=Kind.TASK, path="fields").get(name)


def refusal(text: Any, words: Mapping[str, str] | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        fill(text, words)
    (problem,) = caught.value.problems
    return f"{problem.field}: {problem.message}; {problem.fix}"


def test_words_are_put_where_they_are_named() -> None:
    words = {"contact_name": "Grace Hopper", "deal_name": "Renewal"}

    assert fill("Call {contact_name} about {deal_name}", words) == "Call Grace Hopper about Renewal"


def test_what_a_word_says_is_not_read_as_a_placeholder() -> None:
    assert fill("{message_text}", {"message_text": "{contact_name} {{ }"}) == "{contact_name} {{ }"


def test_doubled_braces_are_braces() -> None:
    assert fill("{{contact_name}}") == "{contact_name}"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{today}", "2026-11-20"),
        ("{due}", "2026-11-20"),
        ("{due + 2 days}", "2026-11-22"),
        ("{due+1 day}", "2026-11-21"),
        ("{today - 1 week}", "2026-11-13"),
        ("{due + 1 working day}", "2026-11-23"),
        ("{due + 6 working days}", "2026-11-30"),
        ("{today - 1 working day}", "2026-11-19"),
        ("{now}", "2026-11-20T09:30:00.000000Z"),
        ("{now + 90 minutes}", "2026-11-20T11:00:00.000000Z"),
        ("{now + 2 hours}", "2026-11-20T11:30:00.000000Z"),
        ("{now + 1 week}", "2026-11-27T09:30:00.000000Z"),
    ],
)
def test_moments_are_counted_from_when_the_template_is_used(said: str, meant: str) -> None:
    assert fill(said) == meant


def test_a_day_is_that_of_the_time_zone_and_a_time_of_day_stays_when_clocks_change() -> None:
    evening = datetime(2026, 10, 24, 23, 30, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))

    assert fill("{today}", now=evening) == "2026-10-25"
    assert fill("{now + 1 day}", now=evening) == "2026-10-26T00:30:00.000000Z"


def test_what_nobody_knows_is_said_with_the_words_that_stand_in() -> None:
    assert fill("Call {contact_name | the customer}") == "Call the customer"
    assert fill("{contact_name | a: b! | c}") == "a: b! | c"


def test_a_field_of_which_nothing_is_left_is_left_out() -> None:
    assert fill_fields({"body": "{message_text | } "}, {}, FRIDAY, kind=Kind.TASK, path="fields") == {}


def test_a_subject_is_one_line_and_a_body_as_long_as_it_is() -> None:
    message = {"message_text": "One\nTwo  three\n" + "word " * 100}

    subject, body = fill("{message_text}", message, name="subject"), fill("{message_text}", message)

    assert subject.startswith("One Two three word")
    assert len(subject) <= ONE_LINE
    assert subject.endswith("…")
    assert body == message["message_text"].strip()


@pytest.mark.parametrize("text", ["再" * 300, "https://acme.example/" + "x" * 300, "See " + "x" * 300])
def test_a_subject_without_spaces_is_cut_and_not_lost(text: str) -> None:
    subject = fill("{message_text}", {"message_text": text}, name="subject")

    assert subject == text[: ONE_LINE - 1] + "…"


def test_texts_inside_lists_are_filled_and_other_values_stay() -> None:
    emails = [{"value": "{contact_email}", "primary": True}, 7, None]

    assert fill(emails, {"contact_email": "a@b.example"}) == [{"value": "a@b.example", "primary": True}, 7, None]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{contct_name}", "did you mean {contact_name}?"),
        ("{}", "is no placeholder"),
        ("{0}", "is no placeholder"),
        ("{contact_name.__class__}", "is no placeholder"),
        ("{contact_name!r}", "is no placeholder"),
        ("{contact_name:>1000000000}", "is no placeholder"),
        ("{due + 2 parsecs}", "is no placeholder"),
        ("{due + 2 hours}", "a day has no time"),
        ("{due + 9999 weeks}{today - 9999 weeks}{now - 9999 weeks}{due - 9999 weeks", "brace"),
        ("{contact_name", "brace"),
        ("contact_name}", "brace"),
        ("{contact_name}", "link the chat to a record"),
    ],
)
def test_a_wrong_placeholder_is_refused_by_the_name_of_its_field(text: str, told: str) -> None:
    said = refusal(text)

    assert said.startswith("fields.body")
    assert told in said


def test_a_day_that_no_calendar_has_is_refused() -> None:
    late = datetime(9999, 12, 30, tzinfo=UTC)

    with pytest.raises(Invalid, match="too far away"):
        fill("{due + 2 days}", now=late)


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        fill_fields({"subject": "{a}", "body": "{b}"}, {}, FRIDAY, kind=Kind.TASK, path="fields")

    assert [problem.field for problem in caught.value.problems] == ["fields.subject", "fields.body"]


@given(some.text())
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        filled = fill(text, WORDS)
    except Invalid as refused:
        filled = refused.problems[0].field

    assert filled is None or isinstance(filled, str)


@pytest.mark.parametrize("template", BUILT_IN.values(), ids=list(BUILT_IN))
def test_built_in_templates_are_right_and_need_no_more_than_a_message(template: Any) -> None:
    check_template(template.action, template.fields, template.custom_fields)

    filled = fill_fields(template.fields, {"message_text": "Hello"}, FRIDAY, kind=template.action.kind, path="fields")

    assert "Hello" in str(filled)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"subjekt": "x"}, "fields.subjekt"),
        ({"due_at": "{contact_name}"}, "fields.due_at"),
        ({"due_at": "next week"}, "fields.due_at"),
        ({"subject": "{contct_name}"}, "fields.subject"),
    ],
)
def test_a_template_that_could_never_be_used_is_not_saved(fields: Mapping[str, Any], path: str) -> None:
    with pytest.raises(Invalid, match=path):
        check_template(TASK, fields, {})


def test_a_template_that_would_be_filled_with_megabytes_is_not_saved() -> None:
    with pytest.raises(Invalid, match="fields"):
        check_template(TASK, {"body": "{message_text}" * 2_000}, {})


def test_placeholders_fit_where_what_they_say_fits() -> None:
    deal = ACTION_TYPES["update_deal"]

    check_template(TASK, {"due_at": "{now + 3 hours}", "owner_id": "{me}"}, {"x": "{contact_email}"})
    check_template(deal, {"close_date": "{due + 30 days}", "amount": "{deal_amount}"}, {})


def test_a_type_decides_its_own_fields() -> None:
    with pytest.raises(Invalid, match=r"fields\.type"):
        check_template(ACTION_TYPES["log_call"], {"type": "meeting", "subject": "x"}, {})
