"""The two ends of a cold start. It imports next to nothing, because what it imports is not measured."""

import json
import sys
import time
from typing import Any


def began() -> dict[str, Any]:
    """The event, whose file is the process's only argument."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - pathlib is one of the things to be measured
        event: dict[str, Any] = json.load(file)
        return event


def ended(answer: dict[str, Any]) -> None:
    """Processor time since the process was born, in seconds."""
    print(json.dumps({"cpu": time.process_time(), "status": answer["statusCode"]}), flush=True)
