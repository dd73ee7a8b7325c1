"""What else slack_sdk brings along: builders of blocks and views, and a client for response URLs."""

from slack_sdk import WebClient
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    CheckboxesElement,
    ContextBlock,
    DatePickerElement,
    DividerBlock,
    ExternalDataSelectElement,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View
from slack_sdk.webhook import WebhookClient

from local.simulators import Running

OPTIONS = [Option(label="High", value="high"), Option(label="Low", value="low")]


def plain(words: str) -> PlainTextObject:
    return PlainTextObject(text=words, emoji=True)


def test_what_its_builders_build_is_a_view(slack: Running, bot: WebClient) -> None:
    inputs = [
        PlainTextInputElement(action_id="text", multiline=True, max_length=3_000),
        StaticSelectElement(action_id="select", options=OPTIONS, initial_option=OPTIONS[1]),
        DatePickerElement(action_id="day", initial_date="2026-12-01"),
        ExternalDataSelectElement(action_id="record", min_query_length=2),
        UserSelectElement(action_id="owner", initial_user="U0ANNA"),
        CheckboxesElement(action_id="boxes", options=OPTIONS),
        RadioButtonsElement(action_id="radio", options=OPTIONS),
    ]
    blocks = [InputBlock(block_id=each.action_id, label=plain("L"), element=each, optional=True) for each in inputs]
    view = View(type="modal", title=plain("Task"), submit=plain("Save"), blocks=[HeaderBlock(text=plain("H")), *blocks])

    trigger = slack.control("POST", "command", json={})["trigger_id"]
    shown = bot.views_open(trigger_id=trigger, view=view)["view"]

    state = {block: next(iter(held.values())) for block, held in shown["state"]["values"].items()}
    assert set(state) == {each.action_id for each in inputs}
    assert state["select"]["selected_option"]["value"] == "low"
    assert (state["day"]["selected_date"], state["owner"]["selected_user"]) == ("2026-12-01", "U0ANNA")
    assert state["boxes"]["selected_options"] == []


def test_what_its_builders_build_is_a_message(slack: Running, bot: WebClient) -> None:
    menu = OverflowMenuElement(action_id="more", options=OPTIONS)
    blocks = [
        SectionBlock(text=MarkdownTextObject(text="*Deal*"), accessory=menu, fields=["a", "b"]),
        ContextBlock(elements=[MarkdownTextObject(text="in HubSpot")]),
        ActionsBlock(elements=[ButtonElement(text="Task", action_id="task", value="7", style="primary")]),
        DividerBlock(),
        ImageBlock(image_url="https://x.test/a.png", alt_text="A picture"),
    ]

    ts = bot.chat_postMessage(channel="C0DEALS", text="Deal", blocks=blocks)["ts"]
    order = {"channel": "C0DEALS", "ts": ts, "action_id": "more", "value": "high"}
    chosen = slack.control("POST", "press", json=order)

    assert chosen["acknowledged"] is True


def test_its_client_for_response_urls_is_content(slack: Running) -> None:
    done = slack.control("POST", "command", json={"channel": "C0DEALS"})
    client = WebhookClient(done["response_url"])

    answers = [client.send(text=f"no. {number}", response_type="in_channel") for number in range(6)]

    messages = slack.state(team="T0ACME")["channels"]["C0DEALS"]["messages"]
    assert [each.status_code for each in answers] == [200] * 5 + [404]
    assert answers[0].body == "ok"
    assert [each["text"] for each in messages[-5:]] == [f"no. {number}" for number in range(5)]
