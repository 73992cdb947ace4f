"""What docs/ci.md tells people to copy is YAML, and its commands do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from compare.subjects.sources import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def recipe(name):
    """The block that begins with the name of a file, as data."""
    (text,) = re.findall(rf"```yaml\n# {re.escape(name)}\n(.*?)```", PAGE, re.DOTALL)
    return yaml.safe_load(text)


def steps():
    """The steps of the job on GitHub."""
    return recipe(".github/workflows/twins.yml")["jobs"]["twins"]["steps"]


@pytest.fixture
def folder(tmp_path):
    """A folder with the README's pair file, and the environment of a step."""
    (code,) = re.findall(r"```python\n(from keras import.*?)```", README, re.DOTALL)
    (tmp_path / "my_pair.py").write_text(code, encoding="utf-8")
    return tmp_path


def run(command, folder):
    """Run a command as a system does: in a shell, without a terminal."""
    programs = Path(sys.executable).parent
    environment = dict(os.environ)
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    environment["GITHUB_STEP_SUMMARY"] = str(folder / "summary.md")
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_job_on_github_compares_and_keeps_what_it_uploads(folder):
    (folder / "summary.md").touch()  # as GitHub makes it
    (compare,) = (step for step in steps() if "twinproof run" in step.get("run", ""))
    (upload,) = (step for step in steps() if "upload" in step.get("uses", ""))

    ran = run(compare["run"], folder)

    assert ran.returncode == 0, ran.stderr
    assert "twinproof: same" in (folder / "summary.md").read_text("utf-8")
    for name in upload["with"]["path"].split():
        assert (folder / name).is_file()
    suite = ElementTree.parse(folder / "twins.xml").find("testsuite")
    assert int(suite.get("tests")) > 10


def test_the_job_on_github_is_complete():
    workflow = recipe(".github/workflows/twins.yml")

    assert {"name", "permissions", "jobs"} <= set(workflow)
    assert workflow[True] == ["push", "pull_request"]  # YAML 1.1 reads `on` so
    assert all(set(step) & {"uses", "run"} for step in steps())


def test_gitlab_reads_what_its_job_writes():
    job = recipe(".gitlab-ci.yml")["twins"]
    (command,) = (line for line in job["script"] if line.startswith("twinproof"))

    assert f"--junit {job['artifacts']['reports']['junit']}" in command


@pytest.mark.slow
def test_the_hook_says_nothing_of_twins_that_are_the_same(folder):
    (repository,) = recipe(".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]

    ran = run(hook["entry"], folder)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_hook_runs_when_a_file_that_it_names_changes():
    (repository,) = recipe(".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]

    assert repository["repo"] == "local"
    assert re.search(hook["files"], "my_pair.py")
    assert not re.search(hook["files"], "notes/my_pair.pyc")
