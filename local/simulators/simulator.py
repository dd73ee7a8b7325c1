"""What a platform's simulator offers to the framework around it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from local.simulators.clock import Clock
from local.simulators.deliveries import Outbox
from local.simulators.faults import Rule

Json = Any
"""A JSON value as it came or as it will be sent; the platforms' own modules know its shape."""


class BadCommand(ValueError):
    """A `/_sim/` request that cannot be carried out; its text is the answer."""


def carried_out(
    carry_out: Callable[[Mapping[str, Json]], Json], operation: Mapping[str, Json], refusal: type[Exception]
) -> Json:
    """What an operation comes to. Raises BadCommand also for what the service itself refuses, and for a shape that it
    cannot read."""
    try:
        return carry_out(operation)
    except BadCommand:
        raise
    except refusal as refused:
        raise BadCommand(f"{operation.get('op')}: {refused}") from refused
    except KeyError as missing:
        raise BadCommand(f"{operation.get('op')}: {missing} is missing or unknown") from missing
    except (AttributeError, TypeError, ValueError) as wrong:
        raise BadCommand(f"{operation.get('op')}: {type(wrong).__name__}: {wrong}") from wrong


class Simulator(Protocol):
    """One simulated service.

    `routes` may set `scope["sim.pool"]`, the rate pool that a request was charged to, and `scope["sim.account"]`, in
    whose name it was made; `extras` are control routes of its own, under `/_sim/`; `spoil_token` ends the token of a
    request, and is None where requests carry none.
    """

    name: str
    clock: Clock
    seed: int
    settings: Any
    routes: ASGIApp
    outbox: Outbox | None
    extras: Sequence[BaseRoute]

    def state(self, query: Mapping[str, str]) -> Json: ...

    def mutate(self, operation: Mapping[str, Json]) -> Json: ...

    def throttled(self, rule: Rule, request: Request) -> Response: ...

    @property
    def spoil_token(self) -> Callable[[str, Request], None] | None: ...
