"""The engine at the command line."""

import argparse
import json
import sys
from pathlib import Path

from local.engine import process
from local.engine.deploy import NAME, Stack, deploy, described, stack_state
from local.engine.template import TEMPLATE, read_template, translate


def up(arguments: list[str]) -> int:
    asked = parsed("up", arguments, port=True, parameters=True)
    report(deploy(process.start(port=asked.port), dict(asked.parameter)))
    return 0


def redeploy(arguments: list[str]) -> int:
    asked = parsed("deploy", arguments, parameters=True)
    engine = process.running()
    if engine is None:
        raise process.EngineFailed("The local engine is not running; `python -m local up` starts it and deploys.")
    report(deploy(engine, dict(asked.parameter)))
    return 0


def status(arguments: list[str]) -> int:
    """Exit 0 when the engine runs and the stack is there, 1 otherwise."""
    parsed("status", arguments)
    engine = process.running()
    if engine is None:
        print("The local engine is not running.")
        return 1
    stacks = engine.client("cloudformation")
    state = stack_state(stacks, NAME) or "not deployed"
    print(f"engine  {engine.url}  (process {engine.pid}, log {engine.home / 'engine.log'})\nstack   {NAME}: {state}")
    if not state.endswith("_COMPLETE"):
        return 1
    report(described(engine, stacks, NAME))
    return 0


def down(arguments: list[str]) -> int:
    parsed("down", arguments)
    print("The local engine is stopped." if process.stop() else "The local engine was not running.")
    return 0


def translated(arguments: list[str]) -> int:
    """Print what SAM makes of the template: its inline policies are invisible to linters before."""
    parser = argparse.ArgumentParser(prog="python -m local translate")
    parser.add_argument("template", type=Path, nargs="?", default=TEMPLATE)
    json.dump(translate(read_template(parser.parse_args(arguments).template), {}), sys.stdout, indent=1)
    return 0


def report(stack: Stack) -> None:
    print(f"api     {stack.api_url}")
    for name, value in sorted(stack.outputs.items()):
        print(f"        {name} = {value}")


def parsed(command: str, arguments: list[str], *, port: bool = False, parameters: bool = False) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m local {command}")
    if port:
        parser.add_argument(
            "--port", type=int, help=f"instead of {process.PORT}, or of any free one when that is taken"
        )
    if parameters:
        parser.add_argument("--parameter", type=pair, action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args(arguments)


def pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
