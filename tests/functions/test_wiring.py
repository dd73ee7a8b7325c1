"""The functions as Lambda calls them: real wiring, on a pretended AWS made from the template."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from crmbridge import wiring
from crmbridge.services import ports
from moto import mock_aws

from local.engine.template import of_type, read_template

Handler = Callable[[str], ModuleType]
Event = Callable[[str, str], Any]

OUTSIDE = {
    "SECRET_PREFIX": "crm-bridge/test",
    "PUBLIC_URL": "https://bridge.acme.example",
    "OIDC_ISSUER": "https://issuer.invalid",
    "OIDC_AUDIENCE": "crm-bridge",
    "RETURN_URLS": "",
    "LOG_LEVEL": "INFO",
    "SYNC_LAG_SECONDS": "",
}


@pytest.fixture(scope="module")
def _deployed() -> Iterator[None]:
    """Tables, queues and bucket of the template, and the environment that names them."""
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        template = read_template()
        made = make_resources(template)
        for name, value in template["Globals"]["Function"]["Environment"]["Variables"].items():
            environment.setenv(name, OUTSIDE.get(name) or made.get(value.get("Ref", ""), ""))
        forget()
        yield
        forget()


def forget() -> None:
    wiring.deps.cache_clear()
    wiring.settings.cache_clear()


def make_resources(template: dict[str, Any]) -> dict[str, str]:
    made = {}
    database, queues = boto3.client("dynamodb"), boto3.client("sqs")
    kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    for name, table in of_type(template, "AWS::DynamoDB::Table"):
        database.create_table(TableName=name, **{each: table[each] for each in kept if each in table})
        made[name] = name
    for name, queue in of_type(template, "AWS::SQS::Queue"):
        fifo = queue.get("FifoQueue", False)
        made[name] = queues.create_queue(
            QueueName=name + ".fifo" * fifo, Attributes={"FifoQueue": "true"} if fifo else {}
        )["QueueUrl"]
    boto3.client("s3").create_bucket(Bucket="bucket")
    boto3.client("secretsmanager").create_secret(
        Name="crm-bridge/test/apps/hubspot", SecretString='{"client_id": "client", "client_secret": "app-secret"}'
    )
    return {**made, "Bucket": "bucket"}


@pytest.mark.usefixtures("_deployed")
@pytest.mark.parametrize(
    ("function", "name", "status"),
    [
        ("connections", "add_key", 201), ("connections", "set_endpoint", 200), ("connections", "read", 404),
        ("oauth", "callback", 400), ("records", "by_email", 200), ("actions", "read", 404), ("groups", "create", 201),
        ("groups", "list", 200), ("console", "openapi", 200), ("webhooks", "hubspot_forged", 401),
    ],
)  # fmt: skip
def test_a_deployed_function_answers(
    handler: Handler, event: Event, context: Any, function: str, name: str, status: int
) -> None:
    answered = handler(function).handle(event(function, name), context)

    assert answered["statusCode"] == status, answered["body"]


@pytest.mark.usefixtures("_deployed")
@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("sync_pages", "task"),
        ("evaluate_groups", "records"),
        ("deliver_to_chat", "event"),
        ("execute_action", "action"),
    ],
)
def test_a_deployed_worker_settles_its_batch(
    handler: Handler, event: Event, context: Any, function: str, name: str
) -> None:
    assert handler(function).handle(event(function, name), context) == {"batchItemFailures": []}


@pytest.mark.usefixtures("_deployed")
def test_a_deployed_schedule_finds_nothing_to_do(handler: Handler, event: Event, context: Any) -> None:
    assert set(handler("schedule_syncs").handle(event("schedule_syncs", "tick"), context).values()) == {0}


@pytest.mark.usefixtures("_deployed")
def test_a_deployed_fan_out_reaches_its_queue(handler: Handler, event: Event, context: Any) -> None:
    handler("fan_out_changes").handle(event("fan_out_changes", "deal_changed"), context)

    url = wiring.settings().groups_queue_url
    assert len(boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.usefixtures("_deployed")
def test_a_deployed_authorizer_refuses_a_stranger(handler: Handler, event: Event, context: Any) -> None:
    assert handler("authorizer").handle(event("authorizer", "token"), context) == {"isAuthorized": False}


@pytest.mark.usefixtures("_deployed")
def test_a_parked_body_is_fetched_from_the_bucket() -> None:
    boto3.client("s3").put_object(Bucket="bucket", Key="parked/1", Body=b'{"id": "large"}')

    assert wiring.unpark('{"parked": "parked/1"}') == {"id": "large"}


def test_every_part_of_deps_is_wired() -> None:
    unwired = [name for name in ports.Deps.__dataclass_fields__ if name not in vars(wiring.Wired)]

    assert unwired == []


def test_ids_rise_with_time_and_are_unique() -> None:
    ids = [wiring.ulid() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert {len(id) for id in ids} == {26}
    assert ids[0][:9] <= ids[-1][:9]


LIGHT = {
    "chat": ("pydantic", "aws_lambda_powertools.event_handler", "requests", "botocore.session", "botocore.config"),
    "webhooks": (
        "pydantic", "aws_lambda_powertools.event_handler", "requests", "botocore.session", "botocore.config",
        "crmbridge.platforms.spec",
    ),
    "fan_out_changes": ("pydantic", "aws_lambda_powertools.event_handler", "requests"),
    "apply_deliveries": ("pydantic", "aws_lambda_powertools.event_handler"),
    "sync_pages": ("pydantic", "aws_lambda_powertools.event_handler"),
    "evaluate_groups": ("pydantic", "aws_lambda_powertools.event_handler", "requests"),
    "execute_action": ("pydantic", "aws_lambda_powertools.event_handler"),
    "deliver_to_chat": ("pydantic", "aws_lambda_powertools.event_handler"),
    "schedule_syncs": ("pydantic", "aws_lambda_powertools.event_handler"),
    "console": ("pydantic", "aws_lambda_powertools.event_handler", "requests", "botocore.session"),
}  # fmt: skip
"""What must not be on a function's import path, the platforms included: each is a tenth of a second of a cold start."""


@pytest.mark.parametrize("function", LIGHT)
def test_a_cold_start_does_not_pay_for_what_is_not_needed(function: str, root: Any) -> None:
    of_hubspot = "webhook" if function == "webhooks" else "platform"
    code = f"import sys, functions.{function}.handler, crmbridge.platforms.hubspot.{of_hubspot}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert [module for module in LIGHT[function] if module in loaded] == []
