"""Our door for deliveries: the function's own handler, with an event as API Gateway sends it."""

import argparse
import json
from pathlib import Path

from bench.stopwatch import posts_measured, tell
from functions.webhooks.handler import handle

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--event", type=Path, required=True)
    parser.add_argument("--posts", type=int, default=200)
    asked = parser.parse_args()
    tell(**posts_measured(handle, json.loads(asked.event.read_text()), asked.posts))
