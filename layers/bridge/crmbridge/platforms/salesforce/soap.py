"""A small, suspicious XML reader: no document types, so no entities but the five of XML itself; bounded in depth."""

from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from xml.parsers import expat

from crmbridge.domain.errors import MalformedPayload

MAX_BODY: Final = 5_000_000
MAX_DEPTH: Final = 32
_SEPARATOR: Final = "|"


@dataclass(slots=True)
class Node:
    """An element: its name without a namespace, its attributes as they came, its text and its children."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def child(self, name: str) -> "Node | None":
        return next((each for each in self.children if each.name == name), None)

    def all(self, name: str) -> list["Node"]:
        return [each for each in self.children if each.name == name]

    def told(self, name: str) -> str:
        """The text of a child; empty where there is none."""
        found = self.child(name)
        return found.text.strip() if found else ""


def read_xml(body: bytes) -> Node:
    """The document's outermost element. Raises MalformedPayload for what is no plain XML."""
    if len(body) > MAX_BODY:
        raise MalformedPayload("the delivery is too large")
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    root = Node("")
    stack = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            raise MalformedPayload("the delivery is nested too deeply")
        bare = {key.rpartition(_SEPARATOR)[2]: value for key, value in attributes.items()}
        node = Node(name.rpartition(_SEPARATOR)[2], bare)
        stack[-1].children.append(node)
        stack.append(node)

    def text(more: str) -> None:
        stack[-1].text += more

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise MalformedPayload("the delivery is not XML") from None
    return root.children[0]


def _refuse(*_: Any) -> NoReturn:
    raise MalformedPayload("the delivery declares a document type")
