"""A month with every CRM, driven by the minute schedule: tokens end, quotas run dry, the CRM is away, the app is thrown
out, the CRM moves, our endpoint is deaf. At the end we have what the CRM has."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from crmbridge.domain.connections import Health
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.edit_connection import edit_connection
from crmbridge.services.schedule_work import schedule_work

from tests.crm_dialects import DIALECTS
from tests.crm_house import ADA, House, a_house

SIZES = {"contacts": 60, "companies": 20, "deals": 30, "tasks": 6, "activities": 8}
STEP = timedelta(hours=1)
STEPS_A_DAY = timedelta(days=1) // STEP
DAYS, EVICTION, DROUGHT = 30, 8, 12
EARLY = timedelta(minutes=7)
"""A token is renewed five minutes ahead of its end; a little more for when the clock stood."""


@dataclass
class Month:
    house: House
    chance: Random = field(default_factory=lambda: Random(11))
    made: int = 0
    refused: list[int] = field(default_factory=list)
    """Calls beyond a limit, day by day."""
    refreshes: list[datetime] = field(default_factory=list)
    forced: int = 0
    """Tokens that ended before their time."""
    channels: list[int] = field(default_factory=list)
    was_gone: bool = False

    def live(self) -> None:
        self.house.connect()
        self.house.work()
        edit_connection(self.house.deps, ADA, self.house.connection_id, {"frequency_minutes": 480})
        for day in range(DAYS):
            DIARY.get(day, Month.nothing)(self)
            for _ in range(STEPS_A_DAY):
                self.tick()
            self.end_day()
        self.rest()

    def tick(self) -> None:
        house = self.house
        house.sim.advance(STEP.total_seconds())
        if self.chance.random() < 0.2:
            self.change()
        schedule_work(house.deps, house.deps.now())
        house.work()
        house.apply()

    def change(self) -> None:
        """A person creates, updates, deletes or merges, or takes part in a deal."""
        house, kind = self.house, self.chance.choice(["contact", "contact", "company", "deal"])
        dialect, self.made = house.dialect, self.made + 1
        ids = self.chance.sample(house.live(kind), k=4)
        orders = [dialect.create(kind, 2, f".{self.made}"), dialect.update(kind, ids[:2])]
        if self.chance.random() < 0.4:
            orders.append(dialect.remove(kind, ids[2:3]))
        elif kind in dialect.mergeable:
            orders.append(dialect.merge(kind, *ids[2:]))
        if dialect.join and kind == "deal":
            orders.append(dialect.join(ids[0], self.chance.choice(house.live("contact"))))
        house.sim.mutate(*orders)

    def end_day(self) -> None:
        sim = self.house.sim
        summary = sim.requests(summary=1)
        self.refused.append(sum(summary["by_status"].get(status, 0) for status in ("403", "429")))
        entries = sim.requests(path="oauth", limit=1_000)["requests"]
        granted = [one for one in entries if one["path"].endswith("/token") and one["status"] == 200]
        self.refreshes += [datetime.fromisoformat(one["at"]) for one in granted]
        self.channels.append(len(self.house.dialect.channels(sim.state(summary=1))))
        sim.forget_requests()

    def rest(self) -> None:
        """Nobody changes anything for two days; the change that comes then is heard of, not polled."""
        for _ in range(2 * STEPS_A_DAY):
            self.house.sim.advance(STEP.total_seconds())
            schedule_work(self.house.deps, self.house.deps.now())
            self.house.work()
            self.house.hear()
        self.house.sim.mutate(self.house.dialect.update("contact", self.house.live("contact")[:2]))
        self.house.hear()

    def nothing(self) -> None:
        """A day like any other."""

    def outage(self) -> None:
        """Two hours of nothing but errors, while people go on."""
        self.house.sim.faults({"kind": "status", "status": 503, "times": None})
        for _ in range(timedelta(hours=2) // STEP):
            self.tick()
        self.house.sim.no_faults()

    def expiry(self) -> None:
        """Tokens end before their time."""
        self.house.sim.mutate({"op": "expire_tokens"})
        self.forced += 1

    def eviction(self) -> None:
        """The app is thrown out; only on the next day somebody connects it again."""
        self.house.sim.mutate({"op": "revoke_token"})

    def reconnection(self) -> None:
        self.was_gone = self.house.connection.health is Health.NEEDS_RECONNECT
        self.house.connect()
        self.forced += 1

    def drought(self) -> None:
        """Other tools have used up the account's quota."""
        self.house.dialect.drought(self.house.sim)

    def rain(self) -> None:
        self.house.dialect.rain(self.house.sim)

    def deafness(self) -> None:
        """Our endpoint answers nothing but errors, for four days: longer than a CRM puts up with."""
        self.house.ear.is_deaf = True

    def hearing(self) -> None:
        self.house.ear.is_deaf = False

    def removal(self) -> None:
        """The account moves to another host, as far as a CRM does that."""
        self.house.dialect.move(self.house.sim)
        self.expiry()


DIARY: Mapping[int, Callable[[Month], None]] = {
    2: Month.outage, 5: Month.expiry, EVICTION: Month.eviction, EVICTION + 1: Month.reconnection,
    DROUGHT: Month.drought, DROUGHT + 1: Month.rain, 16: Month.deafness, 20: Month.hearing, 24: Month.removal,
}  # fmt: skip


@pytest.fixture(params=list(PLATFORMS))
def month(request: pytest.FixtureRequest) -> Iterator[Month]:
    with a_house(request.param, **SIZES, **DIALECTS[request.param].options) as house:
        yield Month(house)


@pytest.mark.slow
def test_a_month_of_trouble_loses_nothing(month: Month) -> None:
    house, dialect = month.house, month.house.dialect

    month.live()

    assert house.differences() == []
    assert month.was_gone
    assert house.connection.health is Health.CONNECTED
    assert [day for day, refused in enumerate(month.refused) if refused and day != DROUGHT] == []
    assert month.refused[DROUGHT] <= MOST_REFUSALS
    assert set(month.channels[:EVICTION] + month.channels[EVICTION + 1 :]) == {int(dialect.has_channel)}
    assert too_soon(month) == []
    assert dialect.home is None or house.base_url == dialect.home(house.sim.url)


MOST_REFUSALS = 40
"""On the day without quota it is asked again now and then, and no more."""


def too_soon(month: Month) -> list[str]:
    """Refreshes that came before the last token was near its end, beyond those that were forced."""
    life = month.house.dialect.token_life - EARLY
    gaps = zip(month.refreshes, month.refreshes[1:], strict=False)
    found = [f"{later} after {later - earlier}" for earlier, later in gaps if later - earlier < life]
    return found[month.forced :]
