"""What can be chosen when a simulator starts, and what of that can still be changed while it runs."""

from dataclasses import field, fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")


def option(default: Any, help: str) -> Any:
    """A field of a dataclass of options; `help` is what the command line says about it."""
    return field(default=default, metadata={"help": help})


def settled(kind: type[Settings], options: Any, **others: Any) -> Settings:
    """Settings as the options of the same names say, and as `others` do."""
    named = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # every one of them is a dataclass
    chosen = {each.name: getattr(options, each.name) for each in fields(options) if each.name in named}
    return kind(**{**chosen, **others})
