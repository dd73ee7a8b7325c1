"""Workers that die: at a chosen step of theirs, counted before and after everything that reaches the outside world."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from crmbridge.domain.actions import Action
from crmbridge.platforms.spec import ActionSpec, Platform
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps

LONGEST_LIFE = 200


class Killed(BaseException):
    """The worker is gone, in the middle of anything."""


@dataclass
class Life:
    """Ends at its step number `last`."""

    last: int
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.last:
            raise Killed

    def around(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **named: Any) -> Any:
            self.step()
            result = do(*args, **named)
            self.step()
            return result

        return done


@dataclass
class Mortal:
    """A store or a queue as a worker sees it who may die at any call."""

    real: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        return self.life.around(getattr(self.real, name))


def mortal(house: Deps, life: Life) -> Deps:
    def dying(name: str) -> Platform:
        platform = house.platform(name)
        actions = {type: _dying(spec, life) for type, spec in platform.actions.items()}
        return replace(platform, actions=actions, fetch=life.around(platform.fetch))

    return replace(
        house,
        platform=dying,
        actions=Mortal(house.actions, life),
        records=Mortal(house.records, life),
        connections=Mortal(house.connections, life),
        workspaces=Mortal(house.workspaces, life),
        outbound=Mortal(house.outbound, life),
        queues=replace(house.queues, chat=Mortal(house.queues.chat, life)),
    )


def _dying(spec: ActionSpec, life: Life) -> ActionSpec:
    pack = replace(spec.pack, send=life.around(spec.pack.send)) if spec.pack else None
    return replace(
        spec,
        send=life.around(spec.send),
        look_up=life.around(spec.look_up),
        copies=life.around(spec.copies),
        pack=pack,
    )


def each_death(house: Deps, ask: Callable[[str], Action]) -> Iterator[Action]:
    """One action of `ask(key)` for every step at which its worker can die; the last one survives."""
    for last in range(1, LONGEST_LIFE):
        action = ask(f"k{last}")
        try:
            execute_action(mortal(house, Life(last)), action.workspace, action.id)
        except Killed:
            yield action
        else:
            yield action
            return
    raise AssertionError("a worker outlived everything")
