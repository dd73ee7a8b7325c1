"""What the app is sent when a person does something: the parts that all interactions share, and actions' values."""

from typing import TYPE_CHECKING, Any

from local.simulators.simulator import BadCommand
from local.simulators.slack.team import Channel, Message, Team
from local.simulators.slack.views import VALUE_KEYS, View, elements_of

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]
VERIFICATION = "verification-token"


def about(place: "Workplace", team: Team, user: str, kind: str) -> Json:
    person = team.users[user]
    return {
        "type": kind, "token": VERIFICATION, "api_app_id": place.options.app_id, "is_enterprise_install": False,
        "enterprise": None, "team": {"id": team.id, "domain": team.domain},
        "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.home or team.id},
    }  # fmt: skip


def in_channel(place: "Workplace", team: Team, channel: Channel, message: Message) -> Json:
    """`container` and what else comes along from a message."""
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {
        "container": {"type": "message", "message_ts": message.ts, "channel_id": channel.id,
                      "is_ephemeral": bool(message.visible_to), **thread},
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": message.wire(team.id, place.options.app_id), "state": {"values": {}},
    }  # fmt: skip


def in_card(place: "Workplace", team: Team, channel: Channel, message: Message, url: str) -> Json:
    """A card under a link is told like an attachment, with what it was made of."""
    shown = in_channel(place, team, channel, message)
    card = {"id": 1, "app_unfurl_url": url, "is_app_unfurl": True, "bot_id": team.bot_id,
            "app_id": place.options.app_id, **message.unfurls[url]}  # fmt: skip
    container = shown["container"] | {"type": "message_attachment", "attachment_id": 1, "is_app_unfurl": True,
                                      "app_unfurl_url": url}  # fmt: skip
    return shown | {"container": container, "app_unfurl": card}


def card_with(message: Message, action_id: str) -> str:
    """The link whose card has such an element; empty when it is the message's own."""
    own = [element.get("action_id") for block in message.blocks for element in elements_of(block)]
    if action_id in own:
        return ""
    for url, card in message.unfurls.items():
        if any(each.get("action_id") == action_id for block in card.get("blocks", []) for each in elements_of(block)):
            return url
    return ""


def in_view(place: "Workplace", view: View) -> Json:
    return {"container": {"type": "view", "view_id": view.id}, "view": view.wire(place.options.app_id)}


def command(place: "Workplace", team: Team, channel: Channel, user: str, words: tuple[str, str]) -> Json:
    """A form of its own, not JSON in `payload`."""
    name = channel.name if not channel.is_direct else "directmessage"
    return {"token": VERIFICATION, "team_id": team.id, "team_domain": team.domain, "channel_id": channel.id,
            "channel_name": name, "user_id": user, "user_name": team.users[user].name, "command": words[0],
            "text": words[1], "api_app_id": place.options.app_id, "is_enterprise_install": "false"}  # fmt: skip


def element_in(blocks: list[Json], action_id: str, block_id: str) -> tuple[Json, Json]:
    """The block and the element; where an action id is there twice the block must be named."""
    found = [
        (block, element) for block in blocks for element in elements_of(block)
        if element.get("action_id") == action_id and block_id in ("", block.get("block_id"))
    ]  # fmt: skip
    if not found:
        known = [element.get("action_id") for block in blocks for element in elements_of(block)]
        raise BadCommand(
            f"nothing is called {action_id!r} there; there are {', '.join(map(str, known)) or 'no elements'}"
        )
    if len(found) > 1:
        raise BadCommand(f"{action_id!r} is there {len(found)} times; say which block_id")
    return found[0]


def used(team: Team, block: Json, element: Json, value: Any) -> Json:
    """The action of a button that was pressed, or a select that was used."""
    action = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"],
              "action_ts": team.next_ts()}  # fmt: skip
    if element["type"] == "button":
        return action | {name: element[name] for name in ("text", "value", "style") if name in element}
    return action | entered(element, value)


def entered(element: Json, value: Any) -> Json:
    """What a state holds of it: options by their value, the rest as it is."""
    key = "selected_option" if element["type"] == "overflow" else VALUE_KEYS.get(element["type"], "value")
    if key == "selected_options":
        return {key: [_option(element, each) for each in value or []]}
    return {key: _option(element, value) if key == "selected_option" and value is not None else value}


def _option(element: Json, value: Any) -> Json:
    """External selects have no options of their own: text is then its own value."""
    if isinstance(value, dict):
        return value
    groups = [group["options"] for group in element.get("option_groups") or []]
    pool = [option for options in [element.get("options") or [], *groups] for option in options]
    found: Json | None = next((option for option in pool if option["value"] == value), None)
    if found is None and "external" in element["type"]:
        return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": str(value)}
    if found is None:
        raise BadCommand(f"no option {value!r}; there are {', '.join(str(option['value']) for option in pool)}")
    return found


def refuse_incomplete(view: View) -> None:
    """What Slack does not let a person submit: inputs that must be filled, and too short or too long texts."""
    state = view.state()
    for block in view.content["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        held = state[block["block_id"]][element["action_id"]]
        value = next((each for name, each in held.items() if name != "type"), None)
        if value in (None, "", []) and not block.get("optional"):
            raise BadCommand(f"{block['block_id']}: please complete this required field")
        if isinstance(value, str) and value:
            low, high = element.get("min_length", 0), element.get("max_length", 3_000)
            if not low <= len(value) <= high:
                raise BadCommand(f"{block['block_id']}: from {low} to {high} characters")
