"""Every side is measured in a process of its own, in one environment that holds all of their packages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.ours.settings import ENVIRONMENT

ROOT: Final = Path(__file__).parents[1]
NO_AWS: Final = {
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
}  # fmt: skip
QUIET: Final = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Lab:
    """`python` runs both sides and the servers; `aws` is the endpoint that answers at once."""

    python: Path
    aws: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    def run(self, module: str, *arguments: object) -> dict[str, Any]:
        """What the process told in its last line. Raises RuntimeError with its last words."""
        done = subprocess.run(
            self._command(module, arguments), env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    @contextmanager
    def server(self, module: str, *arguments: object) -> Iterator[str]:
        """Its URL; it ends with the block."""
        process = subprocess.Popen(
            self._command(module, arguments), env=self._environment(), stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()
            process.communicate()

    @contextmanager
    def cloud(self) -> Iterator["Lab"]:
        """A lab with an AWS of its own, empty."""
        with self.server("bench.servers.cloud") as url:
            yield Lab(self.python, url)

    def _command(self, module: str, arguments: tuple[object, ...]) -> list[str]:
        return [str(self.python), "-m", module, *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
        path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "bridge")])
        endpoint = {"AWS_ENDPOINT_URL": self.aws} if self.aws else {}
        return {**kept, **NO_AWS, **QUIET, **ENVIRONMENT, **endpoint, "PYTHONPATH": path}


def here() -> Lab:
    return Lab(Path(sys.executable))
