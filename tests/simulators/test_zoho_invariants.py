"""Whatever people do in any order, the simulator's own books agree with each other."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.simulators.simulator import BadCommand
from local.simulators.zoho.options import Options
from local.simulators.zoho.org import Org
from local.simulators.zoho.suite import Suite

OPERATIONS = ("create", "update", "delete", "restore", "purge", "merge", "move", "touch")


@dataclass(frozen=True)
class Deed:
    operation: str
    first: int
    second: int


deeds = st.lists(st.builds(Deed, st.sampled_from(OPERATIONS), st.integers(0, 9), st.integers(0, 9)), max_size=40)


def fresh() -> Suite:
    return Suite(Options(contacts=6, companies=3, leads=0, deals=2, tasks=2, activities=3, orgs=1))


def order(suite: Suite, org: Org, deed: Deed) -> dict[str, Any]:
    store = org.stores["Contacts"]
    ids = [*store.rows, *store.gone] or ["0"]
    one, other = ids[deed.first % len(ids)], ids[deed.second % len(ids)]
    account = list(org.stores["Accounts"].rows)[deed.second % 3]
    wish: dict[str, Any] = {"op": deed.operation, "object": "Contacts", "id": one, "primary": one, "other": other}
    if deed.operation == "move":
        return {**wish, "op": "update", "fields": {"Account_Name": {"id": account}}}
    return {**wish, "fields": {"Last_Name": "P", "CRM_Bridge_Key": f"k{deed.second}"}}


def carried_out(suite: Suite, org: Org, deed: Deed) -> bool:
    try:
        suite.mutate(order(suite, org, deed))
    except BadCommand:
        return False
    return True


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deeds)
def test_the_books_agree(history: list[Deed]) -> None:
    suite = fresh()
    org = suite.org(None)

    for deed in history:
        carried_out(suite, org, deed)

    store = org.stores["Contacts"]
    keys = [str(row["CRM_Bridge_Key"]) for row in store.rows.values() if "CRM_Bridge_Key" in row]
    assert not set(store.rows) & set(store.gone)
    assert not set(store.rows) & set(store.merged)
    assert len(keys) == len(set(keys))
    assert all(store.holder("CRM_Bridge_Key", row["CRM_Bridge_Key"]) == row["id"]
               for row in store.rows.values() if "CRM_Bridge_Key" in row)  # fmt: skip
    assert [row_id for _, row_id in store.ordered("id")] == sorted(store.rows)
    assert {row_id for _, row_id in store.ordered("Modified_Time")} == set(store.rows)
    assert suite.state({"object": "Contacts"})["counts"]["live"] == len(store.rows)
