"""What rules did, in the journal.

pk  workspace#firing#id      sk  firing        the claim: who puts it acts
pk  workspace#firings#rule   sk  instant#id    the same in order
pk  workspace#tally#rule     sk  a period      how often, for the breaker
"""

from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.records import RecordKey, instant_text
from crmbridge.domain.rules import RECORD_PERIOD, Firing
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.items import EXPIRES, NEW, Item, Items, Key, Write
from crmbridge.storage.keys import cursor_of, joined, place_of

KEPT: Final = timedelta(days=90)
HOUR: Final = timedelta(hours=1)


class FiringStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def claim(self, firing: Firing) -> tuple[Firing, bool]:
        """A firing that expired between the two looks is claimed anew."""
        key, listed = _key(firing.workspace, firing.id), _listed(firing)
        place: Item = {"pk": listed[0], "sk": listed[1], EXPIRES: _expires(firing)}
        while self._items.write_all([Write(key=key, put=_item(firing), when=NEW), Write(key=listed, put=place)]):
            there = self.get(firing.workspace, firing.id)
            if there is not None:
                return there, False
        return firing, True

    def get(self, workspace: str, id: str) -> Firing | None:
        row = self._items.get(*_key(workspace, id))
        return from_json(Firing, row["firing"]) if row else None

    def save(self, firing: Firing) -> None:
        self._items.put(_item(firing))

    def of_rule(self, workspace: str, rule: str, *, limit: int, cursor: str | None) -> PageOf[Firing]:
        """Raises Invalid for a cursor of nowhere."""
        pk = _rule(workspace, rule)
        after = {"pk": pk, "sk": place_of(cursor, str)[0]} if cursor is not None else None
        page = self._items.query(pk, limit=limit, after=after, reverse=True)
        keys = [_key(workspace, row["sk"].rpartition("#")[2]) for row in page.items]
        found = self._items.get_many(keys)
        more = cursor_of(page.after["sk"]) if page.after else None
        return PageOf([from_json(Firing, found[key]["firing"]) for key in keys if key in found], more)

    def count(self, workspace: str, rule: str, record: RecordKey | None, now: datetime) -> tuple[int, int]:
        in_hour = self._more(workspace, rule, "hour", HOUR, now)
        if record is None:
            return in_hour, 0
        place = joined("record", record.connection, record.object, record.external_id)
        return in_hour, self._more(workspace, rule, place, RECORD_PERIOD, now)

    def _more(self, workspace: str, rule: str, what: str, period: timedelta, now: datetime) -> int:
        number = int(now.timestamp() // period.total_seconds())
        expires = int((now + 2 * period).timestamp())
        row = self._items.update(
            (f"{workspace}#tally#{rule}", f"{what}#{number}"), set={EXPIRES: expires}, add={"times": 1}
        )
        return int(row["times"]) if row else 0


def _key(workspace: str, id: str) -> Key:
    return f"{workspace}#firing#{id}", "firing"


def _rule(workspace: str, rule: str) -> str:
    return f"{workspace}#firings#{rule}"


def _listed(firing: Firing) -> Key:
    return _rule(firing.workspace, firing.rule), f"{instant_text(firing.at)}#{firing.id}"


def _item(firing: Firing) -> Item:
    pk, sk = _key(firing.workspace, firing.id)
    return {"pk": pk, "sk": sk, "firing": to_json(firing), EXPIRES: _expires(firing)}


def _expires(firing: Firing) -> int:
    return int((firing.at + KEPT).timestamp())
