"""One worker of a run, in a process of its own: `python -m local.journey.worker <workspace> <run>`.

It works as `sync_pages` does, until the run is over or it kills itself, as told, in the middle of a DynamoDB request.
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


def worked(stack: Stack, workspace: str, run: str, **options: object) -> int:
    """Let a worker process work on this run; its exit code, -9 when it was killed."""
    flags = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "local.journey.worker", workspace, run, *flags]
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
    work(Inside(read_settings(), client, timedelta(seconds=asked.ahead)), asked.workspace, asked.run)
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace")
    parser.add_argument("run")
    parser.add_argument("--ahead", type=float, default=0.0, help="seconds by which its clock is fast")
    parser.add_argument("--die-at", type=int, default=0, help="the DynamoDB request that it does not survive")
    return parser.parse_args(arguments)


def die_at(number: int) -> None:
    """Killed before an even request leaves, and after an odd one was carried out."""
    requests = count(1)

    def reached(**_: Any) -> None:
        if next(requests) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    client("dynamodb").meta.events.register_last("response-received" if number % 2 else "before-send", reached)


def work(deps: Deps, workspace: str, run: str) -> None:
    for _ in range(ROUNDS):
        tasks = [task for task in deps.journal.tasks(workspace, run) if not task.is_over]
        if not tasks:
            return
        for task in sorted(tasks, key=loads_records):
            sync_task(deps, workspace, task.id, deadline=deps.now() + LEASE)


def loads_records(task: Task) -> bool:
    """The names come first."""
    return task.step != DIRECTORIES


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
