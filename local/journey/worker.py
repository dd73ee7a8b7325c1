"""A worker in a process of its own, which may be told to kill itself in the middle of a request to AWS.

`python -m local.journey.worker run <workspace> <run>` works on a run as `sync_pages` does;
`python -m local.journey.worker token <workspace> <connection>` asks for an access token as every caller of a CRM does.
"""

import argparse
import os
import signal
import subprocess
import sys
from datetime import timedelta
from itertools import count
from typing import Any

from crmbridge.domain.runs import Task
from crmbridge.services.keep_tokens import KeptTokens
from crmbridge.services.ports import Deps
from crmbridge.services.start_run import DIRECTORIES
from crmbridge.services.sync_task import sync_task
from crmbridge.settings import read_settings
from crmbridge.storage.aws import client

from local.engine.deploy import Stack
from local.engine.process import REGION, ROOT
from local.journey.inside import Inside, environment

LEASE = timedelta(minutes=5)
ROUNDS = 20


def worked(stack: Stack, what: str, workspace: str, id: str, **options: object) -> int:
    """Let a worker process do it; its exit code, -9 when it was killed."""
    flags = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "local.journey.worker", what, workspace, id, *flags]
    told = {
        **environment(stack),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": stack.engine.url,
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **told}, check=False, timeout=120).returncode


def main(arguments: list[str]) -> int:
    asked = parsed(arguments)
    if asked.die_at:
        die_at(asked.die_at)
    deps = Inside(read_settings(), client, timedelta(seconds=asked.ahead))
    (work if asked.what == "run" else renew)(deps, asked.workspace, asked.id)
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["run", "token"])
    parser.add_argument("workspace")
    parser.add_argument("id")
    parser.add_argument("--ahead", type=float, default=0.0, help="seconds by which its clock is fast")
    parser.add_argument("--die-at", default="", help="for example before-send.dynamodb.TransactWriteItems#3")
    return parser.parse_args(arguments)


def die_at(moment: str) -> None:
    """`before-send`: nothing leaves; `response-received`: it was carried out, and nobody here knows."""
    event, _, number = moment.partition("#")
    requests = count(1)

    def reached(**_: Any) -> None:
        if next(requests) == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    client(event.split(".")[1]).meta.events.register_last(event, reached)


def work(deps: Deps, workspace: str, run: str) -> None:
    for _ in range(ROUNDS):
        tasks = [task for task in deps.journal.tasks(workspace, run) if not task.is_over]
        for task in sorted(tasks, key=loads_records):
            sync_task(deps, workspace, task.id, deadline=deps.now() + LEASE)


def loads_records(task: Task) -> bool:
    """The names come first."""
    return task.step != DIRECTORIES


def renew(deps: Deps, workspace: str, connection: str) -> None:
    kept_tokens(deps, workspace, connection).current()


def kept_tokens(deps: Deps, workspace: str, id: str) -> KeptTokens:
    connection = deps.connections.get(workspace, id)
    platform = deps.platform(connection.platform)
    return KeptTokens(deps, platform, deps.vault.app(platform.name), connection)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
