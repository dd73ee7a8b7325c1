"""Forms in Slack: opened empty, filled with what is known, checked when they are sent, one action each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Settings
from crmbridge.domain.directories import Field, Option
from crmbridge.domain.installations import SlackPerson
from crmbridge.domain.records import Kind, Type
from crmbridge.services.ports import Deps

pytestmark = pytest.mark.usefixtures("installation", "hubspot")

Do = Callable[..., Any]
MESSAGE = {"channel": {"id": "C0DEALS"}, "message": {"ts": "77.1", "text": "Ada wants an offer\nby friday"}}


def filled(slack: Any) -> dict[str, Any]:
    """Block -> its element, of the form as it was filled."""
    view = slack.called("views.update")[-1]["view"]
    return {block.get("block_id", "").partition("@")[0]: block.get("element", block) for block in view["blocks"]}


def actions(deps: Deps) -> list[Any]:
    rung = {message.body["action"] for message in deps.queues.actions.sent}  # type: ignore[attr-defined]  # a twin
    return [deps.actions.get("w1", id) for id in sorted(rung)]


def test_a_task_begins_with_the_words_of_the_command(command: Do, serve: Do, slack: Any) -> None:
    command("task Call Ada tomorrow")
    serve()

    form = filled(slack)
    assert form["fields.subject"]["initial_value"] == "Call Ada"
    assert form["fields.due_at"]["initial_date"] == "2026-05-05"


def test_tomorrow_is_the_persons_own(command: Do, serve: Do, slack: Any, deps: Deps) -> None:
    deps.installations.keep_person("w1", "UADA", SlackPerson("ada@example.test", "Pacific/Kiritimati"), deps.now())

    command("task Call Ada tomorrow")
    serve()

    assert filled(slack)["fields.due_at"]["initial_date"] == "2026-05-05"


def test_a_message_becomes_a_task_with_its_text(interact: Do, serve: Do, slack: Any) -> None:
    interact("message_action", callback_id="create_task", **MESSAGE)
    serve()

    form = filled(slack)
    assert form["fields.subject"]["initial_value"] == "Ada wants an offer"
    assert form["fields.body"]["initial_value"].endswith("by friday")


def test_a_long_message_is_cut_and_the_form_still_opens(interact: Do, slack: Any) -> None:
    long = {**MESSAGE, "message": {"ts": "77.1", "text": "é" * 30_000}}

    interact("message_action", callback_id="create_note", **long)

    assert len(slack.called("views.open")[0]["view"]["private_metadata"]) <= 3000


def test_what_is_begun_in_a_channels_window_is_of_that_channel(
    command: Do, interact: Do, serve: Do, submit: Do, deps: Deps, slack: Any, deal: str
) -> None:
    command("link")
    serve()
    window = {**slack.called("views.update")[-1]["view"], "id": "V1"}

    interact("block_actions", actions=[{"action_id": "open:create_note", "value": deal}], view=window)
    serve()
    submit(body="Talked")

    assert [action.chat for action in actions(deps)] == ["C0DEALS"]


def test_a_sent_form_is_an_action_of_that_person(command: Do, serve: Do, submit: Do, deps: Deps) -> None:
    command("task Call Ada")
    serve()

    assert submit(priority="high") is None

    (action,) = actions(deps)
    assert (action.type, action.requested_by, action.chat) == ("create_task", "UADA", "C0DEALS")
    assert action.fields == {"subject": "Call Ada", "priority": "high"}


def test_a_form_sent_twice_is_one_action_and_one_card(
    command: Do, serve: Do, submit: Do, deps: Deps, slack: Any
) -> None:
    command("task Call Ada")
    serve()

    submit()
    submit()
    serve()

    assert len(actions(deps)) == 1
    assert len(slack.called("chat.postMessage")) == 1


def test_what_is_wrong_is_shown_under_its_field(interact: Do, serve: Do, submit: Do, deps: Deps, deal: str) -> None:
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **MESSAGE)
    serve()

    answer = submit(amount="a lot")

    assert answer["response_action"] == "errors"
    ((block, said),) = answer["errors"].items()
    assert block.startswith("fields.amount@")
    assert "a number" in said
    assert actions(deps) == []


def test_a_deal_shows_what_it_is_and_sends_what_was_changed(
    interact: Do, serve: Do, submit: Do, deps: Deps, slack: Any, deal: str
) -> None:
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **MESSAGE)
    serve()
    assert [one["text"]["text"] for one in filled(slack)["fields.stage"]["options"]] == ["New", "Won"]

    submit(amount="50000")

    (action,) = actions(deps)
    assert (action.target.external_id, action.fields, action.before) == ("9", {"amount": "50000"}, {"amount": "40000"})


def test_a_deal_is_chosen_and_its_fields_come(interact: Do, serve: Do, slack: Any, deal: str) -> None:
    interact("message_action", callback_id="update_deal", **MESSAGE)
    serve()
    assert set(filled(slack)) == {"record"}

    view = {**slack.called("views.update")[-1]["view"], "id": "V1"}
    chosen = {"values": {"record": {"value": {"selected_option": {"value": deal}}}}}
    interact("block_actions", actions=[{"action_id": "value"}], view={**view, "state": chosen})
    serve()

    assert filled(slack)["fields.name"]["initial_value"] == "Renewal"


def test_what_is_emptied_is_emptied_and_what_must_not_be_is_refused(
    interact: Do, serve: Do, submit: Do, deps: Deps, deal: str
) -> None:
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **MESSAGE)
    serve()

    submit(amount="")

    (action,) = actions(deps)
    assert action.fields == {"amount": None}


def test_a_form_sent_unchanged_says_so(interact: Do, serve: Do, submit: Do, deps: Deps, deal: str) -> None:
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **MESSAGE)
    serve()

    answer = submit()

    assert "nothing to change" in answer["errors"]["record"]
    assert actions(deps) == []


def test_fields_of_another_record_stand_in_other_blocks(
    interact: Do, serve: Do, slack: Any, deal: str, put_record: Do
) -> None:
    """Slack would keep what was entered for the first one."""
    put_record("deals", "10", Kind.DEAL, name="Other", stage="s1", pipeline="default")
    for value in (deal, "c1/deals/10"):
        interact("block_actions", actions=[{"action_id": "open:update_deal", "value": value}], **MESSAGE)
    serve()

    first, second = ({block["block_id"] for block in call["view"]["blocks"]} for call in slack.called("views.update"))
    assert first & second == {"record"}


def test_fields_that_the_customer_made_are_there_with_their_options(
    interact: Do, serve: Do, submit: Do, slack: Any, deps: Deps, deal: str
) -> None:
    known = deps.connections.directories("w1", "c1")
    assert known
    region = Field("region", "Region", Type.OPTION, (Option("n", "North"), Option("s", "South")), custom=True)
    endless = Field("endless", "Endless", Type.OPTION, (Option("e" * 151, "Slack takes no such value"),), custom=True)
    fields = {"deals": {"region": region, "endless": endless}}
    deps.connections.save_directories("w1", "c1", replace(known, fields=fields))
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **MESSAGE)
    serve()
    offered = filled(slack)["custom_fields.region"]["options"]

    submit(region="s")

    (action,) = actions(deps)
    assert "custom_fields.endless" not in filled(slack)
    assert [one["text"]["text"] for one in offered] == ["North", "South"]
    assert (action.fields, action.custom_fields) == ({}, {"region": "s"})


def test_records_are_offered_by_the_beginning_of_their_names(interact: Do, serve: Do, deal: str) -> None:
    offered = interact("block_suggestion", action_id="value", block_id="record", value="Ren", view={})

    assert [(one["text"]["text"], one["value"]) for one in offered["options"]] == [("Renewal (deal)", deal)]


def test_what_slack_refuses_is_said_in_the_form_too(slack: Any, interact: Do, serve: Do, hubspot: Any) -> None:
    slack.refuses["users.info"] = "missing_scope"

    interact("message_action", callback_id="create_task", **MESSAGE)
    serve()

    assert "installs the app again" in filled(slack)[""]["text"]["text"]


@pytest.mark.usefixtures("deal")
@pytest.mark.parametrize("typed", ["", "R ", "x@" + "y" * 3000])
def test_what_names_nothing_is_offered_nothing(interact: Do, typed: str) -> None:
    assert interact("block_suggestion", value=typed, view={}) == {"options": []}


@pytest.mark.usefixtures("deal")
def test_guests_are_offered_nothing_and_told_why(slack: Any, interact: Do, serve: Do) -> None:
    slack.add("UGUEST", "guest@example.test", is_restricted=True)

    offered = interact("block_suggestion", value="Ren", view={}, user={"id": "UGUEST"})
    interact("message_action", callback_id="create_task", **MESSAGE, user={"id": "UGUEST"})
    serve()

    assert offered == {"options": []}
    assert "members of this Slack workspace" in filled(slack)[""]["text"]["text"]


def test_a_guest_cannot_send_a_form_either(slack: Any, interact: Do, deps: Deps) -> None:
    slack.add("UGUEST", "guest@example.test", is_restricted=True)
    view = {"id": "V1", "blocks": [{"type": "input", "block_id": "fields.body"}]}

    answer = interact("view_submission", view=view, user={"id": "UGUEST"})

    assert "members" in answer["errors"]["fields.body"]
    assert actions(deps) == []


def test_another_workspaces_record_is_not_there(command: Do, serve: Do, submit: Do, deps: Deps, slack: Any) -> None:
    command("task Call Ada")
    serve()

    answer = submit(record="c9/deals/9")

    assert "record" in answer["errors"]
    assert actions(deps) == []


def test_a_form_that_cannot_be_filled_says_why(command: Do, serve: Do, slack: Any, deps: Deps) -> None:
    deps.connections.delete(deps.connections.get("w1", "c1"))

    command("task Call Ada")
    serve()

    assert "an admin connects one" in filled(slack)[""]["text"]["text"]


def test_a_form_that_was_closed_is_nobodys_trouble(command: Do, serve: Do, slack: Any) -> None:
    slack.refuses["views.update"] = "not_found"

    command("task Call Ada")
    serve()

    assert len(slack.called("views.update")) == 1


def test_where_several_crms_are_connected_the_person_says_which(
    command: Do, serve: Do, submit: Do, slack: Any, deps: Deps, make_connection: Do
) -> None:
    make_connection(id="c2", platform="pipedrive", display_name="Pipes")
    make_connection(id="c3", platform="zoho", display_name="Read only", settings=Settings(direction="from_crm"))
    command("task Call Ada")
    serve()
    offered = filled(slack)["connection"]["options"]

    submit(connection="c2")

    (action,) = actions(deps)
    assert [one["text"]["text"] for one in offered] == ["Acme", "Pipes"]
    assert action.connection == "c2"


def test_a_record_says_in_which_crm(
    interact: Do, serve: Do, submit: Do, slack: Any, deps: Deps, make_connection: Do, deal: str
) -> None:
    make_connection(id="c2", platform="pipedrive", display_name="Pipes")
    interact("block_actions", actions=[{"action_id": "open:create_note", "value": deal}], **MESSAGE)
    serve()

    submit(body="Wants an offer")

    (action,) = actions(deps)
    assert "connection" not in filled(slack)
    assert (action.connection, action.message) == ("c1", "77.1")
