"""The story that `make run` tells and the journeys check: connect, sync, hear, gather, act."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urljoin

import requests

from local.journey.client import Bridge, StepFailed
from local.journey.world import WORKSPACE, World

Json = Any
Facts = dict[str, Json]
T = TypeVar("T")

KINDS = {
    "contact": ("contacts",),
    "company": ("companies",),
    "deal": ("deals",),
    "task": ("tasks",),
    "activity": ("calls", "notes", "meetings", "emails"),
}
LIST_PAGE = 100
THRESHOLD = 50_000
RULES = {
    "operator": "AND",
    "rules": [
        {"field": "deal_stage", "operator": "eq", "value": "Contract Sent"},
        {"field": "deal_amount", "operator": "gte", "value": THRESHOLD},
    ],
}
BIG = {"dealstage": "contractsent", "amount": "90000"}
CHANNEL = "C0DEALS"


@dataclass(slots=True)
class Story:
    """What one journey has found out so far. `portal` is the HubSpot account it is about; empty: the first."""

    world: World
    admin: Bridge
    workspace: str = WORKSPACE
    portal: str = ""
    channel: str = CHANNEL
    connection: str = ""
    group: str = ""
    api_key: str = ""
    facts: dict[str, Json] = field(default_factory=dict)


def awaited(what: str, look: Callable[[], T | None], seconds: float = 60.0, pause: float = 0.1) -> T:
    """Look until there is something to see; say what was awaited when there never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(pause)
    raise StepFailed(f"after {seconds:.0f} s still no {what}")


def begin_story(world: World, workspace: str, portal: str = "") -> Story:
    """A workspace of its own, whose chat app is the simulated one, about one HubSpot account."""
    world.share_chat_secret(workspace)
    story = Story(world, world.sign_in(workspace=workspace), workspace, portal, f"C-{workspace}")
    introduce_chat_app(story)
    return story


def introduce_chat_app(story: Story) -> None:
    """Tell CRM Bridge where the chat app listens, and make a key for scripts."""
    story.admin.put("/v1/chat-endpoint", {"url": f"{story.world.chat.url}/hooks/crm-bridge"})
    made = story.admin.post("/v1/keys", {"name": "journey", "role": "admin"})
    story.api_key = str(made["key"])


def connect_hubspot(story: Story) -> None:
    """The real OAuth dance: start, the CRM's own page, the redirect, the callback."""
    started = story.admin.post("/v1/oauth/hubspot/start", {})
    come_back(approve(started["authorize_url"], story.portal))
    story.connection = str(story.admin.get("/v1/connections")["items"][0]["id"])


def come_back(callback: str) -> None:
    """As the browser does that the CRM sends back."""
    page = requests.get(callback, timeout=60, allow_redirects=False)
    if page.status_code >= 400:
        raise StepFailed(f"the callback answered {page.status_code}: {page.text[:500]}")


def approve(authorize_url: str, portal: str = "") -> str:
    """Choose a portal on the CRM's page and press Grant; where it sends the browser then."""
    page, _, query = authorize_url.partition("?")
    form = {**dict(parse_qsl(query)), "portal": portal or first_portal(page), "decision": "grant"}
    answer = requests.post(page, data=form, timeout=30, allow_redirects=False)
    if answer.status_code not in (302, 303):
        raise StepFailed(f"the authorize page answered {answer.status_code}: {answer.text[:300]}")
    return answer.headers["location"]


def first_portal(page: str) -> str:
    portals = requests.get(urljoin(page, "/_sim/state"), timeout=30).json()["portals"]
    return str(next(iter(portals)))


def await_run(story: Story, show: Callable[[Json], None] | None = None, seconds: float = 300.0) -> Json:
    """Follow the newest run to its end."""

    def ended() -> Json | None:
        runs = story.admin.get(f"/v1/connections/{story.connection}/runs", limit=1)["items"]
        if not runs:
            return None
        if show:
            show(runs[0])
        return runs[0] if runs[0]["status"] != "running" else None

    run = awaited("end of the run", ended, seconds, pause=0.25)
    if run["status"] != "success":
        raise StepFailed(f"the run ended as {run['status']}: {run.get('errors')}")
    return run


def in_crm(story: Story, object: str, **more: str | int) -> Json:
    """What the story's HubSpot account holds, also what its API hides."""
    portal = {"portal": story.portal} if story.portal else {}
    return story.world.hubspot.get("state", object=object, **portal, **more)


def change_in_crm(story: Story, *operations: Mapping[str, Json]) -> list[Json]:
    """As people do in HubSpot; webhooks follow."""
    portal = {"portal": story.portal} if story.portal else {}
    return list(story.world.hubspot.post("mutate", [{**portal, **each} for each in operations])["results"])


def live_counts(story: Story) -> dict[str, int]:
    """Live records per object."""
    objects = (object for names in KINDS.values() for object in names)
    return {object: in_crm(story, object, limit=0)["counts"]["live"] for object in objects}


def totals(story: Story) -> dict[str, int]:
    counts = live_counts(story)
    return {kind: sum(counts.get(object, 0) for object in objects) for kind, objects in KINDS.items()}


def calls_of_sync(story: Story) -> dict[str, int]:
    """What the sync asked of HubSpot, and the least it could have asked: one list call per hundred records."""
    account = {"account": story.portal} if story.portal else {}
    summary = story.world.hubspot.get("requests", summary=1, **account)
    calls = sum(count for route, count in summary["by_route"].items() if is_reading(route))
    counts = live_counts(story)
    least = sum(-(-counts.get(object, 0) // LIST_PAGE) for objects in KINDS.values() for object in objects)
    return {"calls": calls, "minimum": least, "throttled": summary["throttled"]}


def is_reading(route: str) -> bool:
    return "/objects/" in route or "/associations/" in route or route.endswith("/search")


def compare(story: Story, differences: Callable[[Story], list[str]]) -> int:
    """How many records were compared and found equal."""
    found = differences(story)
    if found:
        raise StepFailed(f"{len(found)} differences, for example {'; '.join(found[:5])}")
    return sum(totals(story).values())


def gather_group(story: Story) -> Facts:
    """A channel that follows a rule: the owners of big deals are in it as soon as it exists."""
    owners = story.world.chat.get("state")["users"]
    story.admin.put("/v1/people", {"people": {user["email"]: user["id"] for user in owners}})
    wish = {"name": "Big deals", "channel": story.channel, "rules": RULES, "members": "both"}
    story.group = str(story.admin.post("/v1/groups", wish)["id"])
    awaited("member of the channel", lambda: channel_members(story) or None)
    return {"members": len(settled(lambda: channel_members(story)))}


def settled(look: Callable[[], T], seconds: float = 1.0) -> T:
    """What is there once it has stopped changing."""
    seen, since = look(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.1)
        if (now := look()) != seen:
            seen, since = now, time.monotonic()
    return seen


def channel_members(story: Story) -> set[str]:
    return set(story.world.chat.get("state", channel=story.channel)["members"])


def change_a_deal(story: Story) -> Facts:
    """A small deal becomes a big one in HubSpot; its contact, who has a chat user, joins the channel."""
    deal, email = small_deal(story)
    newcomer = f"U-{story.workspace}"
    story.world.chat.post("mutate", [{"op": "add_user", "id": newcomer, "email": email}])
    story.admin.put("/v1/people", {"people": {email: newcomer}})
    began = time.monotonic()
    change_deal_in_crm(story, deal, BIG)
    await_record(story, "deals", deal, lambda record: record["fields"].get("amount") == "90000")
    seen = time.monotonic() - began
    awaited("newcomer in the channel", lambda: newcomer in channel_members(story) or None)
    joined = time.monotonic() - began
    return {"deal": deal, "newcomer": newcomer, "record_seconds": round(seen, 2), "channel_seconds": round(joined, 2)}


def small_deal(story: Story) -> tuple[str, str]:
    """An open deal below the group's threshold, and the e-mail of a contact who is in no matching deal."""
    contacts = {each["id"]: each["properties"].get("email") for each in in_crm(story, "contacts")["live"]}
    deals = in_crm(story, "deals", associations=1)["live"]
    big = {id for deal in deals if is_big(deal["properties"]) for id in linked_contacts(deal)}
    for deal in deals:
        emails = [contacts.get(id) for id in linked_contacts(deal) if id not in big]
        if is_open(deal["properties"]) and len(emails) == 1 and emails[0]:
            return str(deal["id"]), str(emails[0])
    raise StepFailed("the seeded account has no small open deal with one contact")


def is_big(properties: Mapping[str, str | None]) -> bool:
    return properties.get("dealstage") == "contractsent" and float(properties.get("amount") or 0) >= THRESHOLD


def is_open(properties: Mapping[str, str | None]) -> bool:
    small = float(properties.get("amount") or THRESHOLD) < THRESHOLD
    return small and properties.get("pipeline") == "default" and not str(properties["dealstage"]).startswith("closed")


def linked_contacts(deal: Json) -> list[str]:
    return [link["id"] for link in deal.get("associations", {}).get("contacts", ())]


def change_deal_in_crm(story: Story, deal: str, properties: Mapping[str, str]) -> None:
    """As a person would in HubSpot; a webhook follows."""
    change_in_crm(story, {"op": "update", "object": "deals", "id": deal, "properties": dict(properties)})


def await_record(story: Story, object: str, id: str, expected: Callable[[Json], bool], seconds: float = 30.0) -> Json:
    def seen() -> Json | None:
        record = story.admin.get(f"/v1/records/{story.connection}/{object}/{id}")
        return record if expected(record) else None

    return awaited(f"expected state of {object} {id}", seen, seconds)


def press_buttons(story: Story) -> Facts:
    """Every kind of action, asked for twice with the same key, as an impatient person or a retrying client does."""
    before = live_counts(story)
    deal, contact = deal_with_contact(story)
    links = [{"object": "deals", "external_id": deal}, {"object": "contacts", "external_id": contact}]
    wishes: Mapping[str, Json] = {
        "create_task": {"fields": {"subject": "Send revised quote", "due_at": "2030-03-02T09:00:00Z"}, "links": links},
        "log_call": {"fields": {"subject": "Talked about the quote", "duration_seconds": 300}, "links": links},
        "update_deal": {"fields": {"amount": "123456.78"}, "target": {"object": "deals", "external_id": deal}},
        "create_contact": {"fields": {"email": "new.person@journey.test", "last_name": "Person"}},
    }
    ended = [act_twice(story, {"type": type, **wish}) for type, wish in wishes.items()]
    unfinished = [action for action in ended if action["status"] != "completed"]
    if unfinished:
        raise StepFailed(f"an action ended as {unfinished[0]['status']}: {unfinished[0].get('error')}")
    await_receipts(story, {action["id"] for action in ended})
    after = live_counts(story)
    made = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    if made != {"tasks": 1, "calls": 1, "contacts": 1}:
        raise StepFailed(f"the clicks made {made} in HubSpot")
    return {"completed": len(ended), "clicks": 2 * len(ended), "objects": sum(made.values())}


def deal_with_contact(story: Story) -> tuple[str, str]:
    deals = in_crm(story, "deals", associations=1)["live"]
    found = next(deal for deal in deals if is_open(deal["properties"]) and linked_contacts(deal))
    return str(found["id"]), linked_contacts(found)[0]


def act_twice(story: Story, wish: Mapping[str, Json]) -> Json:
    body = {"connection": story.connection, "chat": "deal-room", "message": "m-1", **wish}
    key = f"click-{wish['type']}"
    first = story.admin.post("/v1/actions", body, Idempotency_Key=key)
    second = story.admin.post("/v1/actions", body, Idempotency_Key=key)
    if first["id"] != second["id"]:
        raise StepFailed(f"two clicks with one key became two actions: {first['id']} and {second['id']}")
    return await_action(story, first["id"])


def await_receipts(story: Story, actions: set[str]) -> None:
    """The chat app hears of each."""

    def heard() -> bool | None:
        events = story.world.chat.get("events", type="action.completed")["events"]
        return actions <= {event["data"]["action"] for event in events} or None

    awaited("receipts in the chat app", heard)


ENDED = {"completed", "failed", "uncertain"}


def await_action(story: Story, id: str, seconds: float = 150.0) -> Json:
    """Until it has ended. What meets a limit is rung with the next minute."""
    return _action_when(story, id, "end", lambda action: action["status"] in ENDED, seconds)


def await_unknown(story: Story, id: str) -> Json:
    """Until a request was sent and nobody knows what became of it."""
    return _action_when(story, id, "unknown outcome", _is_unknown)


def await_rest(story: Story, id: str) -> Json:
    """Until it has ended, or waits to be looked for."""
    return _action_when(story, id, "rest", lambda action: action["status"] in ENDED or _is_unknown(action))


def _is_unknown(action: Json) -> bool:
    return action["status"] == "sending" and action["next_attempt_at"] is not None


def _action_when(story: Story, id: str, what: str, expected: Callable[[Json], bool], seconds: float = 150.0) -> Json:
    seen: Json = None

    def look() -> Json | None:
        nonlocal seen
        seen = story.admin.get(f"/v1/actions/{id}")
        return seen if expected(seen) else None

    try:
        return awaited(f"{what} of action {id}", look, seconds)
    except StepFailed as failed:
        raise StepFailed(f"{failed}; it is {seen['status']}: {seen['error']} {seen['history']}") from None
