"""A small application with every shape of the real template, to try the local engine on."""

from pathlib import Path

import pytest

from local.engine.deploy import Stack, deploy
from local.engine.process import Engine

APP = Path(__file__).parent / "app" / "template.yaml"


@pytest.fixture(scope="session")
def app() -> Path:
    """Return the small application's template."""
    return APP


@pytest.fixture(scope="session")
def small(engine: Engine, app: Path) -> Stack:
    """Return the small application, deployed once beside whatever else the engine holds."""
    return deploy(engine, {"Greeting": "moin"}, template=app, name="small")
