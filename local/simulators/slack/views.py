"""Modals and homes: trigger ids that live three seconds and open one thing, stacks of views, states and hashes."""

import copy
import hashlib
from dataclasses import dataclass, field
from typing import Any

from local.simulators.slack.errors import SlackError
from local.simulators.slack.team import Team

Json = dict[str, Any]
MOST_STACKED = 3
KEPT = ("type", "blocks", "callback_id", "private_metadata", "title", "submit", "close", "clear_on_close",
        "notify_on_close", "external_id", "submit_disabled")  # fmt: skip


@dataclass(slots=True)
class View:
    """`root` is the first of a stack, `previous` the one below; `values` is what the person has entered."""

    id: str
    team: Team
    user: str
    content: Json
    hash: str
    root: str
    previous: str = ""
    values: dict[str, dict[str, Json]] = field(default_factory=dict)

    def wire(self, app: str) -> Json:
        body: Json = {name: self.content.get(name) for name in KEPT}
        body |= {"id": self.id, "team_id": self.team.id, "state": {"values": self.state()}, "hash": self.hash,
                 "previous_view_id": self.previous or None, "root_view_id": self.root, "app_id": app,
                 "app_installed_team_id": self.team.id, "bot_id": self.team.bot_id}  # fmt: skip
        defaults = {"callback_id": "", "private_metadata": "", "external_id": ""}
        return body | {name: body[name] or empty for name, empty in defaults.items()}

    def state(self) -> dict[str, dict[str, Json]]:
        """What every input and every element in an action block holds: entered, or there from the start."""
        held: dict[str, dict[str, Json]] = {}
        for block in self.content["blocks"]:
            for element in elements_of(block):
                if element["type"] in {"button", "image", "overflow"}:
                    continue
                entered = self.values.get(block["block_id"], {}).get(element["action_id"])
                value = entered if entered is not None else initial(element)
                held.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **value}
        return held


@dataclass(slots=True)
class Trigger:
    team: Team
    user: str
    expires: float
    view: str = ""
    used: bool = False


@dataclass(slots=True)
class Views:
    app: str
    open: dict[str, View] = field(default_factory=dict)
    homes: dict[tuple[str, str], View] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    _made: int = 0

    def trigger(self, team: Team, user: str, seconds: float, view: str = "") -> str:
        self._made += 1
        digest = hashlib.md5(f"{team.id}:{user}:{self._made}".encode(), usedforsecurity=False).hexdigest()
        text = f"{self._made:013}.{int(team.clock.now()):012}.{digest}"
        self.triggers[text] = Trigger(team, user, team.clock.now() + seconds, view)
        return text

    def use_trigger(self, text: str, team: Team) -> Trigger:
        trigger = self.triggers.get(text)
        if trigger is None or trigger.team is not team:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if trigger.expires < team.clock.now():
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def show(self, team: Team, user: str, content: Json, below: View | None = None) -> View:
        """A new modal, on top of another or alone."""
        self.check_external_id(team, content)
        if below and len(self.stack(below)) >= MOST_STACKED:
            raise SlackError("push_limit_reached")
        view_id = team.next_id("V")
        view = View(view_id, team, user, completed(team, content), self.new_hash(team), view_id)
        if below:
            view.root, view.previous = below.root, below.id
        self.open[view_id] = view
        return view

    def replace(self, view: View, content: Json, wanted_hash: str = "") -> View:
        """What was entered stays where block and action keep their names."""
        if wanted_hash and wanted_hash != view.hash:
            raise SlackError("hash_conflict")
        self.check_external_id(view.team, content, view)
        view.content = completed(view.team, content)
        view.hash = self.new_hash(view.team)
        return view

    def find(self, team: Team, view_id: str, external_id: str = "") -> View:
        views = [*self.open.values(), *self.homes.values()]
        for view in views:
            named = external_id and view.content.get("external_id") == external_id
            if view.team is team and (view.id == view_id or named):
                return view
        raise SlackError("not_found")

    def stack(self, view: View) -> list[View]:
        return [each for each in self.open.values() if each.root == view.root]

    def close(self, view: View, *, all_of_them: bool = False) -> None:
        for each in self.stack(view) if all_of_them else [view]:
            self.open.pop(each.id, None)

    def home(self, team: Team, user: str, content: Json, wanted_hash: str) -> View:
        held = self.homes.get((team.id, user))
        if held and wanted_hash:
            return self.replace(held, content, wanted_hash)
        view_id = held.id if held else team.next_id("V")
        view = View(view_id, team, user, completed(team, content), self.new_hash(team), view_id)
        self.homes[team.id, user] = view
        return view

    def check_external_id(self, team: Team, content: Json, own: View | None = None) -> None:
        wanted = content.get("external_id")
        if wanted and any(
            each.team is team and each is not own and each.content.get("external_id") == wanted
            for each in [*self.open.values(), *self.homes.values()]
        ):
            raise SlackError("duplicate_external_id")

    def new_hash(self, team: Team) -> str:
        self._made += 1
        return f"{int(team.clock.now())}.{self._made:08x}"


def completed(team: Team, content: Json) -> Json:
    """Blocks and elements without names get some, as Slack gives them."""
    whole = copy.deepcopy(content)
    for block in whole.get("blocks", []):
        block.setdefault("block_id", team.next_id("blk"))
        for element in elements_of(block):
            element.setdefault("action_id", team.next_id("act"))
    return whole


def elements_of(block: Json) -> list[Json]:
    """What a person can use in a block."""
    if block["type"] == "input":
        return [block["element"]]
    if block["type"] == "actions":
        return list(block["elements"])
    accessory = block.get("accessory")
    return [accessory] if accessory and accessory["type"] != "image" else []


# The key under which a state holds what was entered, by the kind of element; text inputs and the like use `value`.
VALUE_KEYS = {
    "static_select": "selected_option", "external_select": "selected_option", "radio_buttons": "selected_option",
    "users_select": "selected_user", "conversations_select": "selected_conversation",
    "channels_select": "selected_channel", "datepicker": "selected_date", "timepicker": "selected_time",
    "datetimepicker": "selected_date_time", "checkboxes": "selected_options",
    "multi_static_select": "selected_options", "multi_external_select": "selected_options",
    "multi_users_select": "selected_users", "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels", "rich_text_input": "rich_text_value",
}  # fmt: skip


def initial(element: Json) -> Json:
    key = VALUE_KEYS.get(element["type"], "value")
    started = element.get(f"initial_{key.removeprefix('selected_')}")
    empty: Any = [] if key.endswith("s") else None
    return {key: started if started is not None else empty}
