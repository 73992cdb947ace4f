"""A port is proved on inputs of sizes that the model takes."""

import keras
import pytest
from keras import layers
from live_plans import plan_of, weights_of

from compare.errors import BadInput
from compare.in_keras.rebuilding import rebuilt
from compare.porting.inputs import Sizes
from compare.porting.sizes import fitting

SIZES = (Sizes(50, 32), Sizes(7, 48), Sizes(1, 40))


def steps(results_of, *shape: int | None) -> list[int]:
    """The lengths that a model is run at."""
    x = layers.Input(shape)
    model = keras.Model(x, results_of(x))
    plan = plan_of(model)
    original = rebuilt(plan, weights_of(model))
    return [size.steps for size in fitting(plan, original, SIZES)]


def u_net(x):
    half = layers.MaxPooling1D(2)(x)
    quarter = layers.MaxPooling1D(2)(half)
    up = layers.Concatenate()([layers.UpSampling1D(2)(quarter), half])
    return layers.Concatenate()([layers.UpSampling1D(2)(up), x])


def test_a_u_net_is_run_at_lengths_that_can_be_halved():
    assert steps(u_net, None, 3) == [64, 8, 4]


def test_a_u_net_in_a_model_counts():
    def inside(x):
        inner = layers.Input((None, 3))
        return keras.Model(inner, u_net(inner))(x)

    assert steps(inside, None, 3) == [64, 8, 4]


def test_a_long_window_is_run_at_long_lengths():
    window = layers.Conv1D(2, 90)

    assert steps(window, None, 3) == [128, 256, 512]


def test_a_recurrent_layer_is_run_at_the_usual_lengths():
    assert steps(layers.LSTM(2), None, 3) == [50, 7, 1]


def test_a_model_that_takes_no_length_is_refused():
    def contradicting(x):
        return layers.Add()([layers.Cropping1D(1)(x), x])

    with pytest.raises(BadInput, match="add"):
        steps(contradicting, None, 3)
