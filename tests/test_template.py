"""What `template.yaml` promises: the same tables, settings and folders as the code, and no door wider than needed."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from crmbridge.settings import Settings
from crmbridge.storage.items import EXPIRES, INDEXES

from local.engine.routes import template_routes
from local.engine.template import of_type, read_template, translate

ROOT = Path(__file__).parents[1]
QUEUES = ("Deliveries", "Pages", "Groups", "Actions", "Chat", "Rules")
PUBLIC = {
    "GET /v1/platforms",
    "GET /v1/oauth/{platform}/callback",
    "DELETE /v1/oauth/{platform}/callback",
    "GET /v1/openapi.json",
    "GET /v1/chat/slack/callback",
    "POST /v1/chat/slack/commands",
    "POST /v1/chat/slack/interactions",
    "POST /v1/chat/slack/events",
    "POST /v1/webhooks/{platform}",
    "POST /v1/webhooks/{platform}/{connection}/{token}",
}
ANY_RESOURCE = {("FanOutChangesFunction", "dynamodb:ListStreams")}
"""AWS takes no narrower resource for these."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def template() -> Json:
    return read_template()


@pytest.fixture(scope="module")
def resources(template: Json) -> Json:
    found: Json = template["Resources"]
    return found


@pytest.fixture(scope="module")
def functions(template: Json) -> dict[str, Json]:
    return dict(of_type(template, "AWS::Serverless::Function"))


@pytest.fixture(scope="module")
def sources(template: Json) -> list[Json]:
    return [source for _, source in of_type(template, "AWS::Lambda::EventSourceMapping")]


def refers_to(value: Any) -> Iterator[str]:
    """Every resource that a piece of template names."""
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            attribute = value["Fn::GetAtt"]
            yield attribute[0] if isinstance(attribute, list) else attribute.split(".")[0]
        if isinstance(value.get("Fn::Sub"), str):
            yield from (name.split(".")[0] for name in re.findall(r"\$\{([A-Z]\w+)", value["Fn::Sub"]))
        for each in value.values():
            yield from refers_to(each)
    elif isinstance(value, list):
        for each in value:
            yield from refers_to(each)


def statements(function: Json) -> Iterator[Json]:
    for policy in function.get("Policies", []):
        yield from policy.get("Statement", [])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def alarms_on(resources: Json, name: str) -> set[str]:
    return {
        resource["Properties"]["MetricName"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and name in refers_to(resource["Properties"]["Dimensions"])
    }


@pytest.mark.parametrize("table", INDEXES)
def test_a_table_has_exactly_the_indexes_the_code_asks(resources: Json, table: str) -> None:
    properties = resources[f"{table.capitalize()}Table"]["Properties"]

    declared = {
        (each["IndexName"], *(key["AttributeName"] for key in each["KeySchema"]))
        for each in properties.get("GlobalSecondaryIndexes", [])
    }

    assert declared == {(index.name, index.pk, index.sk) for index in INDEXES[table]}


def test_an_index_shows_keys_only(template: Json) -> None:
    projections = {
        index["Projection"]["ProjectionType"]
        for _, table in of_type(template, "AWS::DynamoDB::Table")
        for index in table.get("GlobalSecondaryIndexes", [])
    }

    assert projections == {"KEYS_ONLY"}


def test_there_are_no_other_tables(template: Json) -> None:
    tables = {name for name, _ in of_type(template, "AWS::DynamoDB::Table")}

    assert tables == {f"{name.capitalize()}Table" for name in INDEXES}


@pytest.mark.parametrize("table", INDEXES)
def test_a_table_is_paid_by_use_encrypted_and_recoverable(resources: Json, table: str) -> None:
    properties = resources[f"{table.capitalize()}Table"]["Properties"]

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEEnabled"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def test_what_expires_is_forgotten_by_its_table_and_records_never_are(resources: Json) -> None:
    expiring = {
        table: resources[f"{table.capitalize()}Table"]["Properties"].get("TimeToLiveSpecification") for table in INDEXES
    }

    assert expiring.pop("records") is None
    assert all(each == {"AttributeName": EXPIRES, "Enabled": True} for each in expiring.values())


@pytest.mark.parametrize("table", ["Records", "Memberships"])
def test_what_fans_out_streams_both_images(resources: Json, table: str) -> None:
    stream = resources[f"{table}Table"]["Properties"]["StreamSpecification"]

    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_environment_is_what_settings_read(template: Json) -> None:
    variables = template["Globals"]["Function"]["Environment"]["Variables"]

    assert set(variables) == {field.name.upper() for field in fields(Settings)}


def test_the_environment_names_the_right_resource(template: Json) -> None:
    variables = template["Globals"]["Function"]["Environment"]["Variables"]

    for name in INDEXES:
        assert variables[f"{name.upper()}_TABLE"] == {"Ref": f"{name.capitalize()}Table"}
    for name in QUEUES:
        assert variables[f"{name.upper()}_QUEUE_URL"] == {"Ref": f"{name}Queue"}


def test_every_folder_of_functions_is_declared_and_every_declared_one_is_there(functions: dict[str, Json]) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    declared = {Path(function["CodeUri"]).name for function in functions.values()}

    assert declared == folders


def test_a_function_is_called_after_its_folder(functions: dict[str, Json]) -> None:
    named = {name: Path(function["CodeUri"]).name for name, function in functions.items()}

    assert named == {name: re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower() for name in named}


def test_there_are_no_other_queues(template: Json) -> None:
    queues = {name for name, _ in of_type(template, "AWS::SQS::Queue")}

    assert queues == {f"{name}{part}" for name in QUEUES for part in ("Queue", "DeadLetters")}


@pytest.mark.parametrize("queue", QUEUES)
def test_dead_letters_outlive_their_source_and_are_of_its_kind(resources: Json, queue: str) -> None:
    source = resources[f"{queue}Queue"]["Properties"]
    dead = resources[f"{queue}DeadLetters"]["Properties"]

    assert list(refers_to(source["RedrivePolicy"])) == [f"{queue}DeadLetters"]
    assert dead["MessageRetentionPeriod"] > source["MessageRetentionPeriod"]
    assert dead.get("FifoQueue") == source.get("FifoQueue")


@pytest.mark.parametrize("queue", QUEUES)
def test_somebody_hears_of_dead_letters_and_of_waiting_work(resources: Json, queue: str) -> None:
    assert alarms_on(resources, f"{queue}DeadLetters") == {"ApproximateNumberOfMessagesVisible"}
    assert alarms_on(resources, f"{queue}Queue") == {"ApproximateAgeOfOldestMessage"}


def test_somebody_hears_of_every_failing_function(resources: Json, functions: dict[str, Json]) -> None:
    deaf = {name for name in functions if "Errors" not in alarms_on(resources, name)}

    assert deaf == set()
    assert "IteratorAge" in alarms_on(resources, "FanOutChangesFunction")
    assert alarms_on(resources, "Api") == {"5xx"}


def test_every_alarm_reaches_the_topic(template: Json) -> None:
    silent = {
        name
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm")
        if alarm["AlarmActions"] != [{"Ref": "AlarmTopic"}]
    }

    assert silent == set()


def test_a_message_stays_hidden_for_six_timeouts_of_its_worker(
    resources: Json, sources: list[Json], functions: dict[str, Json]
) -> None:
    for source in sources:
        queue = next(refers_to(source["EventSourceArn"]))
        if not queue.endswith("Queue") or queue == "PagesQueue":
            continue
        timeout = functions[source["FunctionName"]["Ref"]]["Timeout"]
        assert resources[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout, queue


def test_a_page_is_hidden_a_minute_longer_than_its_worker_lives(resources: Json, functions: dict[str, Json]) -> None:
    """The message is a doorbell and its batch is one: the lease in the journal keeps a second worker out."""
    visibility = resources["PagesQueue"]["Properties"]["VisibilityTimeout"]

    assert (functions["SyncPagesFunction"]["Timeout"], visibility) == (300, 360)


def test_every_queue_is_worked_on_in_bounded_parallel_with_partial_failures(sources: list[Json]) -> None:
    workers = {next(refers_to(source["EventSourceArn"])): source for source in sources}

    for queue in QUEUES:
        worker = workers[f"{queue}Queue"]
        assert worker["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert 2 <= worker["ScalingConfig"]["MaximumConcurrency"] <= 100


def test_who_waits_for_somebody_elses_server_keeps_nobody_elses_message_waiting(sources: list[Json]) -> None:
    alone = {next(refers_to(source["EventSourceArn"])) for source in sources if source["BatchSize"] == 1}

    assert alone == {"DeliveriesQueue", "PagesQueue", "ActionsQueue", "ChatQueue"}


@pytest.mark.parametrize("table", ["RecordsTable", "MembershipsTable"])
def test_a_poisoned_stream_record_is_cut_out_and_kept(sources: list[Json], table: str) -> None:
    stream = next(source for source in sources if table in refers_to(source["EventSourceArn"]))

    assert stream["BisectBatchOnFunctionError"]
    assert 0 < stream["MaximumRetryAttempts"] <= 100
    assert 0 < stream["MaximumRecordAgeInSeconds"] < 86400
    assert list(refers_to(stream["DestinationConfig"])) == ["Bucket"]


def test_functions_that_hand_on_to_themselves_may(sources: list[Json], functions: dict[str, Json]) -> None:
    handing_on = set()
    for source in sources:
        name = source["FunctionName"]["Ref"]
        queue = next(refers_to(source["EventSourceArn"]))
        sends = {
            target
            for statement in statements(functions[name])
            if "sqs:SendMessage*" in listed(statement["Action"])
            for target in refers_to(statement["Resource"])
        }
        handing_on |= {name} if queue in sends else set()
    allowed = {name for name, function in functions.items() if function.get("RecursiveLoop") == "Allow"}

    known = {"ApplyDeliveriesFunction", "SyncPagesFunction", "EvaluateGroupsFunction", "DeliverToChatFunction"}
    assert allowed == handing_on == known


def test_no_role_reaches_everything(functions: dict[str, Json]) -> None:
    wide = {
        (name, action)
        for name, function in functions.items()
        for statement in statements(function)
        for action in listed(statement["Action"])
        if "*" in listed(statement["Resource"])
    }

    assert wide == ANY_RESOURCE


def test_no_role_may_do_everything(template: Json, functions: dict[str, Json]) -> None:
    granted = [statement for function in functions.values() for statement in statements(function)]
    granted += template["Resources"]["CrmAccess"]["Properties"]["PolicyDocument"]["Statement"]

    wide = {action for statement in granted for action in listed(statement["Action"]) if "*" in action}
    assert wide <= {"sqs:SendMessage*"}, "which names sending one and sending a batch, and nothing else"


def test_a_worker_reads_its_own_queue_and_no_other(sources: list[Json], functions: dict[str, Json]) -> None:
    owned = {
        (source["FunctionName"]["Ref"], next(refers_to(source["EventSourceArn"])))
        for source in sources
        if next(refers_to(source["EventSourceArn"])).endswith("Queue")
    }

    received = {
        (name, queue)
        for name, function in functions.items()
        for statement in statements(function)
        if "sqs:ReceiveMessage" in listed(statement["Action"])
        for queue in refers_to(statement["Resource"])
    }

    assert received == owned


def test_tokens_are_for_those_who_call_crms(functions: dict[str, Json]) -> None:
    able = {name for name, function in functions.items() if {"Ref": "CrmAccess"} in function.get("Policies", [])}

    assert able == {
        "ConnectionsFunction", "OauthFunction", "RecordsFunction", "ApplyDeliveriesFunction", "SyncPagesFunction",
        "ExecuteActionFunction", "ScheduleSyncsFunction",
    }  # fmt: skip


def test_only_the_public_routes_ask_nobody_who_they_are(template: Json) -> None:
    routes = template_routes(template)

    assert {route.key for route in routes if route.authorizer is None} == PUBLIC
    assert {route.authorizer for route in routes if route.key not in PUBLIC} == {"Caller"}


def test_the_authorizer_looks_at_one_header_and_remembers_a_minute_at_most(resources: Json) -> None:
    authorizer = resources["Api"]["Properties"]["Auth"]["Authorizers"]["Caller"]

    assert authorizer["Identity"]["Headers"] == ["Authorization"]
    assert authorizer["Identity"]["ReauthorizeEvery"] <= 60
    assert authorizer["EnableSimpleResponses"]


def test_access_logs_name_the_route_and_neither_path_nor_person(resources: Json) -> None:
    format = resources["Api"]["Properties"]["AccessLogSettings"]["Format"]

    assert "$context.routeKey" in format
    assert not re.search(r"\$context\.(path|identity|authorizer|domainName)", format)


def test_what_is_parked_outlives_dead_letters_and_then_expires(resources: Json) -> None:
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    kept = max(resources[f"{queue}DeadLetters"]["Properties"]["MessageRetentionPeriod"] for queue in QUEUES)
    assert [rule["Status"] for rule in rules] == ["Enabled"]
    assert rules[0]["ExpirationInDays"] * 86400 > kept


def test_the_bucket_is_private(resources: Json) -> None:
    access = resources["Bucket"]["Properties"]["PublicAccessBlockConfiguration"]

    assert len(access) == 4
    assert all(access.values())


def test_what_a_deployment_needs_to_know_is_put_out(template: Json) -> None:
    assert {"ApiUrl", "Bucket", "SecretPrefix", *(f"{name}QueueUrl" for name in QUEUES)} <= set(template["Outputs"])
    assert {f"{name.capitalize()}Table" for name in INDEXES} <= set(template["Outputs"])


def test_translated_roles_carry_only_amazons_policies_for_logs_and_traces(template: Json) -> None:
    roles = dict(of_type(translate(template, {}), "AWS::IAM::Role"))

    attached = {
        policy.rsplit("/", 1)[-1]
        for role in roles.values()
        for policy in role["ManagedPolicyArns"]
        if isinstance(policy, str)
    }
    assert attached == {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
