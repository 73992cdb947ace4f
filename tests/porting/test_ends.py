"""Models with inputs and results of every sort are ported, and the example runs."""

import subprocess
import sys

import keras
import pytest
from keras import layers
from ports import drawn

from compare.porting.port import port
from compare.porting.wishes import wished


def dictionary() -> keras.Model:
    """Inputs under names that are not in the order of letters."""
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    h = layers.Concatenate()([a, layers.Dense(3)(b)])
    return keras.Model({"b": b, "a": a}, layers.Dense(2)(h))


def booleans() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2)(x) > 0)


def whole_numbers() -> keras.Model:
    x = keras.Input((4,), dtype="int32")
    return keras.Model(x, layers.Dense(2)(x))


def augmented() -> keras.Model:
    """Layers whose call Keras writes down with training=True."""
    x = keras.Input((16, 16, 3))
    h = layers.Resizing(8, 8)(layers.RandomFlip()(layers.Rescaling(1 / 255)(x)))
    return keras.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(h)))


def beyond_ascii() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2, name="größe")(x))


def half() -> keras.Model:
    x = keras.Input((4,), dtype="float16")
    h = layers.Dense(3, activation="relu", dtype="mixed_float16")(x)
    return keras.Model(x, layers.Dense(2, dtype="float32")(h))


@pytest.mark.parametrize(
    "make", [dictionary, booleans, whole_numbers, augmented, beyond_ascii, half]
)
@pytest.mark.filterwarnings("ignore")
def test_a_model_is_ported_whatever_it_takes_and_gives(make, tmp_path):
    path = tmp_path / "model.keras"
    drawn(make()).save(path)

    result = port(wished(str(path), str(tmp_path / "port")))

    assert result.evidence.verdict == "same", result.evidence.explain()
    assert result.is_proved
    if make is half:
        assert any("float16" in note for note in result.notes)
    ran = subprocess.run(
        [sys.executable, "check.py"],
        cwd=tmp_path / "port",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
