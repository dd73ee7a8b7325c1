"""Rules, what they are still to be asked about, and what they did, over both stores."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.errors import Clash, Invalid, NotFound, Problem, Stale
from crmbridge.domain.merging import UNSEEN, RecordWrite, Sighting, judge
from crmbridge.domain.occasions import ChatMessage
from crmbridge.domain.records import Kind, Link, Record, RecordKey, State
from crmbridge.domain.rules import Firing, FiringStatus, On, Rule, Stop, Trigger, Trouble
from crmbridge.entry.streams import record_moved
from crmbridge.storage.firings import FiringStore
from crmbridge.storage.items import Items
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.occasions import OccasionStore
from crmbridge.storage.record_items import item_key
from crmbridge.storage.records import RecordStore
from crmbridge.storage.rules import RuleStore

BEGIN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
DEAL = RecordKey("w1", "c1", "deals", "1")
MakeItems = Callable[[str], Items]


def a_rule(id: str = "r1", **parts: Any) -> Rule:
    known: dict[str, Any] = {
        "workspace": "w1", "name": "Big", "trigger": Trigger(on=On.CHANGE, fields=("amount",)), "acts_as": "u1",
        "condition": {"field": "amount", "operator": "gte", "value": 1}, "actions": ({"template": "note"},),
        "created_by": "u1", "created_at": BEGIN, "since": BEGIN,
    }  # fmt: skip
    return Rule(id=id, **{**known, **parts})


def a_firing(id: str = "f1", **parts: Any) -> Firing:
    return Firing(
        **{
            "id": id,
            "workspace": "w1",
            "rule": "r1",
            "epoch": 1,
            "acts_as": "u1",
            "at": BEGIN,
            "what": "updated",
            **parts,
        }
    )


@pytest.fixture
def rules(make_items: MakeItems) -> RuleStore:
    return RuleStore(make_items("control"))


@pytest.fixture
def journal(make_items: MakeItems) -> Items:
    return make_items("journal")


@pytest.fixture
def occasions(journal: Items) -> OccasionStore:
    return OccasionStore(journal)


@pytest.fixture
def firings(journal: Items) -> FiringStore:
    return FiringStore(journal)


@pytest.fixture
def moved() -> Callable[..., RecordMoved]:
    """A deal was stored as one thing, then as another: what the stream showed of the last."""
    table = MemoryItems("records")
    records = RecordStore(table)

    def move(*contents: Mapping[str, Any], links: tuple[str, ...] = ()) -> RecordMoved:
        found = None
        for number, fields in enumerate(contents):
            before = dict(table.get(*item_key(DEAL)) or {})
            ends = {"contacts": tuple(Link("contacts", id) for id in links)}
            seen = Sighting(object="deals", external_id="1", kind=Kind.DEAL, fingerprint=str(fields), links=ends)
            head = records.heads([DEAL]).get(DEAL, UNSEEN)
            verdict = judge(head, seen, BEGIN + timedelta(minutes=number))
            record = Record(platform="hubspot", object="deals", external_id="1", kind=Kind.DEAL, fields=fields)
            write = RecordWrite(DEAL, Kind.DEAL, State.LIVE, None, Cause(Origin.WEBHOOK), verdict, record, ends)
            assert not records.write([write])
            found = record_moved(before, dict(table.get(*item_key(DEAL)) or {}), "e")
        assert found
        return found

    return move


def test_a_rule_comes_back_as_it_was_saved(rules: RuleStore) -> None:
    trouble = Trouble(Stop.LOOP, "round and round", BEGIN, ("r1", "r2"))
    rules.add(a_rule(trouble=trouble, paused=True), 10)

    assert rules.get("w1", "r1") == a_rule(trouble=trouble, paused=True)


def test_another_workspaces_rule_is_not_there(rules: RuleStore) -> None:
    rules.add(a_rule(), 10)

    with pytest.raises(NotFound):
        rules.get("w2", "r1")
    assert rules.listening("w2") == frozenset()


def test_what_is_listened_to_is_counted(rules: RuleStore) -> None:
    told = a_rule("r2", trigger=Trigger(on=On.MESSAGE, labels=("quote",)))
    contacts = a_rule("r3", trigger=Trigger(on=On.CHANGE, kind=Kind.CONTACT))
    for rule in (a_rule(), told, contacts):
        rules.add(rule, 10)
    rules.delete(contacts)
    rules.delete(contacts)

    assert rules.listening("w1") == {"deal", "message"}
    assert [rule.id for rule in rules.snapshot("w1")[1]] == ["r1", "r2"]


def test_every_edit_moves_the_list_on(rules: RuleStore) -> None:
    rules.add(a_rule(), 10)
    before = rules.version("w1")

    rules.save(replace(rules.get("w1", "r1"), name="Bigger"))

    assert rules.version("w1") > before
    with pytest.raises(Stale):
        rules.save(a_rule(name="Late"))


def test_a_full_list_takes_no_more(rules: RuleStore) -> None:
    rules.add(a_rule(), 1)

    with pytest.raises(Clash, match="as many as it may have"):
        rules.add(a_rule("r2"), 1)


def test_a_change_is_kept_as_it_was_before_and_after(occasions: OccasionStore, moved: Any) -> None:
    change = moved({"name": "Old", "amount": Decimal(40)}, {"name": "New", "amount": Decimal(60)}, links=("7",))

    (id,) = occasions.note([change], BEGIN)

    found = occasions.get("w1", id)
    assert found
    assert found.change
    assert found.change.before
    assert (found.change.before.record.name, found.change.after.record.amount) == ("Old", Decimal(60))
    assert found.change.after.record.links == {"contacts": (Link("contacts", "7"),)}
    assert (found.at, found.change.after.cause) == (BEGIN, Cause(Origin.WEBHOOK))


def test_one_change_has_one_name_and_another_another(occasions: OccasionStore, moved: Any) -> None:
    first, second = moved({"name": "a"}), moved({"name": "b"})

    assert occasions.note([first], BEGIN) == occasions.note([first], BEGIN + timedelta(hours=1))
    assert occasions.note([first], BEGIN) != occasions.note([second], BEGIN)


def test_a_long_record_is_kept_in_parts(journal: Items, moved: Any) -> None:
    occasions = OccasionStore(journal, chunk=100)
    (id,) = occasions.note([moved({"name": "x"}, {"name": "y"})], BEGIN)

    found = occasions.get("w1", id)

    assert found
    assert found.change
    assert found.change.after.record.name == "y"
    assert len(journal.query(f"w1#occasion#{id}").items) > 1


def test_of_what_is_settled_nothing_is_kept_but_that(journal: Items, moved: Any) -> None:
    occasions = OccasionStore(journal, chunk=100)
    (id,) = occasions.note([moved({"name": "x"})], BEGIN)

    occasions.settle("w1", id, BEGIN)

    (row,) = journal.query(f"w1#occasion#{id}").items
    assert row.keys() == {"pk", "sk", "at", "parts", "settled", "expires_at"}


def test_of_what_is_settled_nothing_is_kept_though_it_is_noted_again(journal: Items, moved: Any) -> None:
    occasions = OccasionStore(journal, chunk=100)
    change = moved({"name": "x"})
    (id,) = occasions.note([change], BEGIN)
    occasions.settle("w1", id, BEGIN)

    occasions.note([change], BEGIN)

    assert [row["sk"] for row in journal.query(f"w1#occasion#{id}").items] == ["occasion"]


def test_an_occasion_knows_which_rules_have_begun_until_it_is_settled(occasions: OccasionStore) -> None:
    id = occasions.hear("w1", ChatMessage(chat="c", id="m"), BEGIN)

    occasions.begin("w1", id, "r1")
    occasions.begin("w1", id, "r2")

    found = occasions.get("w1", id)
    assert found
    assert found.begun == {"r1", "r2"}
    occasions.settle("w1", id, BEGIN)
    occasions.begin("w1", id, "r1")
    assert occasions.get("w1", id) is None


def test_what_is_settled_stays_settled_however_often_it_is_noted(occasions: OccasionStore, moved: Any) -> None:
    change = moved({"name": "a"})
    (id,) = occasions.note([change], BEGIN)

    occasions.settle("w1", id, BEGIN)
    occasions.note([change], BEGIN)

    assert occasions.get("w1", id) is None
    assert occasions.due(BEGIN + timedelta(days=1)) == []


def test_the_first_telling_of_a_message_counts(occasions: OccasionStore) -> None:
    message = ChatMessage(chat="c", id="m", text="Hello", labels=("quote",))

    id = occasions.hear("w1", message, BEGIN)
    again = occasions.hear("w1", replace(message, text="Other"), BEGIN)

    found = occasions.get("w1", id)
    assert (id, found and found.message) == (again, message)


def test_what_nobody_settles_is_due_again_and_again_more_seldom(occasions: OccasionStore) -> None:
    id = occasions.hear("w1", ChatMessage(chat="c", id="m"), BEGIN)
    soon, later = BEGIN + timedelta(minutes=3), BEGIN + timedelta(minutes=7)

    assert occasions.due(BEGIN) == []
    assert occasions.due(soon) == [("w1", id)]
    occasions.postpone("w1", id, soon)
    assert occasions.due(soon) == []
    assert occasions.due(later) == [("w1", id)]


def test_a_firing_is_claimed_once(firings: FiringStore) -> None:
    problem = Problem("actions[0]", "is wrong", "mend it")
    firings.claim(a_firing(record=DEAL))
    done = a_firing(record=DEAL, status=FiringStatus.DONE, actions=("a1",), problems=(problem,))
    firings.save(done)

    assert firings.claim(a_firing(at=BEGIN + timedelta(hours=1))) == (done, False)
    assert (firings.get("w1", "f1"), firings.get("w2", "f1")) == (done, None)


def test_firings_of_a_rule_are_listed_the_newest_first(firings: FiringStore) -> None:
    for number in range(5):
        firings.claim(a_firing(f"f{number}", at=BEGIN + timedelta(minutes=number)))
    firings.claim(a_firing("other", rule="r2"))

    first = firings.of_rule("w1", "r1", limit=3, cursor=None)
    second = firings.of_rule("w1", "r1", limit=3, cursor=first.cursor)

    assert [firing.id for firing in (*first.items, *second.items)] == ["f4", "f3", "f2", "f1", "f0"]
    with pytest.raises(Invalid):
        firings.of_rule("w1", "r1", limit=3, cursor="junk")


def test_firings_are_counted_by_hour_and_record(firings: FiringStore) -> None:
    other = DEAL._replace(external_id="2")

    counts = [firings.count("w1", "r1", key, BEGIN) for key in (DEAL, DEAL, other, None)]

    assert counts == [(1, 1), (2, 2), (3, 1), (4, 0)]
    assert firings.count("w1", "r1", DEAL, BEGIN + timedelta(hours=1)) == (1, 1)
