"""Take one request of Slack: prove it, queue the work, answer within three seconds. On the path of every click.

Only what Slack waits for is done here: a form is opened empty while its trigger lives, options are looked up, and a
form that was sent is checked, so that what is wrong can be shown in it.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

import orjson

from crmbridge.chat.slack.blocks import cut, escaped
from crmbridge.chat.slack.requests import (
    DECISIONS,
    LINK,
    OPEN,
    PANEL,
    Payload,
    Wish,
    channel_of,
    message_of,
    read_command,
    read_event,
    read_interaction,
    team_of,
    unquoted,
    user_of,
)
from crmbridge.chat.slack.signature import verify
from crmbridge.domain.changes import Delivery, Response
from crmbridge.domain.errors import ChatError, NotFound, TooLarge
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import slack_app

MAX_BODY: Final = 1_000_000
HELP: Final = (
    "*/crm find* name or e-mail: look up people, companies and deals\n"
    "*/crm task* what is to be done, and when (`tomorrow`, `on friday`, `in 3 days`, `2026-05-31`)\n"
    "*/crm link* name, e-mail or address in the CRM: what this channel is about; alone it shows it\n"
    "*/crm unlink*: this channel is about nothing any more\n"
    "Or use the shortcuts under *…* at any message, and the buttons on cards."
)
ANSWERED: Final = Response(200, "", {})


def receive_request(deps: Deps, what: str, delivery: Delivery) -> Response:
    """`what` is commands, interactions or events. Raises BadSignature, MalformedPayload, NotFound."""
    if what not in _DOORS:
        raise NotFound("there is no such route")
    if len(delivery.body) > MAX_BODY:
        raise TooLarge("the request is larger than Slack's are")
    verify(_signing_secret(deps, delivery), delivery.headers, delivery.body, delivery.received_at)
    return _DOORS[what](deps, delivery.body)


def _signing_secret(deps: Deps, delivery: Delivery) -> str:
    """Not fetched for who does not even try."""
    return slack_app(deps).webhook_secret if "x-slack-signature" in delivery.headers else ""


def _command(deps: Deps, body: bytes) -> Response:
    asked = read_command(body)
    verb, _, rest = asked.get("text", "").strip().partition(" ")
    verb, rest = verb.casefold(), unquoted(rest)
    if form := "create_task" if verb == "task" else PANEL if verb == "link" and not rest else "":
        context = {"channel": channel_of(asked), "task": rest}
        return _open(deps, asked, Wish(asked.get("trigger_id", ""), form, context))
    if verb == "unlink" or (verb in ("find", "link") and rest):
        _queue(deps, asked, verb, {"text": rest, "response_url": asked.get("response_url", "")})
        return ANSWERED
    return _say(_help(verb))


def _help(verb: str) -> str:
    if verb in ("", "help"):
        return HELP
    missed = "a name or an e-mail address is missing" if verb == "find" else "there is no such command"
    return f"*/crm {escaped(cut(verb, 30))}*: {missed}.\n{HELP}"


def _interaction(deps: Deps, body: bytes) -> Response:
    payload = read_interaction(body)
    answer = _INTERACTIONS.get(str(payload.get("type")))
    return answer(deps, payload) if answer else ANSWERED


def _shortcut(deps: Deps, payload: Payload) -> Response:
    context = {"channel": channel_of(payload), **message_of(payload)}
    wish = Wish(str(payload.get("trigger_id")), str(payload.get("callback_id")), context)
    return _open(deps, payload, wish)


def _click(deps: Deps, payload: Payload) -> Response:
    """A click comes with the one element that was clicked. Links lead away and need nothing."""
    clicked = next((one for one in payload.get("actions") or () if isinstance(one, dict)), {})
    name, value = str(clicked.get("action_id") or ""), str(clicked.get("value") or "")
    if name.startswith(OPEN):
        context = {"channel": _channel_about(payload), **message_of(payload), "text": "", "record": value}
        return _open(deps, payload, Wish(str(payload.get("trigger_id")), name.removeprefix(OPEN), context))
    view = {"view": _kept(payload["view"])} if payload.get("view") else {}
    if name in (*DECISIONS, LINK):
        more = {"action": value, "response_url": str(payload.get("response_url") or "")}
        _queue(deps, payload, name, {**more, **view, "message": message_of(payload).get("message", "")})
    elif view:
        _queue(deps, payload, "fill", view)
    return ANSWERED


def _channel_about(payload: Payload) -> str:
    """Of a click in the window with what a channel is about: that channel."""
    from crmbridge.chat.slack.forms import context_of

    return channel_of(payload) or str(context_of(payload.get("view") or {}).get("channel") or "")


def _suggest(deps: Deps, payload: Payload) -> Response:
    from crmbridge.services.slack.offer_records import offer_records

    return _json(offer_records(deps, payload))


def _submit(deps: Deps, payload: Payload) -> Response:
    from crmbridge.services.slack.submit_form import submit_form

    answer = submit_form(deps, payload)
    return _json(answer) if answer else ANSWERED


def _event(deps: Deps, body: bytes) -> Response:
    """One event is one message, however often Slack sends it."""
    payload = read_event(body)
    if payload.get("type") == "url_verification":
        return _json({"challenge": payload.get("challenge")})
    event, id = payload.get("event"), str(payload.get("event_id") or "")
    if payload.get("type") == "event_callback" and isinstance(event, dict) and event.get("type") in HEARD:
        more = {"id": id, "event": event, "shared": payload.get("is_ext_shared_channel")}
        _queue(deps, {**payload, "user_id": event.get("user")}, "event", more, dedup=id)
    return ANSWERED


def _open(deps: Deps, payload: Payload, wish: Wish) -> Response:
    from crmbridge.services.slack.open_form import open_form

    try:
        view = open_form(deps, team_of(payload), wish)
    except ChatError as error:
        said = {"response_url": str(payload.get("response_url") or ""), "text": str(error)}
        _queue(deps, payload, "say", said)
        return ANSWERED
    _queue(deps, payload, "fill", {"view": view})
    return ANSWERED


def _queue(deps: Deps, payload: Payload, kind: str, more: Mapping[str, Json], *, dedup: str = "") -> None:
    """What one person does in one place stays in order."""
    team, user, channel = team_of(payload), user_of(payload), channel_of(payload)
    asked = {"kind": kind, "team": team, "user": user, "channel": channel, **more}
    order = sha256(f"{team}#{channel}#{user}".encode()).hexdigest()[:32]
    body = {"slack": asked, "holder": deps.new_id()}
    deps.queues.chat.send(Message(body, f"slack#{order}", dedup=dedup))


def _kept(view: Mapping[str, Json]) -> dict[str, Json]:
    return {name: view.get(name) for name in ("id", "type", "private_metadata", "state")}


def _say(text: str) -> Response:
    return _json({"response_type": "ephemeral", "text": text})


def _json(answer: Mapping[str, Json]) -> Response:
    return Response(200, orjson.dumps(answer).decode(), {"content-type": "application/json"})


HEARD: Final = ("link_shared", "app_home_opened", "app_uninstalled", "tokens_revoked")
_DOORS: Final[Mapping[str, Callable[[Deps, bytes], Response]]] = {
    "commands": _command,
    "interactions": _interaction,
    "events": _event,
}
_INTERACTIONS: Final[Mapping[str, Callable[[Deps, Payload], Response]]] = {
    "message_action": _shortcut,
    "shortcut": _shortcut,
    "block_actions": _click,
    "block_suggestion": _suggest,
    "view_submission": _submit,
}
