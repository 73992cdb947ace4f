"""The command `twinproof`, also where `import compare` would find something else."""

import ast
import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import compare
from compare.judging.losses import CROSS_ENTROPY_OF_PROBABILITIES, LOSSES
from compare.subjects.sources import ROOT

SCRIPT = Path(sysconfig.get_path("scripts")) / "twinproof"
CALLS = {
    "twinproof": [SCRIPT],
    "python -m compare": [sys.executable, "-m", "compare"],
    "python -m twinproof": [sys.executable, "-m", "twinproof"],
}

installed = pytest.mark.skipif(not SCRIPT.exists(), reason="the install makes it")


def run(call, *arguments, cwd, **environment):
    return subprocess.run(
        [*CALLS[call], *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **environment},
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(params=["compare.py", "compare/__init__.py"])
def foreign(request, tmp_path):
    """A folder with a `compare` of its own, which leaves a mark where it is run."""
    file = tmp_path / request.param
    file.parent.mkdir(exist_ok=True)
    file.write_text("open('it-ran', 'w').close()")
    return file


@installed
def test_twinproof_runs_the_suite_where_a_compare_lies_in_the_folder(foreign, tmp_path):
    ran = run("twinproof", "--version", cwd=tmp_path)

    assert (ran.returncode, ran.stdout.strip()) == (0, compare.__version__)
    assert not (tmp_path / "it-ran").exists()


@installed
def test_twinproof_says_which_compare_hides_the_suite(foreign, tmp_path):
    """Where PYTHONPATH leads to it first; it is named, and not run."""
    ran = run("twinproof", "list", cwd=tmp_path, PYTHONPATH=str(tmp_path))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"twinproof: expected `import compare` to find twinproof, got {foreign}; "
        "rename what hides it, or keep that off sys.path\n"
    )
    assert not (tmp_path / "it-ran").exists()


def test_python_m_twinproof_says_so_of_the_folder_that_it_is_called_in(
    foreign, tmp_path
):
    ran = run("python -m twinproof", "list", cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"to find twinproof, got {foreign}; rename" in ran.stderr
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("call", ["python -m compare", "python -m twinproof"])
def test_a_folder_compare_without_code_hides_nothing(tmp_path, call):
    (tmp_path / "compare").mkdir()
    (tmp_path / "compare" / "results.csv").touch()

    ran = run(call, "--version", cwd=tmp_path)

    assert ran.stdout.strip() == compare.__version__, ran.stderr


@pytest.mark.parametrize(
    ("call", "command"),
    [
        pytest.param("twinproof", "twinproof", marks=installed),
        ("python -m twinproof", "twinproof"),
        ("python -m compare", "python -m compare"),
    ],
)
def test_help_and_hints_name_the_command_as_it_was_called(tmp_path, call, command):
    text = run(call, "--help", cwd=tmp_path).stdout
    wrong = run(call, "run", "none.py", cwd=tmp_path).stderr
    listed = run(call, "list", cwd=tmp_path).stdout

    assert text.startswith(f"usage: {command} [-h]")
    assert f"\n  {command} run my_pair.py " in text
    assert wrong == (
        f"{command.split()[-1]}: none.py: expected a pair file, found none; {command} "
        "new none.py writes one to start from\n"
    )
    assert f"Read both sources: {command} show NAME" in listed


def test_the_installed_version_is_that_of_the_package():
    assert metadata.version("twinproof") == compare.__version__


@pytest.mark.parametrize("folder", ["pytorch_models", "keras_models"])
def test_every_loss_by_name_is_a_function_of_both_folders(folder):
    tree = ast.parse((ROOT / folder / "losses.py").read_text(encoding="utf-8"))
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}

    public = {name for name in functions if not name.startswith("_")}
    assert public == {*LOSSES, CROSS_ENTROPY_OF_PROBABILITIES}
