"""Response URLs: five posts in half an hour, into the conversation in which a person did something."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.slack.call import read_arguments
from local.simulators.slack.errors import SlackError, answer
from local.simulators.slack.messages import checked, rewrite
from local.simulators.slack.team import Channel, Message, Team

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """Where answers go: to a person in a channel, or in place of a message."""

    team: Team
    channel: Channel
    user: str
    original: Message | None
    expires: float
    left: int


@dataclass(slots=True)
class Responses:
    place: "Workplace"
    open: dict[str, Reply] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [Route("/response/{team}/{secret}", self.post, methods=["POST"])]

    def url(self, team: Team, channel: Channel, user: str, original: Message | None = None) -> str:
        settings, key = self.place.settings, f"{team.id}/{len(self.open) + 1:08}sim"
        expires = team.clock.now() + settings.response_url_seconds
        self.open[key] = Reply(team, channel, user, original, expires, settings.response_url_uses)
        return f"{self.place.public_url}/response/{key}"

    async def post(self, request: Request) -> Response:
        reply = self.open.get(f"{request.path_params['team']}/{request.path_params['secret']}")
        request.scope["sim.pool"] = "response_url"
        try:
            if reply is None or reply.expires < reply.team.clock.now():
                raise SlackError("expired_url", status=404)
            if reply.left == 0:
                raise SlackError("used_url", status=404)
            body, _ = await read_arguments(request)
            self.carry_out(reply, orjson.loads(body["payload"]) if "payload" in body else body)
            reply.left -= 1
        except SlackError as error:
            return answer(error.body, error.status if error.status != 200 else 400)
        return Response("ok", media_type="text/html")

    def carry_out(self, reply: Reply, body: Json) -> Message | None:
        """`replace_original` and `delete_original` touch the message of the button; else something new appears."""
        if body.get("delete_original"):
            if reply.original in reply.channel.messages:
                reply.channel.messages.remove(reply.original)
            return None
        content = checked(reply.team, str(body.get("text") or ""), body.get("blocks"), body.get("attachments"))
        if body.get("replace_original") and reply.original:
            rewrite(reply.original, reply.team.next_ts(), content)
            return reply.original
        team = reply.team
        message = Message(team.next_ts(), team.bot, *content, team.bot_id, str(body.get("thread_ts") or ""))
        if body.get("response_type", "ephemeral") != "in_channel":
            message.visible_to = reply.user
        reply.channel.messages.append(message)
        return message
