"""DynamoDB's expression texts, built from conditions, updates and key ranges."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from crmbridge.storage.attributes import wire_value
from crmbridge.storage.items import Test, When, Write

_FUNCTIONS: Final = {"absent": "attribute_not_exists", "present": "attribute_exists"}


class Expressions:
    """The placeholders of one request, and the expressions that use them."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: Any) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = wire_value(value)
        return placeholder

    def condition(self, when: When) -> str:
        return " OR ".join(f"({' AND '.join(map(self._test, tests))})" for tests in when.any_of)

    def _test(self, test: Test) -> str:
        name = self.name(test.attribute)
        function = _FUNCTIONS.get(test.op)
        return f"{function}({name})" if function else f"{name} {test.op} {self.value(test.value)}"

    def change(self, write: Write) -> str:
        clauses = {
            "SET": [f"{self.name(name)} = {self.value(value)}" for name, value in write.set.items()],
            "REMOVE": [self.name(name) for name in write.remove],
            "ADD": [f"{self.name(name)} {self.value(amount)}" for name, amount in write.add.items()],
        }
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)

    def range(self, pk: tuple[str, str], sk: str, low: str | None, high: str | None) -> str:
        """`pk` is (attribute, value); `low` and `high` are inclusive."""
        partition = f"{self.name(pk[0])} = {self.value(pk[1])}"
        match low, high:
            case None, None:
                return partition
            case str(), None:
                return f"{partition} AND {self.name(sk)} >= {self.value(low)}"
            case None, str():
                return f"{partition} AND {self.name(sk)} <= {self.value(high)}"
        return f"{partition} AND {self.name(sk)} BETWEEN {self.value(low)} AND {self.value(high)}"

    def projection(self, attributes: Sequence[str]) -> dict[str, str]:
        if not attributes:
            return {}
        return {"ProjectionExpression": ", ".join(self.name(name) for name in dict.fromkeys(("pk", "sk", *attributes)))}

    @property
    def placeholders(self) -> Mapping[str, Any]:
        """DynamoDB refuses empty ones."""
        names = {placeholder: name for name, placeholder in self._names.items()}
        return {
            **({"ExpressionAttributeNames": names} if names else {}),
            **({"ExpressionAttributeValues": self._values} if self._values else {}),
        }


@lru_cache(256)
def put_condition(when: When) -> Mapping[str, Any]:
    """The condition's part of a put. A sync asks the same of every record: nothing is there yet."""
    expressions = Expressions()
    return {"ConditionExpression": expressions.condition(when), **expressions.placeholders}
