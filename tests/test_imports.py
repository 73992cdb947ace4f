"""Who may import what, and when."""

import ast
import subprocess
import sys

import pytest

from compare.sources import ROOT

FRAMEWORKS = {"torch", "keras", "tensorflow", "jax"}
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("compare", "pytorch_models", "keras_models")
    for path in (ROOT / folder).rglob("*.py")
)
MAY = {
    "compare/checking.py": {"torch", "keras"},  # for type checkers alone
    "compare/keras_copies.py": {"keras"},
    "compare/constants.py": {"torch"},
    "compare/in_pytorch.py": {"torch"},
    "compare/in_keras.py": {"keras", "tensorflow"},
    "compare/pytorch_layers.py": {"torch"},
    "compare/saved/pytorch_pickles.py": {"torch"},
    "compare/pytorch_arrays.py": {"torch"},
    "compare/pytorch_results.py": {"torch"},
    "compare/keras_layers.py": {"keras", "tensorflow"},
    "compare/keras_activations.py": {"keras"},
    "compare/pytorch_faults.py": {"torch"},
    "compare/keras_faults.py": {"keras"},
    "compare/keras_precision.py": {"keras", "tensorflow"},
    "compare/keras_refusals.py": {"tensorflow"},
    "compare/keras_shapes.py": {"keras", "tensorflow"},
    "compare/pytorch_training.py": {"torch"},
    "compare/keras_training.py": {"keras", "tensorflow"},
    **{f: {"torch", "keras"} for f in FILES if f.startswith("compare/claims/")},
}


def imported(path):
    """Top-level packages that a file imports, at its top or later."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", FILES)
def test_a_framework_is_imported_by_few_modules_and_the_models(path):
    allowed = MAY.get(path, set())
    if path.startswith("pytorch_models"):
        allowed = {"torch"}
    if path.startswith("keras_models"):
        allowed = {"keras"}

    assert imported(path) & FRAMEWORKS <= allowed


@pytest.mark.parametrize("path", [f for f in FILES if "_models/" in f])
def test_models_import_their_framework_and_nothing_else(path):
    own = {"torch"} if path.startswith("pytorch_models") else {"keras"}

    assert imported(path) in (own, set())


COMMANDS = [
    "list",
    "claims --help",
    "show portfolio_flatten",
    "--help",
    "run --help",
    "train --help",
    "--version",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_loads_no_framework(command):
    code = (
        "import sys\n"
        "from compare.cli import main\n"
        "try:\n"
        f"    main({command.split()!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"loaded = {FRAMEWORKS | {'numpy'}!r} & set(sys.modules)\n"
        "print('loaded:', sorted(loaded))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stdout.splitlines()[-1] == "loaded: []", ran.stderr


def test_importing_the_package_loads_no_framework():
    code = "import compare, sys; print(sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert not FRAMEWORKS & set(ast.literal_eval(ran.stdout))


def test_the_harness_loads_both():
    """The tests above would pass on anything if the names were wrong."""
    code = "import sys, compare.harness; print(sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert {"torch", "keras", "tensorflow"} <= set(ast.literal_eval(ran.stdout))
