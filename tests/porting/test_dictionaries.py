"""Dictionaries of inputs and results, in a model inside a model as well."""

import keras
import pytest
from keras import layers

import compare
from compare.errors import BadInput
from tests.support.ports import drawn


def test_a_model_inside_takes_and_returns_dictionaries(tmp_path):
    """Its call is saved with a mask for each name."""
    p, q = keras.Input((3,), name="p"), keras.Input((3,), name="q")
    results = {"z": layers.Dense(3)(p), "a": layers.Dense(3)(layers.Subtract()([p, q]))}
    inner = keras.Model({"q": q, "p": p}, results)
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    first = inner({"p": x, "q": y})
    second = inner({"p": first["a"], "q": first["z"]})
    drawn(keras.Model({"y": y, "x": x}, second)).save(tmp_path / "net.keras")

    port = compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))

    assert port.is_proved, port.evidence.explain()


def test_lists_inside_a_dictionary_of_inputs_are_refused(tmp_path):
    x, y = keras.Input((3,)), keras.Input((4,))
    result = layers.Dense(2)(layers.Concatenate()([x, y]))
    keras.Model({"both": [x, y]}, result).save(tmp_path / "net.keras")

    with pytest.raises(BadInput, match="lists inside a dictionary"):
        compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))
