"""Numbers of float32 are written short, and the port computes what it did."""

import keras
import numpy as np
import pytest
from live_plans import draw

from compare.porting.port import port
from compare.porting.short_numbers import NOTE, same_bits, shortest
from compare.porting.wishes import wished


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (float(np.float32(0.1)), 0.1),
        (float(np.float32(1e-3)), 1e-3),
        (float(np.float32(-3.3)), -3.3),
        (0.1, 0.1),
        (0.10000000000000003, 0.10000000000000003),  # float32 has it not
        (float("inf"), float("inf")),
        (1e300, 1e300),
    ],
)
def test_a_number_is_as_short_as_float32_tells_it(value, short):
    assert shortest(value) == short
    with np.errstate(over="ignore"):
        assert np.float32(value) == np.float32(shortest(value))


def test_bits_tell_zero_from_minus_zero_and_shapes():
    zero = [np.zeros(2, "float32")]

    assert same_bits(zero, [np.zeros(2, "float32")])
    assert not same_bits(zero, [-np.zeros(2, "float32")])
    assert not same_bits(zero, [np.zeros((2, 1), "float32")])


def test_a_port_has_short_numbers_and_is_the_same_in_float64(tmp_path):
    x = keras.Input((None, 3), name="x")
    scaled = x * float(np.float32(0.1)) + np.array([0.1, 0.2, 0.3], "float32")
    model = keras.Model(x, keras.layers.Dense(2, name="head")(scaled))
    draw(model)
    path = tmp_path / "scaled.keras"
    model.save(path)

    result = port(wished(str(path), str(tmp_path / "port"), twin=True))

    assert result.is_proved
    assert NOTE in result.notes
    source = (tmp_path / "port" / "model.py").read_text()
    assert "x = x * 0.1  #" in source
    assert "x = x + x.new_tensor([0.1, 0.2, 0.3])  #" in source
    assert "* 0.1 " in (tmp_path / "port" / "keras_model.py").read_text()
