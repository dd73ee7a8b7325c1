"""Turn the code a template names into archives the engine can run, without building anything twice."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from local.engine.process import BUILD, VENV, EngineFailed

LEFT_OUT = ("__pycache__", ".pyc", ".egg-info")
OLD_DATE = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


def archive_function(folder: Path) -> bytes:
    """Return a function's folder as it is: what it imports is in the layer."""
    return zipped((str(path.relative_to(folder)), path.read_bytes()) for path in code_files(folder))


def archive_layer(source: Path, logical_id: str, home: Path = BUILD) -> bytes:
    """Return an archive that points to the built layer instead of holding it.

    The engine unpacks a layer for every Lambda process it starts: seconds and tens of megabytes each time. A line in a
    .pth file puts the one built copy first on the path instead.
    """
    built = built_layer(source, logical_id, home)
    line = f"import sys; sys.path.insert(0, {str(built / 'python')!r})\n"
    return zipped([(f"python/lib/python3/site-packages/{logical_id}.pth", line.encode())])


def built_layer(source: Path, logical_id: str, home: Path = BUILD) -> Path:
    """Return the folder of the layer, built by its Makefile as SAM would, for the engine's own Python."""
    folder = home / "layers" / f"{logical_id}-{fingerprint(source)}"
    if not folder.is_dir():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(source, f"build-{logical_id}", unfinished)
        unfinished.rename(folder)
        forget_all_but(list(folder.parent.glob(f"{logical_id}-*")))
    return folder


def forget_all_but(layers: list[Path], kept: int = 3) -> None:
    """Remove what earlier code built; a Lambda that still runs may want the latest few."""
    for folder in sorted(layers, key=lambda path: path.stat().st_mtime)[:-kept]:
        shutil.rmtree(folder, ignore_errors=True)


def make(source: Path, target: str, artifacts: Path) -> None:
    """Run one target of a layer's Makefile, with the variables SAM gives it and the Python to build for."""
    environment = {
        **os.environ,
        "ARTIFACTS_DIR": str(artifacts),
        "BRIDGE_CACHE": str(BUILD / "layer-cache"),
        "BRIDGE_PYTHON": str(VENV / "bin" / "python"),
        "PIP": f"{sys.executable} -m pip",
        "UV": str(Path(sys.executable).with_name("uv")),
    }
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", source, target],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineFailed(f"The layer in {source} could not be built:\n{done.stdout}{done.stderr}")


def fingerprint(folder: Path) -> str:
    """Return a name for this very code under the engine's Python."""
    digest = hashlib.sha256((VENV / "pyvenv.cfg").read_bytes())
    for path in code_files(folder):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.endswith(LEFT_OUT) for part in path.relative_to(folder).parts):
            yield path


def zipped(files: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipping:
        for name, content in files:
            zipping.writestr(zipfile.ZipInfo(name, OLD_DATE), content)
    return archive.getvalue()
