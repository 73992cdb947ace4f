"""Functions of a pair file that load a model, and models that cannot be run."""

import numpy as np
import pytest
from own_pairs import nested, sequential

import compare
from compare import BadInput, session
from compare.subjects import prices

PAIR = """
import keras
import torch
from torch import nn

class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.dense = nn.Linear(4, 2)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])

def torch_model():
    model = InPyTorch()
    model.load_state_dict(torch.load("model.pt"))
    return model

def keras_model():
    return keras.models.load_model("{file}")

x = __import__("numpy").random.default_rng(0).normal(size=(3, 6, 3))
"""
NOT_LOADED = "Random weights were compared, not those that the two functions load"


@pytest.fixture
def saved(torch, keras, tmp_path, monkeypatch):
    """What writes the pair file, whose models are saved with the same weights."""
    monkeypatch.chdir(tmp_path)

    def written(file="model.keras", end="transfer = None"):
        text = PAIR.format(file=file)
        layers = keras.layers
        model = keras.Sequential([keras.Input((None, 3)), layers.LSTM(4)])
        model.add(layers.Dense(2, name="dense"))
        names: dict = {}
        exec(text.split("def torch_model")[0], names)
        twin = names["InPyTorch"]()
        compare.transfer(twin, model)
        model.save(file)
        torch.save(twin.state_dict(), "model.pt")
        (tmp_path / "mine.py").write_text(text + end)
        return session.run(["mine.py"], prices.built_in(), 0, 0.0)

    return written


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_a_function_that_loads_a_model_is_judged_in_float64(saved, file):
    """`load_model` reads float32 from the file whatever the global policy is."""
    evidence = saved(file)

    assert evidence.verdict == "same"
    assert {r.direction for r in evidence.results} == {"as is", "random"}
    assert not any("float64" in note for note in evidence.notes)


def test_loaded_weights_that_were_not_compared_are_told(saved):
    evidence = saved(end="")

    assert evidence.verdict == "same"
    assert {r.direction for r in evidence.results} == {"to_keras", "to_torch"}
    assert any(note.startswith(NOT_LOADED) for note in evidence.notes)


def test_a_twin_that_stays_in_float32_gets_the_drawn_weights(saved):
    """PyTorch's in float64 kept those it was made with, and all was ill-conditioned."""
    narrow = """
loaded = keras_model

def keras_model():
    model = loaded()
    x = keras.Input((None, 3))
    return keras.Model(x, keras.ops.cast(model(x), "float32"))

transfer = "random"
"""
    evidence = saved(end=narrow)

    assert evidence.verdict == "same in float32"


def legacy(name):
    """A class as tf-keras defines it, which need not be installed."""
    return type(name, (), {"__module__": "tf_keras.src.engine.sequential"})


def test_a_model_of_tf_keras_is_named_with_what_to_do():
    model, x = legacy("Sequential")(), np.ones((2, 5, 8), "float32")
    advice = r"tf-keras \(Sequential\).*set_weights\(tf_keras_model.get_weights\(\)\)"

    with pytest.raises(BadInput, match=f"^keras_model: .*{advice}"):
        compare.check(nested(), model, x)
    with pytest.raises(BadInput, match=f"^transfer: .*{advice}"):
        compare.transfer(model, nested())
    with pytest.raises(BadInput, match=r"^torch_model: expected a live torch"):
        compare.check(sequential(), nested(), x)


@pytest.mark.parametrize("made", ["Old()", "lambda: Old()"])
def test_a_pair_file_with_a_model_of_tf_keras_is_refused(frameworks, tmp_path, made):
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "Old = type('Functional', (), {'__module__': 'tf_keras.src.engine'})\n"
        "torch_model = torch.nn.Identity\n"
        f"keras_model = {made}\n"
        "input_shape = ('batch', 3)\n"
    )
    with pytest.raises(BadInput, match=r"keras_model: .*tf-keras \(Functional\)"):
        session.run([str(tmp_path / "mine.py")], prices.built_in(), 0, 0.0)
