"""The optional fields of v2 records that are counted or looked up over everything else in the company."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.kinds import Kind
from local.simulators.pipedrive.participants_api import people_of
from local.simulators.pipedrive.store import Record, Values

COLUMNS = {"persons": "person_id", "organizations": "org_id", "deals": "deal_id"}


class Counts:
    """One pass over activities, deals, notes and people serves a whole page."""

    def __init__(self, company: Company, kind: Kind) -> None:
        self._company = company
        self._kind = kind
        self._tallies: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._next: dict[int, tuple[str, int]] = {}
        self._last: dict[int, tuple[str, int]] = {}
        if kind.name in COLUMNS:
            self._count_activities(COLUMNS[kind.name])
            self._count_others(COLUMNS[kind.name])

    def adder(self, names: Sequence[str]) -> Callable[[Record, Values], None]:
        def add(record: Record, body: Values) -> None:
            for name in names:
                body[name] = self._value(name, record)

        return add

    def _value(self, name: str, record: Record) -> object:
        if name in record.values:
            return record.values[name]
        if name in {"next_activity_id", "last_activity_id"}:
            nearest = self._next if name.startswith("next") else self._last
            return nearest.get(record.id, ("", None))[1]
        if name == "followers_count":
            return len(self._company.followers.get((self._kind.name, record.id), {}))
        if name == "participants_count":
            return len(people_of(self._company, record))
        if name == "first_won_time":
            return record.values["won_time"]
        return self._tallies[name.removeprefix("related_")][record.id] if name.endswith("_count") else None

    def _count_activities(self, column: str) -> None:
        for record in self._company.stores["activities"].live():
            number, done = record.values[column], record.values["done"]
            if number is None:
                continue
            self._tallies["activities_count"][number] += 1
            self._tallies["done_activities_count" if done else "undone_activities_count"][number] += 1
            due = (record.values["due_date"] or "", record.id)
            if done:
                self._last[number] = max(due, self._last.get(number, due))
            else:
                self._next[number] = min(due, self._next.get(number, due))

    def _count_others(self, column: str) -> None:
        stores = self._company.stores
        for note in stores["notes"].live():
            self._tallies["notes_count"][note.values[column]] += 1
        if column == "deal_id":
            return
        for deal in stores["deals"].live():
            number, status = deal.values[column], deal.values["status"]
            self._tallies[f"{status}_deals_count"][number] += 1
            if status != "open":
                self._tallies["closed_deals_count"][number] += 1
        for person in stores["persons"].live():
            self._tallies["people_count"][person.values["org_id"]] += 1
