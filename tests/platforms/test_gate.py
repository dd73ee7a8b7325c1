"""What a door tells the budget: when a request is over, and limits that come in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from crmbridge.domain.errors import Throttled
from crmbridge.platforms.http import Api, Call


@dataclass
class Watching:
    told: list[Any] = field(default_factory=list)

    def enter(self, pool: str, cost: int = 1) -> None:
        self.told.append(("enter", pool, cost))

    def left(self) -> None:
        self.told.append("left")

    def heard(self, pool: str, headers: Mapping[str, str], status: int) -> None:
        """Not asked about here."""

    def refused(self, pool: str, seconds: float) -> None:
        self.told.append(("refused", pool, seconds))


def explain(status: int, headers: Mapping[str, str], body: bytes, *, sent_write: bool) -> Exception:
    return Throttled("the day is over", platform="little", status=status, retry_after=3600.0, pool="daily")


def test_a_call_names_its_cost_and_gives_its_place_back(told: Callable[..., tuple[Api, Any]]) -> None:
    api, _ = told({"ok": True})
    api = replace(api, gate=(gate := Watching()))

    api.call(Call(method="GET", path="/x", pool="search", cost=40))

    assert gate.told == [("enter", "search", 40), "left"]


def test_a_limit_that_comes_as_a_403_closes_its_pool(told: Callable[..., tuple[Api, Any]]) -> None:
    api, _ = told((403, {}, b"{}"))
    api = replace(api, gate=(gate := Watching()), explain=explain)

    with pytest.raises(Throttled):
        api.get("/x")

    assert gate.told[1:] == ["left", ("refused", "daily", 3600.0)]


def test_a_429_whose_words_name_another_limit_closes_that_one(told: Callable[..., tuple[Api, Any]]) -> None:
    api, _ = told((429, {}, b"{}"))
    api = replace(api, gate=(gate := Watching()), explain=explain)

    with pytest.raises(Throttled):
        api.post("/x", {}, pool="search")

    assert gate.told[1:] == ["left", ("refused", "daily", 3600.0)]


def test_a_request_that_nobody_answered_gives_its_place_back(told: Callable[..., tuple[Api, Any]]) -> None:
    api, _ = told(ConnectionError("away"))
    api = replace(api, gate=(gate := Watching()))

    with pytest.raises(ConnectionError):
        api.get("/x")

    assert gate.told[-1] == "left"


def test_an_answer_that_is_no_json_comes_as_its_bytes(told: Callable[..., tuple[Api, Any]]) -> None:
    api, script = told((200, {"Sforce-Locator": "null"}, b"Id,Name\n1,Ada\n"))

    answer = api.call(Call(method="GET", path="/results", raw=True, headers={"Accept": "text/csv"}))

    assert (answer.json, answer.body) == (None, b"Id,Name\n1,Ada\n")
    assert script.sent[0].headers["Accept"] == "text/csv"


def test_a_status_that_says_nothing_newer_is_an_answer_where_it_is_expected(
    told: Callable[..., tuple[Api, Any]],
) -> None:
    api, _ = told((304, {}, b""))

    answer = api.call(Call(method="GET", path="/x", accepts=(304,), headers={"If-Modified-Since": "now"}))

    assert (answer.status, answer.json) == (304, None)
