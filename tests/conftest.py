"""What every test may rely on: no AWS but a pretended one, and for journeys one local engine per session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.engine import process
from local.engine.deploy import Stack
from local.journey.world import Sizes, World, inhabited

# How fast examples come says more of the machine than of them.
settings.register_profile("crm-bridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crm-bridge")

PRETENDED = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
}

BESIDES_A_LARGE_ONE, SMALL, HOW_MANY_SMALL = 20, 1, 48  # HubSpot accounts, in per cent of the first


@pytest.fixture(scope="session", autouse=True)
def _no_real_aws() -> Iterator[None]:
    """Forget the developer's own AWS; an AWS_ENDPOINT_URL would even bypass moto."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name, value in PRETENDED.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Engine]:
    """Return an engine of this session's own; one that a developer has running is left alone."""
    home = tmp_path_factory.mktemp("engine")
    try:
        yield process.start(home)
    finally:
        process.stop(home)


@pytest.fixture(scope="session")
def world(engine: process.Engine) -> Iterator[World]:
    """Return what the journeys happen in: template.yaml, deployed once, with a chat app and many HubSpot accounts."""
    shares = (BESIDES_A_LARGE_ONE, *[SMALL] * HOW_MANY_SMALL)
    with inhabited(engine, Sizes(shares=shares)) as world:
        yield world


@pytest.fixture(scope="session")
def stack(world: World) -> Stack:
    """Return template.yaml, deployed once."""
    return world.stack


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the repository."""
    return process.ROOT
