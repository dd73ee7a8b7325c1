"""What people and CRMs wrote, in Slack's blocks: no mention, no foreign link, never too long."""

import pytest
from crmbridge.chat.slack.blocks import cut, link, option, plain, section, small
from crmbridge.chat.slack.forms import FormField, form


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        ("https://crm.test/1", "Renewal", "<https://crm.test/1|Renewal>"),
        ("https://crm.test/1", "a|b>c<!channel>", "<https://crm.test/1|a/b&gt;c&lt;!channel&gt;>"),
        ("https://crm.test/1|x>", "R", "<https://crm.test/1%7Cx&gt;|R>"),
        ("", "A & B", "*A &amp; B*"),
    ],
)
def test_a_link_leads_where_we_say(url: str, text: str, shown: str) -> None:
    assert link(url, text) == shown


def test_slack_makes_nothing_of_what_looks_like_a_mention() -> None:
    shown = [section("@here www.evil.test")["text"], *small("#general")["elements"]]

    assert [text["verbatim"] for text in shown] == [True, True]


def test_what_is_too_long_is_cut_and_what_is_empty_is_a_dash() -> None:
    assert (cut("abcdef", 4), plain("")["text"]) == ("abc…", "-")
    assert len(option("x" * 200, "v")["text"]["text"]) == 75
    assert len(section("x" * 9000)["text"]["text"]) == 3000


def test_no_link_is_cut_in_its_middle() -> None:
    listed = "\n".join(link(f"https://crm.test/{number}", "x" * 100) for number in range(90))

    shown = section(listed)["text"]["text"]

    assert len(shown) <= 3000
    assert shown.endswith("x>")


def test_odd_values_do_not_break_a_form() -> None:
    fields = [
        FormField("fields.close_date", "Day", "date", value="next year"),
        FormField("fields.due_at", "Moment", "date", value="2026-05-04T08:00:00Z"),
        FormField("fields.stage", "Stage", "select", value="gone", options=(("s1", ""),)),
        FormField("fields.body", "Text", "textarea", value="x" * 9000),
    ]

    elements = [block["element"] for block in form("create_task", {}, fields)["blocks"]]

    assert "initial_date" not in elements[0]
    assert elements[1]["initial_date"] == "2026-05-04"
    assert "initial_option" not in elements[2]
    assert len(elements[3]["initial_value"]) == 3000
