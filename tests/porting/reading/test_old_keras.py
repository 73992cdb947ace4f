"""Files of old Kerases compute in Keras 3 what they did; make_old_files makes them."""

import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from compare.in_keras.rebuilding import rebuilt
from compare.porting.reading import read

FILES = sorted(Path(__file__).with_name("old_keras").glob("*.h5"))
ROUNDING = 3e-6  # of float32, which is all that the old ones had


def computed(path, arrays):
    """The results of the model in a file, and the notes on it."""
    saved = read(path)
    inputs = [arrays[key] for key in sorted(arrays) if key.startswith("x")]
    argument = inputs if len(inputs) > 1 else inputs[0]
    model = rebuilt(saved.plan, saved.weights).model
    results = keras.tree.flatten(model(argument))
    return [np.asarray(result) for result in results], saved.notes


def gap(path, arrays):
    """The largest difference from what the old Keras computed, as a part of it."""
    results, _ = computed(path, arrays)
    expected = [arrays[key] for key in sorted(arrays) if key.startswith("y")]
    gaps = []
    for result, other in zip(results, expected, strict=True):
        assert result.shape == other.shape
        gaps.append(np.abs(result - other).max() / np.abs(other).max())
    return max(gaps)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_an_old_keras_computes_what_it_did(path, tmp_path):
    """Those of Keras 1 do not say that they ran on Theano, which is told here."""
    arrays = np.load(path.with_suffix(".npz"))
    copy = shutil.copy(path, tmp_path)
    if "theano" in path.stem:
        with h5py.File(copy, "r+") as file:
            file.attrs["backend"] = b"theano"

    assert gap(copy, arrays) < ROUNDING


def test_there_are_files_of_each_old_keras():
    names = " ".join(path.stem for path in FILES)
    for old in ("1.2.2-tensorflow", "1.2.2-theano", "2.2.4-tensorflow", "2.2.4-tf"):
        assert f"keras-{old}-gates" in names


@pytest.mark.parametrize("name", ["steps", "images"])
def test_it_is_noted_that_keras_1_may_have_run_on_theano(name):
    """What is read then is another model, where it did."""
    (path,) = [path for path in FILES if path.stem == f"keras-1.2.2-theano-{name}"]
    arrays = np.load(path.with_suffix(".npz"))

    _, notes = computed(path, arrays)

    assert any("does not say on what it ran: on Theano" in note for note in notes)
    assert gap(path, arrays) > 0.01
