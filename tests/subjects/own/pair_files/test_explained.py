"""Why the pair of a file differs, on the command line, and the script that shows it."""

import json
import subprocess
import sys

import pytest
from pair_files import FIRST_STEP, PAIR


def test_same_pair_has_nothing_to_explain(file, run):
    status, out, _ = run("explain", file())

    assert status == 0
    assert out.endswith("There is nothing to explain.\n")


def test_mistake_is_explained_with_the_smallest_case(file, run, tmp_path):
    status, out, _ = run("explain", file(FIRST_STEP), "--json", "why.json")

    assert status == 1
    assert "PyTorch takes the first step, not the last step" in out
    assert "smallest  x (1, 2, 1), num_features 1, hidden_size 1" in out
    results = json.loads((tmp_path / "why.json").read_text(encoding="utf-8"))["results"]
    (smallest,) = [r["smallest"] for r in results if r["smallest"]]
    assert smallest["inputs"] == {"x": [1, 2, 1]}
    (explained,) = results[0]["explanations"]
    assert explained["faults"] == ["the first step for the last step"]
    assert explained["gap_after"] <= explained["limit"] < explained["gap_before"]
    assert {"sentence", "fix", "indistinguishable_from"} <= set(explained)


IMAGES = """
import keras
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.conv(x).tanh().mean((2, 3)))


def in_keras():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2),
        ]
    )


torch_model, keras_model = InPyTorch, in_keras
input_shape = ("batch", 3, 8, 8)
"""


@pytest.mark.parametrize("text", [FIRST_STEP, IMAGES], ids=["steps", "channels second"])
def test_script_shows_the_difference_without_this_package(file, run, tmp_path, text):
    """Images too, of which each model takes its own layout."""
    run("explain", file(text), "--reproduce", "show.py")
    script = (tmp_path / "show.py").read_text(encoding="utf-8")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = "import sys; sys.modules['compare'] = None; import runpy; runpy.run_path"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}('../show.py', run_name='__main__')"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
    )

    assert len(script) < 10_000
    assert "result 0: largest difference" in ran.stdout, ran.stderr
    assert ran.returncode == 1


def test_gradients_that_differ_alone_are_not_put_down_to_the_number_of_steps(file, run):
    """The values are the same for any number, and so they are for this one."""
    text = PAIR.replace("self.rnn(x)[0]", "self.rnn(x)[0].detach()")
    status, out, _ = run("run", file(text), "--gradients")

    assert status == 1
    assert "Judged for exactly" not in out


def test_no_script_is_written_where_nothing_differs(file, run, tmp_path):
    status, out, _ = run("explain", file(), "--reproduce", "show.py")

    assert status == 0
    assert "No script was written: nothing differs." in out
    assert not (tmp_path / "show.py").exists()


def test_no_script_is_written_of_a_model_that_is_random(file, run, tmp_path):
    text = PAIR.replace(" * SCALE", " + torch.randn(1)")
    status, out, _ = run("explain", file(text), "--reproduce", "s.py")

    assert status == 1
    assert "gives another result when it is called again" in out
    assert "smallest" not in out
    assert "No script was written" in out
    assert not (tmp_path / "s.py").exists()


def test_script_of_live_models_is_refused(file, run, tmp_path):
    text = PAIR.replace("= InPyTorch\n", "= InPyTorch()\n")

    status, _, err = run("explain", file(text), "--reproduce", "show.py")

    assert status == 2
    assert "expected mine to have functions or classes" in err
    assert not (tmp_path / "show.py").exists()
