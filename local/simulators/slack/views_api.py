"""`views.*`: open, push, update and publish."""

from local.simulators.slack.blocks import check_view
from local.simulators.slack.call import Call, Json, Method
from local.simulators.slack.errors import SlackError, missing_field
from local.simulators.slack.views import View


def open_view(call: Call) -> Json:
    text, content = call.required("trigger_id"), check_view(call.structure("view"), ("modal",))
    trigger = call.place.views.use_trigger(text, call.team)
    return _told(call, call.place.views.show(call.team, trigger.user, content))


def push(call: Call) -> Json:
    """On top of the modal in which the trigger id was got."""
    text, content = call.required("trigger_id"), check_view(call.structure("view"), ("modal",))
    trigger = call.place.views.use_trigger(text, call.team)
    below = call.place.views.open.get(trigger.view)
    if below is None:
        raise SlackError("not_found")
    return _told(call, call.place.views.show(call.team, trigger.user, content, below))


def update(call: Call) -> Json:
    if not call.text("view_id") and not call.text("external_id"):
        raise missing_field("view_id")
    content = check_view(call.structure("view"))
    view = call.place.views.find(call.team, call.text("view_id"), call.text("external_id"))
    return _told(call, call.place.views.replace(view, content, call.text("hash")))


def publish(call: Call) -> Json:
    user_id, content = call.required("user_id"), check_view(call.structure("view"), ("home",))
    if user_id not in call.team.users:
        raise SlackError("user_not_found")
    return _told(call, call.place.views.home(call.team, user_id, content, call.text("hash")))


def _told(call: Call, view: View) -> Json:
    return {"view": view.wire(call.place.options.app_id)}


METHODS = (
    Method("views.open", open_view, "tier4"),
    Method("views.push", push, "tier4"),
    Method("views.update", update, "tier4"),
    Method("views.publish", publish, "tier4"),
)
