"""Start and stop the engine; at most one per home folder, heard on 127.0.0.1 alone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV = BUILD / "engine-venv"
PORT = 4566
REGION = "us-east-1"
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)
START_SECONDS = 30.0
STOP_SECONDS = 5.0
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}  # engines started by this very process, which must bury them


class EngineFailed(Exception):
    """The engine, or what was asked of it, did not come up; the message says what to read."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. What it keeps (log, state, archives) lies in its home folder."""

    pid: int
    port: int
    home: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """Return a boto3 client of this engine, whatever the environment says."""
        return client(self.url, service)


@cache
def session() -> Any:
    import boto3

    return boto3.Session("test", "test", region_name=REGION)


@cache
def client(url: str, service: str) -> Any:
    return session().client(service, endpoint_url=url)


def start(home: Path = BUILD, port: int | None = None) -> Engine:
    """Return the engine of this home, started if it was not running.

    A port that was asked for must be free; the usual one gives way to any other.
    """
    if engine := running(home):
        return engine
    if not (VENV / "bin" / "python").exists():
        raise EngineFailed("The local engine is not installed; `make install` does it.")
    scratch(home).mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    with (home / "engine.log").open("wb") as log:
        process = subprocess.Popen(
            [VENV / "bin" / "python", "-m", "ministack.app"],
            cwd=scratch(home),
            env=environment(home, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    CHILDREN[process.pid] = process
    engine = Engine(process.pid, port, home)
    remember(engine)
    wait_until_healthy(engine)
    return engine


def running(home: Path = BUILD) -> Engine | None:
    """Return the engine started from this home, if it still runs."""
    try:
        known = json.loads((home / "engine.json").read_text())
        engine = Engine(known["pid"], known["port"], home)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return engine if is_ours(engine.pid) else None


def stop(home: Path = BUILD) -> bool:
    """Stop the engine with its Lambdas and remove what it wrote, its log excepted; tell whether there was one."""
    engine = running(home)
    if engine:
        end(engine)
    (home / "engine.json").unlink(missing_ok=True)
    remove(scratch(home))
    return engine is not None


def remember(engine: Engine, **more: object) -> None:
    """Note the engine, and what is known of its stack, for people and later commands."""
    known = {**asdict(engine), "home": str(engine.home), "url": engine.url, **more}
    (engine.home / "engine.json").write_text(json.dumps(known, indent=2) + "\n")


def scratch(home: Path) -> Path:
    return home / "engine-tmp"


def environment(home: Path, port: int) -> dict[str, str]:
    """Say all of the engine's environment: its Lambdas inherit whatever it sees."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {
        **passed_on,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        "S3_DATA_DIR": str(scratch(home) / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(scratch(home) / "state"),
        "TMPDIR": str(scratch(home)),
        "no_proxy": "127.0.0.1,localhost",
    }


def free_port(wanted: int = PORT) -> int:
    """Return the wanted port, or any free one when somebody listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port(0)
        return int(probe.getsockname()[1])


def wait_until_healthy(engine: Engine) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(engine):
        if CHILDREN[engine.pid].poll() is not None or time.monotonic() > deadline:
            stop(engine.home)
            raise EngineFailed(
                f"The local engine did not start on port {engine.port}; {engine.home}/engine.log says why."
            )
        time.sleep(0.05)


def is_healthy(engine: Engine) -> bool:
    try:
        with urllib.request.urlopen(f"{engine.url}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_ours(pid: int) -> bool:
    """Tell whether this process is an engine: ids are used again, and a stranger must not be stopped."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b"ministack" in command


def end(engine: Engine) -> None:
    """End the engine and its Lambdas, which are its process group. Nothing they hold is worth a polite stop."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(engine.pid, signal.SIGKILL)
    if child := CHILDREN.pop(engine.pid, None):
        child.wait()
    deadline = time.monotonic() + STOP_SECONDS
    while is_healthy(engine) and time.monotonic() < deadline:
        time.sleep(0.02)


def remove(folder: Path) -> None:
    """Remove a folder in which a process that was just killed may still have been writing."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
