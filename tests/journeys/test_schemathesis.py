"""The API keeps to its own description, whatever it is sent: schemathesis makes the requests and reads the answers."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from crmbridge.entry.openapi import DOCUMENT
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.journey.client import Bridge
from local.journey.world import World
from tests.journeys.belongings import Ids, path_parameters

pytestmark = pytest.mark.journey

DESCRIBED = schemathesis.openapi.from_path(str(Path(DOCUMENT)))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
SEARCH = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def owner(mine: Ids, world: World) -> Bridge:
    """Return the admin of a workspace that has something of everything."""
    return world.sign_in(workspace=mine["workspace"])


@DESCRIBED.parametrize()
@SEARCH
def test_whatever_is_sent_is_answered_as_described(
    case: schemathesis.Case[Any], owner: Bridge, mine: Ids, world: World
) -> None:
    """Deleting stays with invented ids; elsewhere every other request is about something that is there."""
    if case.method != "DELETE" and hash(str(case.body)) % 2:
        case.path_parameters = dict(path_parameters(case.path, mine))

    answer = case.call(base_url=world.api_url, headers={"Authorization": f"Bearer {owner.credential}"})

    case.validate_response(answer, checks=CHECKS)
