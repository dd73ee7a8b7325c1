"""Put template.yaml onto a running engine, or bring what is there up to date."""

import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.engine.build import archive_function, archive_layer
from local.engine.process import Engine, EngineFailed, remember
from local.engine.routes import API, Route, engine_routes, spell_out_routes
from local.engine.template import CODE, TEMPLATE, Json, of_type, read_template, translate

NAME = "crm-bridge"
ARTIFACTS = "artifacts"
ABSENT = ("", "DELETE_COMPLETE")


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed template: where it answers, and what its resources are called."""

    engine: Engine
    name: str
    outputs: dict[str, str]
    resources: dict[str, str] = field(repr=False)

    @property
    def api_url(self) -> str:
        return api_url(self.engine, self.name)

    def routes(self) -> set[Route]:
        """Return what the engine really serves."""
        logical_ids = {physical: logical for logical, physical in self.resources.items()}
        return engine_routes(self.engine.client("apigatewayv2"), api_id(self.name), logical_ids)


def api_id(stack: str) -> str:
    """Return the name the engine is told to give the stack's API: the URL is the same after every start."""
    return f"{zlib.crc32(stack.encode()):08x}"


def api_url(engine: Engine, stack: str = NAME) -> str:
    """Return the base of every route; known before anything is deployed."""
    return f"{engine.url}/_aws/execute-api/{api_id(stack)}/$default"


def deploy(
    engine: Engine, parameters: Mapping[str, str] | None = None, *, template: Path = TEMPLATE, name: str = NAME
) -> Stack:
    """Deploy the template with these parameters, which must be among its own; the rest keep their defaults.

    PublicUrl is the engine's own URL unless another is given (a tunnel, so that real CRMs reach this machine).
    """
    content = packaged(engine, template)
    known = {"PublicUrl": api_url(engine, name)} if "PublicUrl" in content["Parameters"] else {}
    given = known | dict(parameters or {})
    body = for_engine(content, given, api_id(name))
    stacks = engine.client("cloudformation")
    submit(stacks, name, body, given, upload(engine, json.dumps(body).encode(), "template.json"))
    await_stack(stacks, name)
    stack = described(engine, stacks, name)
    remember(engine, api_url=stack.api_url, outputs=stack.outputs)
    return stack


def packaged(engine: Engine, template: Path) -> Json:
    """Return the template with every folder of code replaced by its archive in the engine's bucket."""
    content = read_template(template)
    engine.client("s3").create_bucket(Bucket=ARTIFACTS)
    for kind, place in CODE:
        for logical_id, properties in of_type(content, kind):
            folder = template.parent / properties[place]
            is_layer = kind.endswith("LayerVersion")
            archive = archive_layer(folder, logical_id, engine.home) if is_layer else archive_function(folder)
            properties[place] = {"Bucket": ARTIFACTS, "Key": upload(engine, archive, f"{logical_id}.zip")}
    return content


def upload(engine: Engine, content: bytes, name: str) -> str:
    """Return the key under which the engine's bucket now holds this content."""
    key = f"{hashlib.sha256(content).hexdigest()[:16]}/{name}"
    engine.client("s3").put_object(Bucket=ARTIFACTS, Key=key, Body=content)
    return key


def for_engine(template: Json, parameters: Mapping[str, str], api: str) -> Json:
    """Return plain CloudFormation with what the engine needs said more plainly than AWS does."""
    translated = spell_out_routes(translate(template, parameters))
    for _, properties in of_type(translated, f"{API}::Api"):
        properties["Tags"] = {**properties.get("Tags", {}), "ms-custom-id": api}
    for name in [name for name, _ in of_type(translated, "AWS::S3::BucketPolicy") if demands_tls(translated, name)]:
        del translated["Resources"][name]
    return translated


def demands_tls(template: Json, policy: str) -> bool:
    """The engine speaks plain HTTP, on the loopback alone, and enforces what a bucket's policy says."""
    statements = template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
    return all("aws:SecureTransport" in each.get("Condition", {}).get("Bool", {}) for each in statements)


def submit(stacks: Any, name: str, body: Json, parameters: Mapping[str, str], key: str) -> None:
    """Ask for the stack to be created, or brought up to date when it is there."""
    unknown = sorted(set(parameters) - set(body.get("Parameters", {})))
    if unknown:
        raise EngineFailed(f"The template has no parameter {', '.join(unknown)}.")
    request = {
        "StackName": name,
        "TemplateURL": f"{stacks.meta.endpoint_url}/{ARTIFACTS}/{key}",
        "Parameters": [{"ParameterKey": each, "ParameterValue": value} for each, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    state = stack_state(stacks, name)
    if state.startswith("ROLLBACK"):  # a stack whose creation failed can only be deleted
        stacks.delete_stack(StackName=name)
        await_stack(stacks, name)
    if state in ABSENT or state.startswith("ROLLBACK"):
        stacks.create_stack(**request)
    else:
        update(stacks, request)


def update(stacks: Any, request: Json) -> None:
    try:
        stacks.update_stack(**request)
    except stacks.exceptions.ClientError as refused:
        if "No updates are to be performed" not in str(refused):
            raise


def await_stack(stacks: Any, name: str) -> None:
    """Wait until the stack is done, one way or the other."""
    while (state := stack_state(stacks, name)).endswith("IN_PROGRESS"):
        time.sleep(0.1)
    if state not in (*ABSENT, "CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise EngineFailed(f"The stack {name} ended as {state}:\n{failures(stacks, name)}")


def stack_state(stacks: Any, name: str) -> str:
    try:
        return str(stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except stacks.exceptions.ClientError:
        return ABSENT[0]


def failures(stacks: Any, name: str) -> str:
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    failed = (each for each in events if each["ResourceStatus"].endswith("_FAILED"))
    return "\n".join(f"  {each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}" for each in failed)


def described(engine: Engine, stacks: Any, name: str) -> Stack:
    found = stacks.describe_stacks(StackName=name)["Stacks"][0]
    resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
    return Stack(
        engine=engine,
        name=name,
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        resources={each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources},
    )
