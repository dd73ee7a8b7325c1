"""DynamoDB's expressions, as far as ours use them: tests joined by AND within OR, and SET, REMOVE, ADD."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

Json = dict[str, Any]

_COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
_CLAUSE: Final = re.compile(r"\b(SET|REMOVE|ADD) ")


def holds(asked: Json, item: Json) -> bool:
    """Whether the request's condition does; `item` is empty where there is none."""
    expression = asked.get("ConditionExpression")
    if expression is None:
        return True
    groups = [group[1:-1].split(" AND ") for group in expression.split(" OR ")]
    return any(all(_passes(test, asked, item) for test in tests) for tests in groups)


def _passes(test: str, asked: Json, item: Json) -> bool:
    names = asked["ExpressionAttributeNames"]
    if test.startswith("attribute_"):
        function, _, name = test[:-1].partition("(")
        return (names[name] in item) == (function == "attribute_exists")
    name, op, value = test.split(" ")
    held, wanted = item.get(names[name]), asked["ExpressionAttributeValues"][value]
    if held is None or held.keys() != wanted.keys():
        return op == "<>"
    return _COMPARES[op](_plain(held), _plain(wanted))


def _plain(wire: Json) -> Any:
    return Decimal(wire["N"]) if "N" in wire else next(iter(wire.values()))


def changed(asked: Json, item: Json) -> Json:
    """The item after the request's update."""
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    made = {**asked["Key"], **item}
    words = _CLAUSE.split(asked.get("UpdateExpression", ""))[1:]
    for verb, clauses in zip(words[::2], words[1::2], strict=True):
        for clause in clauses.strip().split(", "):
            name, *rest = clause.replace(" =", "").split(" ")
            if verb == "REMOVE":
                made.pop(names[name], None)
            elif verb == "SET":
                made[names[name]] = values[rest[0]]
            else:
                before = Decimal(made.get(names[name], {"N": "0"})["N"])
                made[names[name]] = {"N": str(before + Decimal(values[rest[0]]["N"]))}
    return made
