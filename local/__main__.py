"""`python -m local <command>`: everything that can be done on a laptop."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives (imported only when asked for) and what it does."""

    module: str
    function: str
    does: str


COMMANDS = {
    "up": Command("local.engine.commands", "up", "start the local engine and deploy template.yaml to it"),
    "deploy": Command("local.engine.commands", "redeploy", "deploy template.yaml again to the running engine"),
    "status": Command("local.engine.commands", "status", "say what runs where"),
    "down": Command("local.engine.commands", "down", "stop the engine and remove what it left"),
    "run": Command("local.journey.story", "run", "the whole product on this machine, with simulated CRMs"),
    "matrix": Command("local.matrix", "write", "write the table of CRMs into the README"),
    "translate": Command("local.engine.commands", "translated", "print the template as plain CloudFormation"),
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(usage(), file=sys.stderr if arguments else sys.stdout)
        return 2 if arguments and arguments[0] not in ("-h", "--help") else 0
    command = COMMANDS[arguments[0]]
    run: Callable[[list[str]], int] = getattr(import_module(command.module), command.function)
    return run(arguments[1:])


def usage() -> str:
    lines = (f"  {name:10} {command.does}" for name, command in COMMANDS.items())
    return "\n".join(["usage: python -m local <command> [--help]", "", *lines])


def answer_to_the_shell() -> int:
    """Say what is wrong without a traceback when it is for the person at the terminal to mend."""
    from local.engine.process import EngineFailed

    try:
        return main(sys.argv[1:])
    except EngineFailed as failed:
        print(failed, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(answer_to_the_shell())
