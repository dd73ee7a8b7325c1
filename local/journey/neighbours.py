"""The other CRMs beside HubSpot: each connected through its own dance, synced, and compared with what it holds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from crmbridge.domain.records import State
from crmbridge.platforms.registry import PLATFORMS

from local.engine.process import Engine
from local.journey.client import StepFailed
from local.journey.steps import Story, await_run, come_back
from local.journey.truth import records, scanned
from local.journey.world import CLIENT_SECRET, PREFIX, Simulator, put_secret, simulator

Json = Any
CONVERTED = ("IsConverted", "Converted__s")
"""What says of a lead that it is none any more."""
SIZES: Mapping[str, str | int] = {"contacts": 500, "companies": 100, "deals": 200}


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A CRM of `make run`: `objects` maps what it calls a record, to the name a person knows it by, and ours."""

    platform: str
    client_id: str
    objects: Mapping[str, tuple[str, str]]
    id: str = "id"
    auth_path: str = ""
    account: str = "1"
    """What approves at the simulator's consent page: an account, as that CRM names it."""
    other_hosts: tuple[str, ...] = ()
    """Paths of further login hosts, which a callback may name: a CRM's data centres."""
    options: Mapping[str, str | int] = field(default_factory=dict)
    people: Callable[[Json], set[str]] | None = None
    """Who belongs to a deal as the simulator holds it, where that is told with the deal."""
    people_of: tuple[str, str] = ("", "")
    """What it calls deals, and the people of deals."""

    @property
    def title(self) -> str:
        return PLATFORMS[self.platform].title

    def start(self, engine: Engine) -> AbstractContextManager[Simulator]:
        flags = {"client-id": self.client_id, "client-secret": CLIENT_SECRET, **SIZES, **self.options}
        return simulator(self.platform, engine.home, flags)


def _participants(deal: Json) -> set[str]:
    return {str(id) for id in (deal["person_id"], *deal["participants"]) if id is not None}


def _contacts(deal: Json) -> set[str]:
    own = deal.get("Contact_Name") or {}
    return {*deal.get("contact_roles", ()), *([own["id"]] if own else [])}


NEIGHBOURS = (
    Neighbour(
        "salesforce",
        "3MVG9simulatorConsumerKey",
        {
            "Contact": ("LastName", "last_name"),
            "Lead": ("LastName", "last_name"),
            "Account": ("Name", "name"),
            "Opportunity": ("Name", "name"),
        },
        id="Id",
    ),
    Neighbour(
        "pipedrive",
        "9f0c0ffee0000001",
        {"persons": ("last_name", "last_name"), "organizations": ("name", "name"), "deals": ("title", "name")},
        account="5550001",
        people=_participants,
        people_of=("deals", "persons"),
    ),
    Neighbour(
        "zoho",
        "1000.SIMULATORCLIENT",
        {
            "Contacts": ("Last_Name", "last_name"),
            "Leads": ("Last_Name", "last_name"),
            "Accounts": ("Account_Name", "name"),
            "Deals": ("Deal_Name", "name"),
        },
        other_hosts=("/accounts.zoho.eu",),
        people=_contacts,
        people_of=("Deals", "Contacts"),
    ),
)


@contextmanager
def neighbours(engine: Engine) -> Iterator[Mapping[Neighbour, Simulator]]:
    """Every other CRM there is an adapter for, up for as long as the `with` lasts."""
    with ExitStack() as cleanup:
        yield {one: cleanup.enter_context(one.start(engine)) for one in NEIGHBOURS if one.platform in PLATFORMS}


def visit(story: Story, neighbour: Neighbour, crm: Simulator) -> Mapping[str, Json]:
    """Connect, sync, compare; says how many records arrived and what they cost."""
    keep_app(story.world.stack.engine, neighbour, crm)
    there = Story(story.world, story.admin, workspace=story.workspace)
    there.connection = connect(there, neighbour)
    listen(there, neighbour, crm)
    run = await_run(there)
    compare(there, neighbour, crm)
    summary = crm.get("requests", summary=1)
    counts = run["counts"].values()
    return {
        "connection": there.connection,
        "records": sum(each["read"] for each in counts),
        "calls": sum(each["calls"] for each in counts),
        "throttled": summary["throttled"],
    }


def keep_app(engine: Engine, neighbour: Neighbour, crm: Simulator) -> None:
    """What an operator stores once: our app at that CRM."""
    app = {"client_id": neighbour.client_id, "client_secret": CLIENT_SECRET, "api_url": crm.url}
    others = " ".join(crm.url + path for path in neighbour.other_hosts)
    hosts = {"auth_url": crm.url + neighbour.auth_path, "hosts": others}
    put_secret(engine.client("secretsmanager"), f"{PREFIX}/apps/{neighbour.platform}", {**app, **hosts})


def connect(story: Story, neighbour: Neighbour) -> str:
    started = story.admin.post(f"/v1/oauth/{neighbour.platform}/start", {})
    pressed = f"{started['authorize_url']}&_sim_approve={neighbour.account}"
    answer = requests.get(pressed, timeout=30, allow_redirects=False)
    if answer.status_code not in (302, 303):
        raise StepFailed(f"{neighbour.platform}'s authorize page answered {answer.status_code}: {answer.text[:300]}")
    come_back(answer.headers["location"])
    connections = story.admin.get("/v1/connections")["items"]
    return str(next(one["id"] for one in connections if one["platform"] == neighbour.platform))


def listen(story: Story, neighbour: Neighbour, crm: Simulator) -> None:
    """As an admin does in a CRM that must be told by hand where to deliver."""
    channels = PLATFORMS[neighbour.platform].channels
    if channels is not None and channels.setup:
        made = story.admin.post(f"/v1/connections/{story.connection}/address")
        address = next(word for word in made["steps"].split() if word.startswith(made["url"]))
        crm.post("settings", {"webhook_url": address})


def compare(story: Story, neighbour: Neighbour, crm: Simulator) -> None:
    found = [line for object in neighbour.objects for line in differences(story, neighbour, crm, object)]
    found += strangers(story, neighbour, crm)
    if found:
        raise StepFailed(f"{neighbour.platform}: {len(found)} differences, for example {'; '.join(found[:5])}")


def differences(story: Story, neighbour: Neighbour, crm: Simulator, object: str) -> Iterator[str]:
    """Who lives (in the archive, too, where a CRM has one; a converted lead does not), and what each is called."""
    remote, ours = neighbour.objects[object]
    living = [one for one in crm.get("state", object=object)["live"] if not any(map(one.get, CONVERTED))]
    truth = {str(one[neighbour.id]): one.get(remote) for one in living}
    stored = scanned(records(story.world), story, object)
    there = (State.LIVE, State.ARCHIVED)
    held = {one.key.external_id: one.record.get(ours) for one in stored if one.record.state in there}
    yield from (f"{object} {id} is missing" for id in sorted(truth.keys() - held.keys()))
    yield from (f"{object} {id} lives only in the table" for id in sorted(held.keys() - truth.keys()))
    for id in truth.keys() & held.keys():
        if (held[id] or None) != (truth[id] or None):
            yield f"{object} {id} is called {held[id]!r}, in the CRM {truth[id]!r}"


def strangers(story: Story, neighbour: Neighbour, crm: Simulator) -> Iterator[str]:
    """Who belongs to a deal in one place only; somebody who was deleted belongs to none."""
    if neighbour.people is None:
        return
    deals, contacts = neighbour.people_of
    living = {str(one[neighbour.id]) for one in crm.get("state", object=contacts)["live"]}
    truth = {str(deal[neighbour.id]): neighbour.people(deal) for deal in crm.get("state", object=deals)["live"]}
    for one in scanned(records(story.world), story, deals):
        wanted = truth.get(one.key.external_id, set())
        held = {link.external_id for link in one.record.links.get(contacts, ())}
        if one.record.state in (State.LIVE, State.ARCHIVED) and wanted <= living and held != wanted:
            yield f"{deals} {one.key.external_id}: {sorted(held)} belong to it, in the CRM {sorted(wanted)}"
