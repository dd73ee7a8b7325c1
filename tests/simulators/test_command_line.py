"""The simulators as commands."""

import socket
import subprocess
import sys
import time
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


def wait_for(url: str) -> requests.Response:
    for _ in range(100):
        try:
            return requests.get(url, headers={"Authorization": "Bearer T"}, timeout=2)
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


def test_a_simulator_runs_until_it_is_interrupted() -> None:
    port = free_port()
    words = ["hubspot", "--port", str(port), "--seed", "7", "--contacts", "12", "--token", "T"]
    command = [sys.executable, "-m", "local.simulators", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    answer = wait_for(f"http://127.0.0.1:{port}/crm/v3/objects/contacts?limit=100")
    process.terminate()
    out, errors = process.communicate(timeout=5)

    assert len(answer.json()["results"]) == 12
    assert f"127.0.0.1:{port}" in out.decode()
    assert errors == b""


def test_every_option_has_a_flag_with_its_default() -> None:
    wishes = parser().parse_args(["chat", "--port", "1", "--workspace", "w1"])

    assert (wishes.workspace, wishes.audience) == ("w1", "crm-bridge")


def test_an_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["siebel", "--port", "1"])

    assert "hubspot" in capsys.readouterr().err
