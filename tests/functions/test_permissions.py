"""Each role may do what its function's code can reach, and nothing else: read out of the code itself.

From a handler we follow names through entry and services to the ports, and through the repositories to what is asked
of a table. What a role lacks would show only in AWS, and only when that line runs.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.engine.template import of_type, read_template

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "bridge"
STORES = {
    "records": ("storage.records", "RecordStore", "RecordsTable"),
    "connections": ("storage.control", "ConnectionStore", "ControlTable"),
    "groups": ("storage.control", "GroupStore", "ControlTable"),
    "installations": ("storage.installations", "InstallationStore", "ControlTable"),
    "workspaces": ("storage.control", "WorkspaceStore", "ControlTable"),
    "outbound": ("storage.outbound", "OutboundStore", "ControlTable"),
    "sidepanels": ("storage.sidepanels", "SidepanelStore", "ControlTable"),
    "templates": ("storage.templates", "TemplateStore", "ControlTable"),
    "rules": ("storage.rules", "RuleStore", "ControlTable"),
    "occasions": ("storage.occasions", "OccasionStore", "JournalTable"),
    "firings": ("storage.firings", "FiringStore", "JournalTable"),
    "memberships": ("storage.memberships", "MembershipStore", "MembershipsTable"),
    "journal": ("storage.journal", "JournalStore", "JournalTable"),
    "actions": ("storage.actions", "ActionStore", "ActionsTable"),
    "guards": ("storage.guards", "GuardStore", "GuardsTable"),
}
QUEUES = ("deliveries", "pages", "groups", "actions", "chat", "rules")
SEND = "sqs:SendMessage*"
VERBS = {
    "get": {"GetItem"},
    "get_many": {"BatchGetItem"},
    "query": {"Query"},
    "put": {"PutItem"},
    "update": {"UpdateItem"},
    "delete": {"DeleteItem"},
    "put_many": {"BatchWriteItem"},
    "delete_many": {"BatchWriteItem"},
}
"""What a call of the `Items` port is in DynamoDB's words."""
WRITES = {"put": "PutItem", "set": "UpdateItem", "add": "UpdateItem", "remove": "UpdateItem", "delete": "DeleteItem"}
"""A transaction needs the rights of its writes; what a `Write` is, its arguments say."""

SECRETS = {
    "app": {("apps", "GetSecretValue")},
    "read": {("connections", "GetSecretValue")},
    "previous": {("connections", "GetSecretValue")},
    "replace": {("connections", "PutSecretValue"), ("connections", "UpdateSecretVersionStage")},
    "create": {("connections", "CreateSecret"), ("connections", "RestoreSecret"), ("connections", "PutSecretValue")},
    "delete": {("connections", "DeleteSecret")},
    "bot_token": {("chat", "GetSecretValue")},
    "keep_bot_token": {("chat", "CreateSecret"), ("chat", "RestoreSecret"), ("chat", "PutSecretValue")},
    "forget_bot_token": {("chat", "DeleteSecret")},
    "signing_secrets": {("chat", "GetSecretValue"), ("chat", "CreateSecret")},
    "rotate_signing_secret": {("chat", "PutSecretValue"), ("chat", "UpdateSecretVersionStage")},
}
"""What a call of the vault is in Secrets Manager's words."""

Need = tuple[str, str]
"""(resource, action)"""
Node = tuple[str, str]
"""(module, name of a function or of a method as `Class.method`)"""


@dataclass
class Module:
    functions: dict[str, ast.AST] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name -> (module, name there)."""


@cache
def parsed(path: Path) -> Module:
    found = Module()
    for node in ast.walk(tree := ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmbridge"):
            found.imports |= {each.asname or each.name: (node.module or "", each.name) for each in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found.classes[node.name] = [f"{node.name}.{each.name}" for each in methods]
            found.functions |= {f"{node.name}.{each.name}": each for each in methods}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                found.functions[target.id] = node
    return found


def source(module: str) -> Path | None:
    path = (ROOT if module.startswith("functions") else PACKAGE) / f"{module.replace('.', '/')}.py"
    return path if path.exists() and not module.endswith((".ports", ".http")) else None


def named(module: str, name: str) -> Iterator[Node]:
    """The functions behind a name: itself, or every method of a class; of a router, every route."""
    path = source(module)
    if path is None:
        return
    known = parsed(path)
    if name == "router":
        yield from ((module, each) for each in known.functions if each != "router")
    elif name in known.classes:
        yield from ((module, each) for each in known.classes[name])
    elif name in known.functions:
        yield module, name


def followed(module: str, owner: str, node: ast.AST) -> Iterator[Node]:
    known = parsed(source(module) or Path())
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            there, name = known.imports.get(each.id, (module, each.id))
            yield from named(there, name)
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            if each.value.id in ("self", "cls"):
                yield from named(module, f"{owner}.{each.attr}")
            elif each.value.id in known.imports:
                there, name = known.imports[each.value.id]
                yield from named(f"{there}.{name}", each.attr)


def needs(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(port, method) of every `deps.port.method`; of a queue that is sent to, its name."""
    for each in ast.walk(node):
        text = ast.unparse(each) if isinstance(each, ast.Attribute) else ""
        if queue := re.search(r"\bdeps\.queues\.(\w+)\.send$", text):
            yield "queues", queue[1]
        elif port := re.search(r"\bdeps\.(\w+)\.(\w+)$", text):
            yield port[1], port[2]


def closure(start: Iterator[Node]) -> set[Node]:
    seen: set[Node] = set()
    waiting = list(start)
    while waiting:
        module, name = waiting.pop()
        if (module, name) not in seen:
            seen.add((module, name))
            node = parsed(source(module) or Path()).functions[name]
            waiting += followed(module, name.partition(".")[0], node)
    return seen


def asked_of_table(port: str, method: str) -> set[Need]:
    module, owner, table = STORES[port]
    asked: set[Need] = set()
    for there, name in closure(named(f"crmbridge.{module}", f"{owner}.{method}")):
        node = parsed(source(there) or Path()).functions[name]
        text = ast.unparse(node)
        verbs = set(re.findall(r"\b_?items\.(\w+)\b", text)) & VERBS.keys()
        actions = {action for verb in verbs for action in VERBS[verb]} | set(writes(node))
        asked |= {(table, f"dynamodb:{action}") for action in actions}
        asked |= {(f"{table}/index", "dynamodb:Query")} if "index=" in text else set()
    return asked


def writes(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "Write":
            said = {keyword.arg or "" for keyword in each.keywords} & WRITES.keys()
            yield from (WRITES[argument] for argument in said)
            yield from () if said else ("ConditionCheckItem",)


def reached(function: str) -> set[Need]:
    handler = f"functions.{function}.handler"
    found: set[Need] = set()
    for module, name in closure((handler, each) for each in parsed(source(handler) or Path()).functions):
        for port, method in needs(parsed(source(module) or Path()).functions[name]):
            if port == "queues" and method in QUEUES:
                found.add((f"{method.capitalize()}Queue", SEND))
            elif port == "vault":
                found |= {(folder, f"secretsmanager:{action}") for folder, action in SECRETS[method]}
            elif port in STORES:
                found |= asked_of_table(port, method)
    return found


def granted(properties: dict[str, Any], resources: dict[str, Any]) -> set[Need]:
    """What the role may do to tables, queues it sends to, and secrets."""
    policies = properties.get("Policies", [])
    statements = [each for policy in policies for each in policy.get("Statement", [])]
    if {"Ref": "CrmAccess"} in policies:
        statements += resources["CrmAccess"]["Properties"]["PolicyDocument"]["Statement"]
    return {
        (name_of(resource), action)
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if re.match(r"dynamodb:(?!.*Stream|GetRecords|GetShard)|sqs:Send|secretsmanager:", action)
    }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def name_of(arn: Any) -> str:
    """`RecordsTable`, `RecordsTable/index`, `PagesQueue`, or the folder of a secret."""
    text = arn if isinstance(arn, str) else str(next(iter(arn.values())))
    if secret := re.search(r"/(apps|connections|chat)/\*", text):
        return secret[1]
    found = re.search(r"(\w+(?:Table|Queue))\b", text)
    return (found[1] if found else text) + ("/index" if "/index/" in text else "")


def functions() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return read_template()


@pytest.mark.parametrize("function", functions())
def test_a_role_may_do_what_its_code_reaches_and_nothing_else(template: dict[str, Any], function: str) -> None:
    declared = {Path(each["CodeUri"]).name: each for _, each in of_type(template, "AWS::Serverless::Function")}

    may, must = granted(declared[function], template["Resources"]), reached(function)

    assert must - may == set(), "is reached and not granted"
    assert {need for need in may if "/index" not in need[0]} - must == set(), "is granted and not reached"
