"""dlt's own REST source, paged by HubSpot's cursor, into JSON lines on the disk: no DynamoDB, no conditions.

With `--links` it asks for the links that ours asks for; dlt files them in tables of their own, as it does with lists.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import dlt
from dlt.destinations import filesystem
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

from bench.fingerprint import fingerprint
from bench.stopwatch import stopwatch, tell

OBJECTS: Final = ("contacts", "companies", "deals")
LINKS: Final = {"contacts": "companies", "deals": "companies,contacts"}


def configuration(hubspot: str, links: Mapping[str, str]) -> RESTAPIConfig:
    """As dlt's documentation has it for an API with a cursor in the body. `links`: object -> what it is linked to."""
    return {
        "client": {
            "base_url": hubspot,
            "auth": {"type": "bearer", "token": "pat-bench"},
            "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
        },
        "resource_defaults": {"write_disposition": "append", "endpoint": {"params": {"limit": 100}}},
        "resources": [
            {
                "name": name,
                "endpoint": {
                    "path": f"crm/v3/objects/{name}",
                    "data_selector": "results",
                    **({"params": {"associations": links[name]}} if name in links else {}),
                },
            }
            for name in OBJECTS
        ],
    }


def sync(hubspot: str, folder: Path, links: Mapping[str, str]) -> None:
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "state"),
        destination=filesystem(bucket_url=(folder / "out").as_uri()),
        dataset_name="hubspot",
    )
    pipeline.run(rest_api_source(configuration(hubspot, links)), loader_file_format="jsonl")


def stored(folder: Path) -> Iterator[str]:
    for object in OBJECTS:
        for file in (folder / "out" / "hubspot" / object).iterdir():
            text = file.read_bytes()
            lines = (gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text).splitlines()
            yield from (f"{object}#{json.loads(line)['id']}" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hubspot", required=True)
    parser.add_argument("--aws", help="not used")
    parser.add_argument("--links", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        with stopwatch() as taken:
            sync(asked.hubspot, Path(made), LINKS if asked.links else {})
        tell(**asdict(taken), records=fingerprint(stored(Path(made))))
