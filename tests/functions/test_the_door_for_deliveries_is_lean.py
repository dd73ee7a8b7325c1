"""What a cold start of the webhooks' function loads: asked of a process of its own, for imports stay."""

import subprocess
import sys
from pathlib import Path

import pytest
from crmbridge.platforms import registry

LAYER = Path(__file__).parents[2] / "layers" / "bridge"
HEAVY = ("boto3", "botocore", "crmbridge.platforms.http", "crmbridge.platforms.spec", "requests", "ssl")
ASK = "import sys; from crmbridge.platforms import registry; registry.webhook(sys.argv[1]); print(*sys.modules)"


@pytest.mark.parametrize("platform", registry.NAMES)
def test_no_delivery_pays_for_what_talks_to_a_crm(platform: str) -> None:
    asked = [sys.executable, "-c", ASK, platform]
    done = subprocess.run(asked, env={"PYTHONPATH": str(LAYER)}, capture_output=True, text=True, check=True)

    assert f"crmbridge.platforms.{platform}.webhook" in done.stdout.split()
    assert not set(HEAVY) & set(done.stdout.split())
