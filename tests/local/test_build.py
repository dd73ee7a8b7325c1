"""Code becomes archives once, and the layer brings everything its functions import."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from local.engine import build
from local.engine.process import VENV, EngineFailed


def test_the_same_code_makes_the_same_archive(app: Path) -> None:
    folder = app.parent / "functions" / "notes"

    assert build.archive_function(folder) == build.archive_function(folder)


def test_an_archive_leaves_out_what_python_left_behind(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "handler.pyc").write_bytes(b"old")

    archive = zipfile.ZipFile(io.BytesIO(build.archive_function(tmp_path)))

    assert archive.namelist() == ["handler.py"]


def test_a_layer_is_built_again_only_when_its_code_changed(tmp_path: Path, app: Path) -> None:
    source = copied(app.parent / "layer", tmp_path / "layer")

    first = build.built_layer(source, "FixtureLayer", tmp_path)
    (first / "mark").touch()
    same = build.built_layer(source, "FixtureLayer", tmp_path)
    (source / "shared.py").write_text("changed = True\n")
    changed = build.built_layer(source, "FixtureLayer", tmp_path)

    assert (same / "mark").exists()
    assert (changed / "python" / "shared.py").read_text() == "changed = True\n"


def test_only_the_latest_builds_of_a_layer_are_kept(tmp_path: Path, app: Path) -> None:
    source = copied(app.parent / "layer", tmp_path / "layer")

    for number in range(5):
        (source / "shared.py").write_text(f"number = {number}\n")
        build.built_layer(source, "FixtureLayer", tmp_path)

    assert len(list((tmp_path / "layers").iterdir())) == 3


def test_a_layer_that_cannot_be_built_says_what_make_said(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("build-BrokenLayer:\n\t@echo out of luck; exit 3\n")

    with pytest.raises(EngineFailed, match="out of luck"):
        build.built_layer(tmp_path, "BrokenLayer", tmp_path)


@pytest.mark.journey
def test_the_layer_alone_brings_all_that_package_and_functions_import(tmp_path: Path, root: Path) -> None:
    layer = build.built_layer(root / "layers" / "bridge", "BridgeLayer", tmp_path) / "python"
    handlers = sorted((root / "functions").glob("*/handler.py"))

    isolated: list[str | Path] = [VENV / "bin" / "python", "-I", "-S", "-c", IMPORT_ALL]
    done = subprocess.run([*isolated, layer, *handlers], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


IMPORT_ALL = """
import importlib, pkgutil, runpy, sys
sys.path.insert(0, sys.argv[1])
import crmbridge
for module in pkgutil.walk_packages(crmbridge.__path__, "crmbridge."):
    importlib.import_module(module.name)
for handler in sys.argv[2:]:
    assert callable(runpy.run_path(handler)["handle"]), handler
"""


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target
