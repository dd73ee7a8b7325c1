"""`python -m local.simulators <platform> --port N ...`: one simulator until it is interrupted."""

import argparse
import sys
from contextlib import suppress
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from local.simulators.platforms import PACKAGES, build, options_of
from local.simulators.server import HOST, server_for


def parser() -> argparse.ArgumentParser:
    """One sub-command per platform and one flag per field of its `Options`."""
    top = argparse.ArgumentParser(prog="python -m local.simulators", description=__doc__)
    commands = top.add_subparsers(dest="platform", required=True)
    for platform in PACKAGES:
        command = commands.add_parser(platform, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        command.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
        options = options_of(platform)
        hints = get_type_hints(options)
        for field in fields(options):
            flag = "--" + field.name.replace("_", "-")
            purpose = field.metadata.get("help", " ")
            command.add_argument(flag, type=_plain(hints[field.name]), default=field.default, help=purpose)
    return top


def _plain(hint: Any) -> Any:
    """`int` for `int` and for `int | None`; argparse's `bool` would take any text for true."""
    kind = next((each for each in get_args(hint) if each is not type(None)), hint)
    return (lambda text: text.lower() in {"1", "true", "yes"}) if kind is bool else kind


def main(arguments: list[str]) -> None:
    wishes = vars(parser().parse_args(arguments))
    platform, port = wishes.pop("platform"), wishes.pop("port")
    wishes["public_url"] = wishes["public_url"] or f"http://{HOST}:{port}"
    server = server_for(build(platform, wishes), port)
    print(f"{platform} simulator on {wishes['public_url']}", flush=True)
    with suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
