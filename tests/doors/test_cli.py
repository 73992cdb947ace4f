"""The command line, from a process of its own, in an empty folder."""

import json
import os
import subprocess
import sys

import pytest

from compare.subjects.pairs import PAIRS

DAYS = [f"2020-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]


def compare(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "compare", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **environment},
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    """Two pairs on 84 days of three assets, and the evidence."""
    folder = tmp_path_factory.mktemp("run")
    rows = [
        f"{day},{10 + i % 7},{20 + i % 5},{30 - i % 3}" for i, day in enumerate(DAYS)
    ]
    (folder / "mine.csv").write_text("\n".join(["Date,A,B,C", *rows]))
    names = "portfolio_last_step", "gru_layer"
    ran = compare(*names, "--prices", "mine.csv", "--json", "e.json", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return ran, json.loads((folder / "e.json").read_text()), folder


def test_run_says_what_was_proved(short_run):
    ran, _, _ = short_run

    assert "on 84 days of mine.csv" in ran.stdout
    assert "gru_layer read no prices, but random features" in ran.stdout
    assert "Note: 84 days hold no window of 200 steps" in ran.stdout
    assert "Proved: on these inputs 2 pairs compute" in ran.stdout
    # A slow machine sees lines of progress.
    progress = tuple(f"{name}: " for name in ("portfolio_last_step", "gru_layer"))
    assert all(line.startswith(progress) for line in ran.stderr.splitlines())


def test_table_fits_80_columns(short_run):
    ran, _, _ = short_run

    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_evidence_has_the_fields_others_rely_on(short_run):
    _, evidence, folder = short_run
    fields = {
        *("pair", "length", "timesteps", "batch", "direction", "stage", "verdict"),
        *("expected", "gap64", "limit64", "gap32", "noise_torch", "noise_keras"),
        *("worst", "first_difference"),
    }

    assert evidence["schema"] == 1
    assert {"torch", "keras", "backend", "numpy", "python"} <= set(evidence["versions"])
    assert all(fields <= result.keys() for result in evidence["results"])
    assert set(evidence["results"][0]["worst"]) == {"index", "torch", "keras"}
    assert {result["length"] for result in evidence["results"]} == {50, "none"}
    assert {result["timesteps"] for result in evidence["results"]} == {1, 7, 50}
    assert {result["direction"] for result in evidence["results"]} == {
        "to_keras",
        "to_torch",
    }
    assert (
        evidence["summary"].items()
        >= dict(results=len(evidence["results"]), as_expected=48, unexpected=0).items()
    )
    assert evidence["summary"]["seconds"] > 0
    assert sorted(path.name for path in folder.iterdir()) == ["e.json", "mine.csv"]


def test_list_names_every_pair(tmp_path):
    ran = compare("list", cwd=tmp_path)

    assert ran.returncode == 0
    assert all(pair.file in ran.stdout for pair in PAIRS)


@pytest.mark.parametrize(("columns", "rows"), [("80", 2), ("176", 1)])
def test_show_prints_both_sources(tmp_path, columns, rows):
    """In turn in a narrow terminal, side by side in a wide one."""
    ran = compare("show", "portfolio_flatten", cwd=tmp_path, COLUMNS=columns)
    lines = [line for line in ran.stdout.splitlines() if "super().__init__()" in line]

    assert len(lines) == rows
    assert "nn.LSTM(" in ran.stdout
    assert "layers.LSTM(" in ran.stdout


def test_json_holds_the_claims(short_run):
    _, evidence, _ = short_run

    assert len(evidence["claims"]) >= 34
    assert {"number", "question", "ran", "verdict", "figures"} <= set(
        evidence["claims"][0]
    )


def test_claims_prints_every_claim(tmp_path, short_run):
    ran = compare("claims", cwd=tmp_path)
    _, evidence, _ = short_run

    assert ran.returncode == 0, ran.stderr
    assert f"{len(evidence['claims'])} claims: " in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.parametrize("verb", ["list", "show portfolio_flatten"])
def test_a_reader_that_leaves_early_is_no_error(tmp_path, verb):
    """Status 1 would say that something differs."""
    command = f"{sys.executable} -m compare {verb} | true; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True)

    assert ran.returncode == 0
    assert ran.stderr == b""


def test_help_has_examples(tmp_path):
    ran = compare("--help", cwd=tmp_path)

    assert ran.returncode == 0
    assert "examples:" in ran.stdout
    assert "exit status:" in ran.stdout


BAD = {
    "unknown pair": (["run", "portfolio_flaten"], "did you mean portfolio_flatten?"),
    "unknown verb": (["lst"], "did you mean list?"),
    "unknown pair to show": (
        ["show", "last_step"],
        "did you mean portfolio_last_step?",
    ),
    "unknown option": (["run", "--jsn", "x"], "unrecognized arguments"),
    "no name": (["show"], "the following arguments are required: NAME"),
    "bad seed": (
        ["--seed", "-1"],
        "expected a whole number >= 0 and below 2^32, got '-1'",
    ),
    "no prices": (
        ["--prices", "none.csv"],
        "none.csv: expected a CSV file, found none",
    ),
    "folder as prices": (["--prices", "."], ".: expected a readable CSV file"),
    "text": (
        ["--prices", "text.csv"],
        "line 3, B: expected a positive number, got 'x'",
    ),
    "one asset": (["--prices", "one.csv"], "at least two assets"),
    "too few rows": (["--prices", "few.csv"], "expected at least 51 days"),
    "no folder": (
        ["--json", "no/such/e.json"],
        "got no/such, which does not; create it",
    ),
    "protected json": (["--json", "protected.json"], "expected a file that can be"),
    "pipe as json": (["--json", "pipe"], "expected a file that can be written"),
    "names and all": (["run", "lstm_model", "--all"], "got both; drop one"),
    "folder as json": (["--json", "."], "expected a file that can be written"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_status_2(tmp_path, case):
    (tmp_path / "text.csv").write_text("Date,A,B\n2020-01-01,1,2\n2020-01-02,1,x\n")
    (tmp_path / "one.csv").write_text("Date,A\n2020-01-01,1\n")
    (tmp_path / "few.csv").write_text("Date,A,B\n2020-01-01,1,2\n")
    (tmp_path / "protected.json").write_text("mine")
    (tmp_path / "protected.json").chmod(0o444)
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    arguments, message = BAD[case]
    ran = compare(*arguments, cwd=tmp_path)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("compare: ")
    assert message in ran.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("torch", "falls back to float32; set KERAS_BACKEND=tensorflow"),
        ("no", "backend"),
    ],
)
def test_backend_without_float64_is_refused(tmp_path, backend, message):
    """On PyTorch and JAX, Keras's type promotion turns float64 into float32."""
    ran = compare(cwd=tmp_path, KERAS_BACKEND=backend)

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert message in ran.stderr


def test_unexpected_verdict_is_status_1(tmp_path):
    """A pair whose twins refuse where it declares `same`: shown, and status 1."""
    code = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from compare import cli\n"
        "wrong = replace(cli.PAIRS[0], expected=dict(fixed='same', other='same'))\n"
        "cli.PAIRS = (wrong,)\n"
        "sys.exit(cli.main(['run']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )

    assert ran.returncode == 1
    assert "both refuse, expected same" in " ".join(ran.stdout.split())
    assert "Not proved: 4 of 10 runs are not as expected" in ran.stdout
