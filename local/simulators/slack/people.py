"""The user's side: commands, buttons, shortcuts, modals, links and Home, each a signed request to the app."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.control import as_json
from local.simulators.simulator import BadCommand
from local.simulators.slack import events, outcomes, payloads
from local.simulators.slack.errors import SlackError
from local.simulators.slack.messages import find_message
from local.simulators.slack.sending import Heard
from local.simulators.slack.team import Channel, Message, Team
from local.simulators.slack.views import View

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]
KEPT_BODY = 20_000
LINK = re.compile(r"https?://[^\s<>|]+")


@dataclass(slots=True)
class Deed:
    """What a person wants: where, and whatever else the order says."""

    team: Team
    user: str
    order: Json

    def named(self, name: str) -> str:
        if not self.order.get(name):
            raise BadCommand(f"{name} is missing")
        return str(self.order[name])


@dataclass(slots=True)
class People:
    place: "Workplace"
    records: list[Json] = field(default_factory=list)

    def routes(self) -> list[Route]:
        deeds = (self.command, self.press, self.shortcut, self.submit, self.close, self.suggest, self.link, self.home,
                 self.verify)  # fmt: skip
        routes = [Route(f"/_sim/{deed.__name__}", self._route(deed), methods=["POST"]) for deed in deeds]
        return [*routes, Route("/_sim/interactions", self.listed, methods=["GET", "DELETE"])]

    async def listed(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.records.clear()
        return as_json({"interactions": self.records})

    async def command(self, deed: Deed) -> Json:
        """What is answered at once is a message, for her eyes only unless it says `in_channel`."""
        channel = self._channel(deed)
        words = (str(deed.order.get("command", self.place.options.command)), str(deed.order.get("text", "")))
        form = payloads.command(self.place, deed.team, channel, deed.user, words)
        form |= self._ways_back(deed, channel, None)
        heard = await self._ask(self.place.settings.commands_url, form)
        posted = outcomes.posted(self.place, form["response_url"], heard)
        return self._record("command", heard, form) | ({"message": posted.told()} if posted else {})

    async def press(self, deed: Deed) -> Json:
        """A button, or a select with a `value`: of a message, of a card under a link in it, or of a view."""
        action_id, block_id = deed.named("action_id"), str(deed.order.get("block_id", ""))
        body = payloads.about(self.place, deed.team, deed.user, "block_actions")
        if "view_id" in deed.order:
            view = self._view(deed)
            block, element = payloads.element_in(view.content["blocks"], action_id, block_id)
            action = payloads.used(deed.team, block, element, deed.order.get("value"))
            if element["type"] != "button":
                view.values.setdefault(block["block_id"], {})[action_id] = payloads.entered(
                    element, deed.order["value"]
                )
            body |= payloads.in_view(self.place, view) | self._trigger(deed, view.id)
        else:
            channel, message = self._message(deed)
            url = payloads.card_with(message, action_id)
            blocks = message.unfurls[url]["blocks"] if url else message.blocks
            block, element = payloads.element_in(blocks, action_id, block_id)
            action = payloads.used(deed.team, block, element, deed.order.get("value"))
            body |= (payloads.in_card(self.place, deed.team, channel, message, url) if url
                     else payloads.in_channel(self.place, deed.team, channel, message))  # fmt: skip
            body |= self._ways_back(deed, channel, message)
        return await self._interact("press", body | {"actions": [action]})

    async def shortcut(self, deed: Deed) -> Json:
        """On a message when one is named, else a global one."""
        on_message = "ts" in deed.order
        body = payloads.about(self.place, deed.team, deed.user, "message_action" if on_message else "shortcut")
        body |= {"callback_id": deed.named("callback_id"), "action_ts": deed.team.next_ts()}
        if not on_message:
            return await self._interact("shortcut", body | self._trigger(deed))
        channel, message = self._message(deed)
        shown = payloads.in_channel(self.place, deed.team, channel, message)
        body |= {"channel": shown["channel"], "message": shown["message"], "message_ts": message.ts}
        return await self._interact("shortcut", body | self._ways_back(deed, channel, message))

    async def submit(self, deed: Deed) -> Json:
        """`values` by block; a block with one input takes the value, otherwise `{action_id: value}`."""
        view = self._view(deed)
        for block_id, value in (deed.order.get("values") or {}).items():
            outcomes.fill(view, block_id, value)
        payloads.refuse_incomplete(view)
        body = payloads.about(self.place, deed.team, deed.user, "view_submission")
        body |= {"view": view.wire(self.place.options.app_id), "response_urls": []} | self._trigger(deed, view.id)
        heard = await self._ask(self.place.settings.interactions_url, _packed(body))
        return self._record("submit", heard, body) | {"view": outcomes.submitted(self.place, view, heard)}

    async def close(self, deed: Deed) -> Json:
        """With the cross all of the stack (`clear`), with Cancel the one on top."""
        view, cleared = self._view(deed), bool(deed.order.get("clear"))
        body = payloads.about(self.place, deed.team, deed.user, "view_closed")
        body |= {"view": view.wire(self.place.options.app_id), "is_cleared": cleared}
        self.place.views.close(view, all_of_them=cleared)
        if not view.content.get("notify_on_close"):
            return {"kind": "close", "acknowledged": None}
        return await self._interact("close", body)

    async def suggest(self, deed: Deed) -> Json:
        """What an external select offers for some letters."""
        view = self._view(deed)
        block_id = str(deed.order.get("block_id", ""))
        block, element = payloads.element_in(view.content["blocks"], deed.named("action_id"), block_id)
        body = payloads.about(self.place, deed.team, deed.user, "block_suggestion")
        body |= payloads.in_view(self.place, view)
        body |= {"action_id": element["action_id"], "block_id": block["block_id"], "value": deed.order.get("value", "")}
        settings = self.place.settings
        heard = await self._ask(settings.options_url or settings.interactions_url, _packed(body))
        return self._record("suggest", heard, body) | {"options": outcomes.options_in(heard)}

    async def link(self, deed: Deed) -> Json:
        """Posted, or (`composer`) only being written: then a card may come before anybody else sees the message."""
        channel = self._channel(deed)
        text = str(deed.order.get("text") or deed.named("url"))
        message, writing = Message(deed.team.next_ts(), deed.user, text), bool(deed.order.get("composer"))
        if not writing:
            channel.messages.append(message)
        urls = [url for url in LINK.findall(text) if urlsplit(url).hostname]
        event_id = events.link_shared(self.place, deed.team, None if writing else channel, message, urls)
        done = await self._told("link", event_id)
        return done | {"ts": message.ts, "channel": channel.id, "unfurls": message.unfurls}

    async def home(self, deed: Deed) -> Json:
        return await self._told("home", events.home_opened(self.place, deed.team, deed.user))

    async def verify(self, _: Deed) -> Json:
        """The challenge must come back, as text or in JSON."""
        challenge = f"challenge-{len(self.records):04}"
        body = {"token": payloads.VERIFICATION, "challenge": challenge, "type": "url_verification"}
        courier, url = self.place.courier, _needed(self.place.settings.events_url, "events_url")
        post = courier.signed(url, orjson.dumps(body), "application/json")
        heard = await asyncio.to_thread(courier.send, post)
        answered = heard.json()
        found = (
            answered.get("challenge") if isinstance(answered, dict) else heard.body.decode("utf-8", "replace").strip()
        )
        return self._record("verify", heard, body) | {"verified": heard.error is None and found == challenge}

    def _route(self, deed: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            order: Json = orjson.loads(raw) if raw else {}
            team = self.place.team(order.get("team"))
            suffix = team.bot.removeprefix("U0BRIDGEBOT")
            user = str(order.get("user") or f"U0ANNA{suffix}")
            try:
                return as_json(await deed(Deed(team, team.member(user).id, order)))
            except SlackError as error:
                raise BadCommand(f"{deed.__name__}: {error}") from error

        return endpoint

    async def _interact(self, kind: str, body: Json) -> Json:
        return self._record(kind, await self._ask(self.place.settings.interactions_url, _packed(body)), body)

    async def _ask(self, url: str, form: Json) -> Heard:
        return await asyncio.to_thread(self.place.courier.ask, _needed(url, "commands_url and interactions_url"), form)

    async def _told(self, kind: str, event_id: str) -> Json:
        """After the first attempt; the others come when their time has come."""
        if not event_id:
            return self._kept({"kind": kind, "event_id": None, "state": "unsent", "attempts": []})
        await self.place.outbox.flush()
        sent = self.place.outbox.delivery_of(lambda event: event["event_id"] == event_id)
        state, attempts = (sent.state, sent.attempts) if sent else ("waiting", [])
        return self._kept({"kind": kind, "event_id": event_id, "state": state, "attempts": attempts})

    def _record(self, kind: str, heard: Heard, sent: Json) -> Json:
        shown = heard.json()
        return self._kept({
            "kind": kind, "status": heard.status, "milliseconds": heard.milliseconds, "error": heard.error,
            "acknowledged": heard.error is None,
            "answer": shown if shown is not None else heard.body[:KEPT_BODY].decode("utf-8", "replace"),
            "trigger_id": sent.get("trigger_id"), "response_url": sent.get("response_url"),
        })  # fmt: skip

    def _kept(self, record: Json) -> Json:
        record["number"] = len(self.records) + 1
        self.records.append(record)
        return record

    def _trigger(self, deed: Deed, view_id: str = "") -> Json:
        seconds = self.place.settings.trigger_seconds
        return {"trigger_id": self.place.views.trigger(deed.team, deed.user, seconds, view_id)}

    def _ways_back(self, deed: Deed, channel: Channel, message: Message | None) -> Json:
        url = self.place.responses.url(deed.team, channel, deed.user, message)
        return {"response_url": url, **self._trigger(deed)}

    def _channel(self, deed: Deed) -> Channel:
        return deed.team.channel(deed.order.get("channel", "C0GENERAL"), deed.user)

    def _message(self, deed: Deed) -> tuple[Channel, Message]:
        channel = self._channel(deed)
        return channel, find_message(channel, deed.named("ts"), deed.user)

    def _view(self, deed: Deed) -> View:
        view = self.place.views.find(deed.team, deed.named("view_id"))
        deed.user = view.user
        return view


def _packed(body: Json) -> Json:
    return {"payload": orjson.dumps(body).decode()}


def _needed(url: str, name: str) -> str:
    if not url:
        raise BadCommand(f"the app has no URL for that: set {name}")
    return url
