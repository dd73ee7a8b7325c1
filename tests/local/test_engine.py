"""The local engine runs an application as AWS would, keeps to this machine, and goes without a trace."""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from local.engine import process
from local.engine.deploy import Stack, deploy

pytestmark = pytest.mark.journey
PLEASE = {"authorization": "please"}
PATIENCE = 10.0


def test_a_route_with_an_authorizer_refuses_whom_it_does_not_know(small: Stack) -> None:
    nobody = requests.get(f"{small.api_url}/v1/notes/1", timeout=PATIENCE)
    stranger = requests.get(f"{small.api_url}/v1/notes/1", headers={"authorization": "now"}, timeout=PATIENCE)

    assert (nobody.status_code, stranger.status_code) == (401, 403)


def test_what_was_written_over_http_is_read_back(small: Stack) -> None:
    requests.post(f"{small.api_url}/v1/notes", json={"id": "a"}, headers=PLEASE, timeout=PATIENCE)

    answer = requests.get(f"{small.api_url}/v1/notes/a", headers=PLEASE, timeout=PATIENCE)

    assert answer.json() == {"pk": "note#a", "by": "ann"}


def test_a_change_in_the_table_travels_through_stream_and_queue(small: Stack) -> None:
    table = small.engine.client("dynamodb")
    seen = {"pk": {"S": "seen#note#b"}}

    table.put_item(TableName=small.outputs["TableName"], Item={"pk": {"S": "note#b"}})

    found = eventually(lambda: table.get_item(TableName=small.outputs["TableName"], Key=seen).get("Item"))
    assert found == seen | {"secret": {"S": "shh"}}


def test_an_open_route_knows_the_parameters_and_its_own_path(small: Stack) -> None:
    answer = requests.put(f"{small.api_url}/open", timeout=PATIENCE)

    assert answer.json() == {"greeting": "moin", "path": "/open"}


def test_a_function_may_do_no_more_than_its_role_allows(small: Stack) -> None:
    answer = requests.delete(f"{small.api_url}/open", timeout=PATIENCE)

    assert answer.json() == "AccessDeniedException"


def test_a_browser_may_call_from_the_configured_origin_alone(small: Stack) -> None:
    asked = {"access-control-request-method": "POST"}

    chat = requests.options(f"{small.api_url}/v1/notes", headers=asked | {"origin": "https://chat.example"}, timeout=9)
    other = requests.options(f"{small.api_url}/v1/notes", headers=asked | {"origin": "https://evil.example"}, timeout=9)

    assert chat.headers["access-control-allow-origin"] == "https://chat.example"
    assert "access-control-allow-origin" not in other.headers


def test_deploying_again_changes_the_stack_and_keeps_the_url(small: Stack, app: Path) -> None:
    again = deploy(small.engine, {"Greeting": "servus"}, template=app, name=small.name)

    assert again.api_url == small.api_url
    assert requests.get(f"{again.api_url}/open", timeout=PATIENCE).json()["greeting"] == "servus"
    deploy(small.engine, {"Greeting": "moin"}, template=app, name=small.name)


def test_deploying_again_brings_changed_code_of_function_and_layer(
    engine: process.Engine, app: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(app.parent, tmp_path / "app"))
    stack = deploy(engine, template=copy / "template.yaml", name="changing")
    before = requests.get(f"{stack.api_url}/open", timeout=PATIENCE)

    rewrite(copy / "functions" / "notes" / "handler.py", "greeting", "salute")
    rewrite(copy / "layer" / "shared.py", '"statusCode": status', '"statusCode": status + 3')
    deploy(engine, template=copy / "template.yaml", name="changing")

    after = requests.get(f"{stack.api_url}/open", timeout=PATIENCE)
    assert (before.status_code, list(before.json())) == (200, ["greeting", "path"])
    assert (after.status_code, list(after.json())) == (203, ["salute", "path"])


def test_an_unknown_parameter_is_refused_by_name(small: Stack, app: Path) -> None:
    with pytest.raises(process.EngineFailed, match="no parameter Greting"):
        deploy(small.engine, {"Greting": "typo"}, template=app, name=small.name)


def test_nothing_listens_beyond_this_machine(small: Stack) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("open sockets are read from /proc")

    heard_on = {address for pid in group(small.engine.pid) for address in listening(pid)}

    assert heard_on == {f"0100007F:{small.engine.port:04X}"}


def test_a_second_start_finds_the_engine_that_runs(engine: process.Engine) -> None:
    assert process.start(engine.home) == engine


def test_a_taken_port_gives_way_to_a_free_one(engine: process.Engine) -> None:
    assert process.free_port(engine.port) != engine.port


def test_down_leaves_nothing_running_and_nothing_behind(tmp_path: Path, app: Path) -> None:
    before = left_in_temp()
    engine = process.start(tmp_path)
    stack = deploy(engine, template=app)
    requests.get(f"{stack.api_url}/open", timeout=PATIENCE)

    process.stop(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine.log", "layers"]
    assert eventually(lambda: not group(engine.pid))
    assert left_in_temp() == before


def eventually(look: Callable[[], Any]) -> Any:
    """Look again until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def rewrite(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def left_in_temp() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("ministack*"))


def group(leader: int) -> list[int]:
    """Return the living processes of an engine: it leads their group."""
    members = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, its_leader = (folder / "stat").read_text().rsplit(") ", 1)[1].split()[:3]
            if int(its_leader) == leader and state != "Z":
                members.append(int(folder.name))
    return members


def listening(pid: int) -> set[str]:
    """Return the addresses a process listens on, as the kernel writes them."""
    opened = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] in ("0A", "07") and f"socket:[{row[9]}]" in opened}
