"""The command line and what the engine remembers about itself."""

import json
import os
from pathlib import Path

import pytest

from local import __main__ as command_line
from local.engine import process
from local.engine.commands import pair


def test_without_a_command_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in command_line.COMMANDS)


def test_an_unknown_command_is_an_error_that_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["dwon"]) == 2
    assert "down" in capsys.readouterr().err


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_every_command_can_be_imported_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command_line.main([name, "--help"])

    assert left.value.code == 0
    assert f"python -m local {name}" in capsys.readouterr().out


def test_a_parameter_keeps_its_further_equals_signs() -> None:
    assert pair("Url=http://localhost/?a=b") == ("Url", "http://localhost/?a=b")


def test_a_note_of_an_engine_is_not_believed_when_its_process_is_a_strangers(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text(json.dumps({"pid": os.getpid(), "port": 4566}))

    assert process.running(tmp_path) is None
    assert process.stop(tmp_path) is False


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"pid": 1}'])
def test_a_damaged_note_of_an_engine_is_no_engine(tmp_path: Path, note: str) -> None:
    (tmp_path / "engine.json").write_text(note)

    assert process.running(tmp_path) is None


def test_the_engine_sees_no_credentials_or_endpoint_of_the_developer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")

    seen = process.environment(tmp_path, 4566)

    assert "AWS_PROFILE" not in seen
    assert "PYTHONPATH" not in seen
