"""The simulators as commands."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from local.simulators.__main__ import parser

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(platform: str, *flags: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A simulator in a process of its own, which ends with the `with`, whatever happens in it."""
    port = free_port()
    command = [sys.executable, "-m", "local.simulators", platform, "--port", str(port), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            await_health(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()


def await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{url}/_sim/health", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers at {url}")


def test_a_simulator_runs_until_it_is_interrupted() -> None:
    with started("hubspot", "--seed", "7", "--contacts", "12", "--token", "T") as (url, process):
        query = {"limit": "100"}
        answer = requests.get(
            f"{url}/crm/v3/objects/contacts", query, headers={"Authorization": "Bearer T"}, timeout=30
        )
        process.terminate()
        out, errors = process.communicate(timeout=30)

    assert len(answer.json()["results"]) == 12
    assert url in out.decode()
    assert errors == b""


def test_slack_runs_by_its_flags_alone() -> None:
    with started("slack", "--token", "xoxb-flag", "--teams", "1") as (url, _):
        me = requests.post(f"{url}/api/auth.test", headers={"Authorization": "Bearer xoxb-flag"}, timeout=30).json()
        state = requests.get(f"{url}/_sim/state", timeout=30).json()

    assert (me["ok"], list(state["teams"])) == (True, ["T0ACME"])


def test_every_option_has_a_flag_with_its_default() -> None:
    wishes = parser().parse_args(["chat", "--port", "1", "--workspace", "w1"])

    assert (wishes.workspace, wishes.audience) == ("w1", "crm-bridge")


def test_an_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["siebel", "--port", "1"])

    assert "hubspot" in capsys.readouterr().err
