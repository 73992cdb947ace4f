"""Ports of models that keep their states from call to call, and their proof."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import keras
import pytest
from keras import layers

from compare.porting import port as porting
from compare.porting.kept_states import CALLS, WEIGHTS
from compare.porting.wishes import wished
from tests.support.ports import drawn

BATCH = 5


def lstm():
    return [layers.LSTM(4, stateful=True, return_sequences=True)]


def gru_of_fixed_length():
    return [layers.GRU(4, stateful=True), layers.Dense(2)]


def both_directions():
    return [layers.Bidirectional(layers.GRU(4, stateful=True))]


def masked():
    first = layers.GRU(4, stateful=True, return_sequences=True)
    return [
        layers.Masking(-1.0),
        layers.Bidirectional(first),
        layers.LSTM(3, stateful=True),
    ]


def two_written_out():
    return [
        layers.LSTM(4, "softsign", stateful=True, return_sequences=True),
        layers.GRU(3, stateful=True, reset_after=False),
    ]


MODELS = (lstm, gru_of_fixed_length, both_directions, masked, two_written_out)


def saved(make, folder):
    """The path of a model, which has been run before it was saved."""
    keras.utils.clear_session()
    steps = 9 if make is gru_of_fixed_length else None
    inputs = x = keras.Input((steps, 3), batch_size=BATCH)
    for layer in make():
        x = layer(x)
    model = drawn(keras.Model(inputs, x))
    path = folder / "kept.keras"
    model(keras.random.normal((BATCH, 9, 3), seed=1))
    model.save(path)
    return path


def ported(path, folder):
    return porting.port(wished(str(path), str(folder / "port")))


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_a_port_that_keeps_its_states_is_proved(make, tmp_path):
    """It is the same where calls begin with zeros, and over calls in turn."""
    result = ported(saved(make, tmp_path), tmp_path)

    assert result.is_proved, result.evidence.explain()
    in_turn = [r for r in result.evidence.results if r.direction == WEIGHTS]
    assert [r.verdict for r in in_turn] == ["same"] * CALLS
    assert len(result.evidence.results) > CALLS
    (note,) = [n for n in result.evidence.notes if n.startswith("Layers keep")]
    assert f"over {CALLS} calls in turn without a reset: same, gap " in note
    assert "Without them the last call would be" in note
    readme = (tmp_path / "port" / "README.md").read_text("utf-8")
    assert f"| {WEIGHTS} |" in readme
    done = subprocess.run(
        [sys.executable, "check.py"], cwd=tmp_path / "port", capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("make", [lstm, masked])
@pytest.mark.filterwarnings("ignore")
def test_a_port_that_forgets_its_states_is_different(make, tmp_path, monkeypatch):
    """Each of its calls begins with zeros, which only calls in turn show."""
    write = porting.pytorch_source

    def forgetful(*args):
        source = write(*args)
        text = source.text.replace("state.detach() for", "0 * state.detach() for")
        text = text.replace("self.states = states.detach()", "self.states = None")
        assert text != source.text
        return replace(source, text=text)

    monkeypatch.setattr(porting, "pytorch_source", forgetful)
    result = ported(saved(make, tmp_path), tmp_path)

    assert not result.is_proved
    verdicts = {r.direction: r.verdict for r in result.evidence.results}
    assert verdicts.pop(WEIGHTS) == "different"
    assert set(verdicts.values()) == {"same"}
    (note,) = [n for n in result.evidence.notes if n.startswith("Layers keep")]
    assert "without a reset: different" in note
