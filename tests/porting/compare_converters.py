"""Twelve Keras models through every converter to PyTorch, and what came of each.

    python tests/porting/compare_converters.py --install   # once: makes environments
    python tests/porting/compare_converters.py [--only MODEL] [--converter NAME]

prints a table of all models and converters, and one that sums it up. Each converter
runs in a process and an environment of its own, under ~/.cache: `--install` adds what
the converter needs to what is installed here, whose versions stay as they are.

What is compared: the results of a port, against those of the Keras model run in
float64, at the size that the converter saw, and at two others (a shorter and a longer
sequence, and other batches). All weights are random and no bias is 0. A port that runs
in float64 is judged in it. Where a converter fails with its defaults, it is tried with
other opsets of ONNX, then with sizes fixed; the best attempt is reported, and what it
took. Seconds are those of that attempt, from the saved model to the port,
beyond imports; the suite's hold its proof.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import converter_tables

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
ENVIRONMENTS = CACHE / "twinproof" / "converters"

SECONDS_PER_MODEL = 120  # before a converter is stopped; the slowest took 4
KEPT_AS_THEY_ARE = ("torch", "keras", "tensorflow")


@dataclass(frozen=True)
class Converter:
    """A way from Keras to PyTorch, or to something else that runs.

    Args:
        name: on the command line, and of its files.
        title: in the table.
        needs: what pip installs beside what is here; nothing for the suite itself.
        environment: name of the environment; two converters may share one.
        backend: of Keras.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ()
    environment: str = ""
    backend: str = "tensorflow"


TF2ONNX = "tf2onnx==1.17.0"
CONVERTERS = (
    Converter("suite", "twinproof port"),
    Converter(
        "onnx2torch",
        "tf2onnx + onnx2torch",
        (TF2ONNX, "onnx2torch==1.5.15"),
        "onnx2torch",
    ),
    Converter(
        "onnx2pytorch",
        "tf2onnx + onnx2pytorch",
        (TF2ONNX, "onnx2pytorch==0.6.0"),
        "onnx2pytorch",
    ),
    Converter(
        "keras_export",
        "Keras's export (TensorFlow) + onnxruntime",
        (TF2ONNX, "onnxruntime==1.32.0"),
        "onnxruntime",
    ),
    Converter(
        "keras_export_torch",
        "Keras's export (PyTorch) + onnxruntime",
        (TF2ONNX, "onnxruntime==1.32.0"),
        "onnxruntime",
        backend="torch",
    ),
    Converter("nobuco", "nobuco", ("nobuco==0.17.0",), "nobuco"),
)


# Environments


def python_for(converter: Converter) -> Path | str:
    """Return the Python that a converter runs in, or why there is none."""
    if not converter.needs:
        return Path(sys.executable)
    environment = ENVIRONMENTS / converter.environment
    refused = environment / "refused.txt"
    if refused.exists():
        return refused.read_text()
    if not _is_installed(converter):
        return "not installed here: --install does it"
    return _python_in(environment)


def install(converter: Converter) -> None:
    """Make a converter's environment, on top of what is installed here.

    Where pip finds no versions that go together, the environment keeps its words.
    """
    environment = ENVIRONMENTS / converter.environment
    if not converter.needs or _is_installed(converter):
        return
    print(f"installing {', '.join(converter.needs)} in {environment}", file=sys.stderr)
    shutil.rmtree(environment, ignore_errors=True)
    venv.create(environment, with_pip=True)
    python = _python_in(environment)

    where = [
        str(python),
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]
    own_packages = subprocess.run(where, capture_output=True, text=True, check=True)
    path_file = Path(own_packages.stdout.strip()) / "zz_shared.pth"
    path_file.write_text("\n".join(_shared_packages()))

    constraints = environment / "constraints.txt"
    pins = [f"{name}=={_public_version(name)}" for name in KEPT_AS_THEY_ARE]
    constraints.write_text("\n".join(pins))
    pip = [str(python), "-m", "pip", "install", "--quiet", "-c", str(constraints)]
    ended = subprocess.run([*pip, *converter.needs], capture_output=True, text=True)
    if ended.returncode:
        errors = [line for line in ended.stderr.splitlines() if "ERROR" in line]
        reason = errors[-1] if errors else f"exit {ended.returncode}"
        (environment / "refused.txt").write_text(f"pip: {reason}")
    else:
        complete = environment / "complete.txt"
        complete.write_text("\n".join(_parts(converter)))


def _is_installed(converter: Converter) -> bool:
    """Return whether a converter's environment is complete, and on top of this one."""
    complete = ENVIRONMENTS / converter.environment / "complete.txt"
    return complete.exists() and complete.read_text().splitlines() == _parts(converter)


def _parts(converter: Converter) -> list[str]:
    """Return what an environment is made of: what pip installs, and what is shared."""
    return [*converter.needs, *_shared_packages()]


def _shared_packages() -> list[str]:
    """Return the folders of what is installed here, such as TensorFlow."""
    return [path for path in sys.path if Path(path).name == "site-packages"]


def _python_in(environment: Path) -> Path:
    if sys.platform == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def _public_version(name: str) -> str:
    """Return an installed version without what stands after "+", such as "cpu"."""
    return importlib.metadata.version(name).split("+")[0]


# Runs


def write_models(folder: Path, only: list[str] | None) -> list[str]:
    """Make the models, their inputs and results in float64; return their names."""
    script = [sys.executable, str(HERE / "twelve_models.py"), str(folder)]
    ended = subprocess.run(
        [*script, *(only or [])],
        env=_variables("tensorflow"),
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        raise SystemExit(f"the models could not be made:\n{ended.stderr}")
    return json.loads(ended.stdout)


def run(converter: Converter, folder: Path, names: list[str]) -> dict[str, Any]:
    """Measure a converter; return what came of each model, by name.

    A converter that crashes or hangs on a model is started again for those after it.
    """
    python = python_for(converter)
    if isinstance(python, str):
        return {name: {"refused": python} for name in names}
    results: dict[str, Any] = {}
    remaining = list(names)
    while remaining:
        ending = _work(python, converter, folder, remaining)
        for name in list(remaining):
            path = folder / name / f"{converter.name}.json"
            if not path.exists():
                results[name] = {"refused": ending}
                remaining.remove(name)
                break
            results[name] = json.loads(path.read_text())
            remaining.remove(name)
    return results


def _work(python: Path, converter: Converter, folder: Path, names: list[str]) -> str:
    """Start a converter's process on models; return how it ended."""
    script = [str(python), str(HERE / "converter_work.py"), converter.name, str(folder)]
    try:
        ended = subprocess.run(
            [*script, *names],
            env=_variables(converter.backend),
            capture_output=True,
            text=True,
            timeout=SECONDS_PER_MODEL * len(names),
        )
    except subprocess.TimeoutExpired:
        return f"did not end in {SECONDS_PER_MODEL * len(names)} s"
    if ended.returncode < 0:
        return f"crashed with signal {-ended.returncode}"
    lines = ended.stderr.strip().splitlines() or [""]
    return f"ended with exit {ended.returncode}: {lines[-1]}"


def _variables(backend: str) -> dict[str, str]:
    """Return the environment's variables for a process with a backend of Keras."""
    return os.environ | {
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(REPOSITORY),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
    }


def main(arguments: list[str]) -> None:
    """Run what the command line asks for, and print the tables."""
    options = _parse(arguments)
    converters = [
        converter
        for converter in CONVERTERS
        if not options.converter or converter.name in options.converter
    ]
    if options.install:
        for converter in converters:
            install(converter)

    results = {}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        names = write_models(folder, options.only)
        facts = {n: json.loads((folder / n / "facts.json").read_text()) for n in names}
        for converter in converters:
            print(f"{converter.title} ...", file=sys.stderr)
            results[converter.name] = run(converter, folder, names)

    if options.json:
        options.json.write_text(json.dumps(results, indent=1, sort_keys=True))
    titles = {converter.name: converter.title for converter in converters}
    print(converter_tables.text(titles, facts, results))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    known = [converter.name for converter in CONVERTERS]
    add("--only", action="append", metavar="MODEL", help="may be repeated")
    add(
        "--converter",
        action="append",
        choices=known,
        metavar="NAME",
        help=f"may be repeated: {', '.join(known)}",
    )
    add("--install", action="store_true", help="make missing environments first")
    add("--json", type=Path, help="write all results to this file as well")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
