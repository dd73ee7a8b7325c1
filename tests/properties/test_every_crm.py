"""Every CRM as it really is: a large account arrives whole at the fewest calls, and so does what changes after it."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from crmbridge.domain.runs import RunType, Status
from crmbridge.platforms.registry import PLATFORMS

from tests.crm_dialects import DIALECTS
from tests.crm_house import House, a_house

SIZES = {"contacts": 5_000, "companies": 1_000, "deals": 2_000, "tasks": 0, "activities": 0}
LINKED = 500
CHANGES = {"contact": (60, 110, 20, 10), "company": (40, 80, 20, 10), "deal": (40, 80, 20, 10)}
"""How many are created, updated, deleted and merged."""


def stir(house: House, chance: Random) -> dict[str, dict[str, str | None]]:
    """Five hundred changes of every sort; what was deleted and merged (loser -> survivor), by object."""
    gone: dict[str, dict[str, str | None]] = {}
    for kind, (created, updated, removed, pairs) in CHANGES.items():
        dialect, ids = house.dialect, chance.sample(house.live(kind), k=removed + updated + 2 * pairs)
        lost, kept = ids[:removed], ids[removed : removed + updated]
        house.sim.mutate(dialect.create(kind, created), dialect.update(kind, kept), dialect.remove(kind, lost))
        gone[dialect.objects[kind]] = dict.fromkeys(lost) | merge(house, kind, ids[removed + updated :])
    return gone


def merge(house: House, kind: str, ids: list[str]) -> dict[str, str | None]:
    """In pairs; where such records cannot be merged, half of them go."""
    dialect = house.dialect
    survivors: dict[str, str | None] = {}
    for winner, loser in zip(ids[::2], ids[1::2], strict=True):
        if kind in dialect.mergeable:
            survivor = str(house.sim.mutate(dialect.merge(kind, winner, loser))[0]["id"])
            survivors |= {id: survivor for id in (winner, loser) if id != survivor}
        else:
            house.sim.mutate(dialect.remove(kind, [loser]))
            survivors[loser] = None
    return survivors


def crowd(house: House) -> str:
    """A company with five hundred contacts of its own."""
    dialect, company = house.dialect, house.live("company")[7]
    made = house.sim.mutate(dialect.create("contact", LINKED, ".crowd", **dialect.companys(company)))[0]["ids"]
    if dialect.link:
        house.sim.mutate(*(dialect.link(contact, company) for contact in made))
    return company


def prepared(house: House) -> str:
    """Somebody has deleted and merged there long before we come; the company with the crowd."""
    company, contacts, companies = crowd(house), house.live("contact"), house.live("company")
    house.sim.mutate(
        house.dialect.remove("contact", contacts[10:20]), house.dialect.remove("company", companies[20:25])
    )
    merge(house, "contact", contacts[30:40])
    house.sim.advance(3600)
    return company


def linked_to(house: House, company: str) -> int:
    links = [one.record.links.get(house.dialect.company, ()) for one in house.stored(house.dialect.contact).values()]
    return sum(company in {link.external_id for link in linked} for linked in links)


def deals(house: House) -> list[Any]:
    """As the CRM has them."""
    truth = house.sim.state(object=house.dialect.deal, associations=1, limit=100_000)
    live: list[Any] = house.dialect.enriched(house.sim, house.dialect.deal, truth)["live"]
    return live


def misremembered(house: House, gone: dict[str, dict[str, str | None]]) -> list[str]:
    """Those that went and are not told as the CRM tells it."""
    found = []
    for object, lost in gone.items():
        stored = house.stored(object)
        for id, survivor in lost.items():
            record, wanted = stored[id].record, house.dialect.merged if survivor else house.dialect.deleted
            if record.state != wanted or (wanted == "merged" and record.successor_id != survivor):
                found.append(f"{object} {id} is {record.state} -> {record.successor_id}, not {wanted} -> {survivor}")
    return found


@pytest.fixture(params=list(PLATFORMS))
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, **SIZES, **DIALECTS[request.param].options) as up:
        yield up


@pytest.mark.slow
def test_a_large_account_and_five_hundred_changes_arrive_whole_at_the_fewest_calls(house: House) -> None:
    dialect, company = house.dialect, prepared(house)

    first, calls = house.finish(str(house.connect().active_run))

    minimum = house.minimum()
    assert (first.status, first.errors) == (Status.SUCCESS, ())
    assert house.differences() == []
    assert linked_to(house, company) >= LINKED
    assert set(house.calls_beside(first).values()) <= {1}
    assert calls - sum(house.calls_beside(first).values()) <= 1.05 * minimum

    before = {str(raw[dialect.id]): raw for raw in deals(house)}
    gone = stir(house, Random(7))
    changed = [raw for raw in deals(house) if before.get(str(raw[dialect.id])) != raw]
    house.sim.advance(600)
    second, calls = house.sync(RunType.INCREMENTAL)
    house.hear()

    assert (second.status, second.errors) == (Status.SUCCESS, ())
    assert house.differences() == []
    assert misremembered(house, gone) == []
    assert calls - sum(house.calls_beside(second).values()) <= dialect.changes + dialect.people_calls(changed, False)
    assert house.sim.requests(summary=1)["throttled"] == 0
