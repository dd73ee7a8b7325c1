"""What becomes of the app's answers: messages, views that close, change or are pushed, errors under inputs."""

from typing import TYPE_CHECKING, Any

from local.simulators.simulator import BadCommand
from local.simulators.slack.blocks import check_view
from local.simulators.slack.errors import SlackError
from local.simulators.slack.payloads import entered
from local.simulators.slack.sending import Heard
from local.simulators.slack.team import Message
from local.simulators.slack.views import View, elements_of

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]


def posted(place: "Workplace", response_url: str, heard: Heard) -> Message | None:
    """A command's answer, JSON or bare text; nothing at all is fine too."""
    if heard.error or not heard.body.strip():
        return None
    shown = heard.json()
    body: Json = shown if isinstance(shown, dict) else {"text": heard.body.decode("utf-8", "replace")}
    if not body.get("text") and not body.get("blocks"):
        return None
    reply = place.responses.open[response_url.partition("/response/")[2]]
    return place.responses.carry_out(reply, body)


def submitted(place: "Workplace", view: View, heard: Heard) -> Json:
    """What a submission did to the modal: `closed`, `cleared`, `updated`, `pushed`, `errors`, or `open` still."""
    if heard.error:
        return {"outcome": "open", "id": view.id}
    shown = heard.json()
    body: Json = shown if isinstance(shown, dict) else {}
    action = body.get("response_action")
    try:
        return _carried_out(place, view, action, body)
    except SlackError as error:
        return {"outcome": "open", "id": view.id, "trouble": str(error), "detail": error.body}


def _carried_out(place: "Workplace", view: View, action: object, body: Json) -> Json:
    if action == "errors":
        return {"outcome": "errors", "id": view.id, "errors": _known_errors(view, body.get("errors"))}
    if action == "update":
        place.views.replace(view, check_view(body.get("view"), ("modal",)))
        return {"outcome": "updated", "id": view.id}
    if action == "push":
        above = place.views.show(view.team, view.user, check_view(body.get("view"), ("modal",)), view)
        return {"outcome": "pushed", "id": above.id}
    place.views.close(view, all_of_them=action == "clear" or bool(view.content.get("clear_on_close")))
    return {"outcome": "cleared" if action == "clear" else "closed", "id": view.id}


def _known_errors(view: View, errors: object) -> Json:
    """Each must name an input block of the view."""
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_errors", known=sorted(inputs))
    return errors


def fill(view: View, block_id: str, value: Any) -> None:
    """Into a view, as a person fills a form."""
    block = next((each for each in view.content["blocks"] if each["block_id"] == block_id), None)
    if block is None:
        known = ", ".join(str(each["block_id"]) for each in view.content["blocks"])
        raise BadCommand(f"no block {block_id!r}; there are {known}")
    elements = {each["action_id"]: each for each in elements_of(block)}
    several = isinstance(value, dict) and set(value) <= set(elements) and bool(value)
    given = value if several else {next(iter(elements)): value}
    for action_id, each in given.items():
        view.values.setdefault(block_id, {})[action_id] = entered(elements[action_id], each)


def options_in(heard: Heard) -> list[Json]:
    shown = heard.json()
    if heard.error or not isinstance(shown, dict):
        return []
    groups = [group.get("options") or [] for group in shown.get("option_groups") or []]
    return [option for options in [shown.get("options") or [], *groups] for option in options]
