"""A file of Keras 2 is run by tf-keras, which says whether the rebuilt model is it."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import old_files
import pytest
from old_files import drawn

from compare.errors import BadInput
from compare.in_keras import legacy
from compare.in_keras.rebuilding import rebuilt
from compare.porting.confirming import confirmation
from compare.porting.reading import read

pytestmark = pytest.mark.skipif(
    not legacy.is_installed(), reason="tf-keras, the extra legacy, is not installed"
)


def saved(path: Path, reset_after: bool = True, gates: str = "sigmoid") -> Path:
    """A file of tf-keras: words, a mask, two directions, gates of Keras 2."""
    path.write_bytes(_content(path.suffix, reset_after, gates))
    return path


@cache
def _content(suffix: str, reset_after: bool, gates: str) -> bytes:
    """The bytes of such a file, which takes tf-keras seconds to make."""
    import tf_keras
    from tf_keras import layers

    model = tf_keras.Sequential(
        [
            layers.Embedding(9, 4, mask_zero=True, input_shape=(None,)),
            layers.Bidirectional(
                layers.LSTM(3, return_sequences=True, recurrent_activation=gates)
            ),
            layers.GRU(4, reset_after=reset_after, recurrent_activation="sigmoid"),
            layers.Dense(2, activation="softmax"),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(-2, 2, w.shape) for w in model.get_weights()])
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        model.save(path)
        return path.read_bytes()


def runs() -> list[list[np.ndarray]]:
    rng = np.random.default_rng(1)
    words = rng.integers(1, 9, (3, 7))
    words[0, :3] = words[1, 5:] = 0
    return [[words], [rng.integers(1, 9, (3, 1))]]


@pytest.mark.parametrize(
    ("reset_after", "gates"), [(True, "sigmoid"), (False, "hard_sigmoid")]
)
@pytest.mark.filterwarnings("ignore")
def test_tf_keras_computes_what_the_rebuilt_model_does(tmp_path, reset_after, gates):
    path = saved(tmp_path / "model.h5", reset_after, gates)
    file = read(path)
    model = rebuilt(file.plan, file.weights).model

    result = confirmation(legacy.Original(path, file.plan), model, runs())

    assert [stage.verdict for stage in result.results] == ["same", "same"]
    assert result.is_same
    assert max(stage.gap64 for stage in result.results) < 1e-14


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_was_rebuilt_wrongly_is_different(tmp_path):
    """The hard sigmoid of Keras 3 in the place of that of Keras 2."""
    path = saved(tmp_path / "model.h5", reset_after=False, gates="hard_sigmoid")
    file = read(path)
    layers = {}
    for name, layer in file.plan.layers.items():
        inside = []
        for part in layer.inside:
            config = {**part.config, "recurrent_activation": "hard_sigmoid"}
            inside.append(replace(part, config=config))
        layers[name] = replace(layer, inside=tuple(inside))
    model = rebuilt(replace(file.plan, layers=layers), file.weights).model

    result = confirmation(legacy.Original(path, file.plan), model, runs())

    assert not result.is_same


@pytest.mark.parametrize("bias", [(9,), (18,)], ids=["GRU", "CuDNNGRU"])
@pytest.mark.filterwarnings("ignore")
def test_old_layers_are_run_as_they_were_meant(tmp_path, bias):
    """One of before reset_after says nothing, and CuDNN's need a GPU."""
    name = "gru_1" if bias == (9,) else "cu_dnngru_1"
    settings = {"units": 3, "batch_input_shape": [None, None, 4]}
    if bias == (9,):
        settings |= {"activation": "tanh", "recurrent_activation": "hard_sigmoid"}
    config = old_files.layer("GRU" if bias == (9,) else "CuDNNGRU", name, **settings)
    arrays = {
        f"{name}/kernel": drawn(4, 9),
        f"{name}/recurrent_kernel": drawn(3, 9),
        f"{name}/bias": drawn(*bias),
    }
    path = old_files.saved(tmp_path / "old.h5", [config], {name: arrays})
    file = read(path)
    x = drawn(2, 7, 4)

    result = confirmation(
        legacy.Original(path, file.plan),
        rebuilt(file.plan, file.weights).model,
        [[x], [x[:, :1]]],
    )

    assert result.is_same


@pytest.mark.filterwarnings("ignore")
def test_what_tf_keras_does_not_run_is_one_line(tmp_path):
    path = saved(tmp_path / "model.h5")
    original = legacy.Original(path, read(path).plan)

    with pytest.raises(BadInput, match="runs here, got one that it does not") as error:
        original.results([np.zeros((2, 7, 4, 3), "float32")], "float32")

    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_a_gru_that_tf_keras_takes_for_a_later_one_is_no_judge(tmp_path):
    path = saved(tmp_path / "model.h5")
    plan = read(path).plan
    layers = dict(plan.layers)
    for name, layer in layers.items():
        if layer.keras == "GRU":
            layers[name] = replace(layer, config={**layer.config, "reset_after": False})

    with pytest.raises(BadInput, match="takes for a later one"):
        legacy.Original(path, replace(plan, layers=layers))


def test_what_tf_keras_does_not_load_is_one_line(tmp_path):
    path = saved(tmp_path / "model.h5")
    plan = read(path).plan
    path.write_bytes(b"nothing")

    with pytest.raises(BadInput, match="expected a model that tf-keras") as error:
        legacy.Original(path, plan)

    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_keras_3_is_what_it_was_after_tf_keras_ran(tmp_path):
    path = saved(tmp_path / "model.h5")
    original = legacy.Original(path, read(path).plan)

    (result,) = original.results(runs()[0], "float64")

    assert result.dtype == "float64"
    tf_keras = sys.modules["tf_keras"]
    assert tf_keras.backend.floatx() == keras.config.floatx() == "float32"
    assert keras.Sequential([keras.layers.Dense(2)])(np.ones((1, 2))).dtype == "float32"
