"""Pages of real runs: what they cost, how large they are, and what they show."""

import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pages
import pytest
from pages import COMMAND, Parsed

from compare import cli
from compare.reports.page.run_page import run_page
from compare.subjects import sources
from compare.subjects.pairs import PAIRS

LARGEST = 2_000_000  # bytes of the page of all pairs
MOST_SECONDS = 1.5  # that a page adds to the default run
FEW_STEPS = 7
RUNS = 5
# Keras imports the rest of matplotlib itself.
NEEDED = ("jinja2", "matplotlib.backends.backend_svg", "pygments.lexers.python")
LOADED = f"""\
import sys
from compare import cli
status = cli.main({{words}})
print(status, sorted(set({NEEDED!r}) & set(sys.modules)))
"""
FIRST = f"""\
import sys, time
sys.path.insert(0, {str(Path(pages.__file__).parent)!r})
from compare.loading import load_harness
load_harness()
start = time.process_time()
import pages
pages.page_of_run()
first = time.process_time()
pages.page_of_run()
print(first - start - (time.process_time() - first))
"""
BROKEN = """\
import keras
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.head(h[:, -1])


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn = keras.layers.LSTM(4, return_sequences=True)
        self.head = keras.layers.Dense(2)

    def call(self, x):
        h = self.rnn(x)
        return self.head(h[:, 0])


torch_model, keras_model = InPyTorch, InKeras
input_shape = ("batch", "time", 3)
"""


@pytest.fixture
def broken(tmp_path, monkeypatch, frameworks):
    """The working directory, with a pair that takes another step on either side."""
    (tmp_path / "broken.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_page_of_a_pair_says_what_its_json_says_and_where(broken):
    words = ["run", "broken.py", "--html", "page.html", "--json", "run.json"]
    assert cli.main(words) == cli.UNEXPECTED
    page = (broken / "page.html").read_text()
    text = Parsed(page).text
    run = json.loads((broken / "run.json").read_text())
    explained = next(r for r in run["results"] if r["explanations"])

    assert explained["explanations"][0]["sentence"] in text
    assert explained["explanations"][0]["fix"] in text
    place = f"Drawn: length none, {FEW_STEPS} steps, batch 4, PyTorch's weights"
    assert place in text
    drawn = next(
        r
        for r in run["results"]
        if (r["timesteps"], r["batch"], r["direction"]) == (FEW_STEPS, 4, "to_keras")
    )
    for stage in drawn["stages"]:
        figures = f"gap {stage['gap64']:.1e}, limit {stage['limit64']:.1e}"
        assert figures in text
    wrong = re.findall(r'<tr class="wrong">.*?</tr>', page, re.S)
    assert len(wrong) == 1
    assert "head" in Parsed(wrong[0]).text


@pytest.mark.slow
def test_two_runs_make_the_same_page_but_for_the_seconds(broken):
    texts = []
    for _ in range(2):
        cli.main(["run", "broken.py", "--html", "page.html"])
        text = (broken / "page.html").read_text()
        text = re.sub(r"\(\d+\.\d s\)", "", text)
        texts.append(re.sub(r"(seconds</th><td>)[\d.]+", "", text))

    assert texts[0] == texts[1]


@pytest.mark.slow
@pytest.mark.parametrize(("more", "loaded"), [((), ()), (("--html", "p.html"), NEEDED)])
def test_what_pages_need_is_imported_for_pages_alone(broken, more, loaded):
    code = LOADED.replace("{words}", repr(["run", "broken.py", *more]))

    process = subprocess.run(
        [sys.executable, "-c", code], cwd=broken, capture_output=True, text=True
    )

    assert process.stdout.splitlines()[-1] == f"1 {sorted(loaded)}", process.stderr


@pytest.mark.slow
@pytest.mark.alone
def test_the_page_of_the_default_run_adds_little(frameworks, tmp_path):
    """Medians of runs with and without it, in turn, and what the first one adds.

    Seconds are those of the processor: other processes do not change them.
    """
    process = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True
    )
    page = str(tmp_path / "page.html")
    taken = {(): [], ("--html", page): []}
    for _ in range(RUNS):
        for more, seconds in taken.items():
            start = time.process_time()
            assert cli.main(["run", *more]) == cli.AS_EXPECTED
            seconds.append(time.process_time() - start)
    without, with_page = (statistics.median(seconds) for seconds in taken.values())
    first = float(process.stdout)  # imports, and templates that are compiled
    added = with_page - without + first
    print(
        f"\nrun {without:.2f} s, with a page {with_page:.2f} s, the first "
        f"{first:.2f} s more: it adds {added:.2f} s"
    )

    assert added <= MOST_SECONDS


@pytest.mark.slow
def test_the_page_of_every_pair_is_small(frameworks):
    from compare import session
    from compare.subjects import prices

    evidence = session.run([*PAIRS], prices.built_in(), 0, 0.0, pictured=True)
    texts = {pair.file: sources.of_twins(pair) for pair in PAIRS}

    page = run_page(evidence, texts, COMMAND)

    print(f"\n{len(page.encode()):,} bytes")
    assert len(page.encode()) <= LARGEST
    names = Parsed(page).all("id")
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_the_page_of_a_port_has_each_stage_at_the_line_of_its_source(
    tmp_path, monkeypatch, frameworks, keras
):
    monkeypatch.chdir(tmp_path)
    made = [
        keras.layers.Input((8, 8, 3)),
        keras.layers.Conv2D(4, 3, name="conv"),
        keras.layers.Flatten(),
        keras.layers.Dense(2, activation="softmax", name="head"),
    ]
    model = keras.Sequential(made)
    model.save("net.keras")

    status = cli.main(["port", "net.keras", "--out", "out", "--html", "page.html"])

    assert status == cli.AS_EXPECTED
    page = (tmp_path / "page.html").read_text()
    rows = re.findall(r"<tr class=.*?</tr>", page, re.S)
    beside = {}
    for row in rows:
        for stage in re.findall(r'aria-describedby="pair-1-[\w-]+">(\w+)', row):
            beside[stage] = Parsed(row).text
    assert "self.conv(x)" in beside["conv"]
    assert "conv Conv2D" in beside["conv"]
    assert "self.head(x)" in beside["head"]
    assert "softmax" in beside["output"]
    assert "python check.py" in Parsed(page).text
