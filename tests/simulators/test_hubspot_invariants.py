"""Whatever people and apps do in any order, the simulator's own books agree with each other."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from local.simulators.hubspot.errors import ApiError
from local.simulators.hubspot.hub import Hub
from local.simulators.hubspot.options import Options
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.schema import ASSOCIATION_BY_ID, TYPES
from local.simulators.hubspot.store import unique_values
from local.simulators.simulator import BadCommand

OPERATIONS = ("create", "update", "archive", "restore", "merge", "gdpr_delete", "associate", "primary", "disassociate")


@dataclass(frozen=True)
class Deed:
    operation: str
    first: int
    second: int


deeds = st.lists(st.builds(Deed, st.sampled_from(OPERATIONS), st.integers(0, 9), st.integers(0, 9)), max_size=40)


def fresh() -> tuple[Hub, Portal]:
    hub = Hub(Options(contacts=6, companies=3, deals=0, tasks=0, activities=0, portals=1))
    return hub, next(iter(hub.portals.values()))


def refusal(hub: Hub, portal: Portal, deed: Deed) -> BadCommand | None:
    """Do it, or say why HubSpot would not."""
    contacts = [*portal.stores["contacts"].records, *portal.stores["contacts"].merged] or [0]
    companies = list(portal.stores["companies"].live)
    one, other = (str(contacts[number % len(contacts)]) for number in (deed.first, deed.second))
    order: dict[str, object] = {"op": deed.operation, "object": "contacts", "id": one, "primary": one, "other": other}
    order |= {"to_object": "companies", "to_id": str(companies[deed.second % len(companies)])}
    if deed.operation == "primary":
        order |= {"op": "associate", "label": "Primary"}
    if deed.operation in ("create", "update"):
        order |= {"properties": {"email": f"person{deed.second}@example.test", "firstname": "P"}}
    try:
        hub.mutate(order)
    except BadCommand as refused:
        return refused
    return None


def links_agree(portal: Portal) -> bool:
    edges = {
        (kind.id, source, target)
        for kind in ASSOCIATION_BY_ID.values()
        for source in portal.stores[kind.source.name].records
        for target, types in portal.links.of(kind.source, source, kind.target).items()
        if kind.id in types
    }
    return edges == {(ASSOCIATION_BY_ID[kind].inverse, target, source) for kind, source, target in edges}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deeds)
def test_the_books_agree(history: list[Deed]) -> None:
    hub, portal = fresh()

    refusals = [refusal(hub, portal, deed) for deed in history]

    store = portal.stores["contacts"]
    assert all(isinstance(each.__cause__, ApiError | None) for each in refusals if each)
    held = [value for each in store.live for value in unique_values("email", store.records[each].values)]
    assert {*store.live} | {*store.archived} == set(store.records)
    assert not {*store.live} & {*store.archived}
    assert not set(store.records) & {*store.merged, *store.erased}
    assert len(held) == len(set(held))
    assert links_agree(portal)
    assert all(
        len([types for types in portal.links.of(TYPES[0], each, TYPES[1]).values() if 1 in types]) <= 1
        for each in store.live
    )
    assert all(store.find(loser) or store.survivor(loser) not in store.live for loser in store.merged)
