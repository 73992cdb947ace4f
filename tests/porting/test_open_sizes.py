"""Sizes in the comments of a port are true for every size that the model takes."""

import re

import keras
import pytest
from keras import layers, ops
from live_plans import plan_of, weights_of

from compare.in_keras.rebuilding import rebuilt
from compare.kinds.graph import UNTOLD
from compare.porting.open_sizes import with_words
from compare.porting.size_texts import SizeTexts
from compare.porting.writing.keras_source import keras_source
from compare.porting.writing.port_source import Facts
from compare.porting.writing.pytorch_source import pytorch_source

X = (None, 4)


def facts_of(model):
    """The plan of a model, and the facts of its tensors with words."""
    plan = plan_of(model)
    return plan, *with_words(rebuilt(plan, weights_of(model)))


def words_of_result(model):
    """The words of the sizes of what a model returns."""
    plan, facts, _ = facts_of(model)
    return facts[plan.outputs.call][plan.outputs.output].words


def of(shape, *made):
    """A model that calls layers in a row."""
    x = y = keras.Input(shape, name="x")
    for layer in made:
        y = layer(y)
    return keras.Model(x, y)


@pytest.mark.parametrize(
    ("made", "word"),
    [
        ([layers.Conv1D(3, 3)], "time - 2"),
        ([layers.Conv1D(3, 3, padding="same")], "time"),
        ([layers.Conv1D(3, 3, strides=2, padding="same")], "(time + 1) // 2"),
        ([layers.MaxPooling1D(2)], "time // 2"),
        ([layers.MaxPooling1D(3)], "time // 3"),
        ([layers.AveragePooling1D(3, padding="same")], "(time + 2) // 3"),
        ([layers.MaxPooling1D(2), layers.MaxPooling1D(2)], "time // 4"),
        ([layers.Conv1D(3, 3), layers.MaxPooling1D(2)], "time // 2 - 1"),
        ([layers.UpSampling1D(2)], "2 * time"),
        ([layers.Conv1DTranspose(3, 3, strides=2)], "2 * time + 1"),
        ([layers.ZeroPadding1D(2)], "time + 4"),
        ([layers.Conv1D(3, 7, strides=5)], "(time - 2) // 5"),
    ],
)
def test_a_size_is_told_by_that_of_the_input(made, word):
    assert words_of_result(of(X, *made))[1] == word


@pytest.mark.parametrize("stride", [2, 3, 5, 7])
def test_a_size_is_what_the_words_say_at_any_size(stride):
    """Also at sizes that were not asked for when the words were found."""
    made = [layers.Conv1D(3, 4, strides=stride), layers.MaxPooling1D(3, padding="same")]
    model = of(X, *made)
    word = words_of_result(model)[1]

    for time in range(40, 90):
        assert eval(word, {"time": time}) == model.compute_output_shape((2, time, 4))[1]


def test_two_inputs_have_words_of_their_own_and_a_sum():
    a, b = keras.Input(X, name="past"), keras.Input(X, name="future")
    model = keras.Model([a, b], layers.Concatenate(axis=1)([a, b]))

    assert words_of_result(model) == ("batch", "past_time + future_time", "")


def test_two_inputs_that_must_be_alike_have_one_word():
    a, b = keras.Input(X, name="left"), keras.Input(X, name="right")
    model = keras.Model([a, b], layers.Concatenate()([a, b]))

    assert words_of_result(model) == ("batch", "time", "")


def test_a_net_whose_parts_meet_again_has_the_size_of_its_input():
    """It takes sizes alone that its stride divides."""
    x = keras.Input((None, None, 3), name="image")
    down = layers.MaxPooling2D(2)(x)
    up = layers.UpSampling2D(2)(down)
    model = keras.Model(x, layers.Concatenate()([x, up]))

    assert words_of_result(model) == ("batch", "height", "width", "")


def test_axes_that_become_one_are_a_product():
    x = keras.Input((None, None, 3), name="image")
    model = keras.Model(x, layers.Reshape((-1, 3))(layers.MaxPooling2D(2)(x)))

    assert words_of_result(model)[1] == "(height // 2) * (width // 2)"


def test_the_first_axis_of_films_is_time():
    x = keras.Input((None, 8, 8, 3), name="film")
    each = layers.TimeDistributed(layers.Conv2D(2, 3))(x)

    assert words_of_result(keras.Model(x, each))[1] == "time"


def test_a_model_inside_is_told_by_its_own_inputs():
    inner_x = keras.Input(X, name="inner_x")
    inner = keras.Model(inner_x, layers.MaxPooling1D(2)(inner_x), name="inner")
    x = keras.Input(X, name="x")
    plan, facts, models = facts_of(keras.Model(x, inner(layers.MaxPooling1D(2)(x))))

    assert facts[plan.outputs.call][0].words[1] == "time // 4"
    assert models["inner"][-1][0].words[1] == "time // 2"


def test_a_size_that_nothing_short_tells_has_a_word_that_is_explained():
    a, b = keras.Input(X, name="first_of_both"), keras.Input(X, name="second_of_both")
    both = layers.Concatenate(axis=1)([a, b])
    model = keras.Model([a, b], layers.Conv1D(4, 3)(layers.MaxPooling1D(3)(both)))
    plan, facts, models = facts_of(model)

    in_keras = keras_source(plan, facts, models)
    weights = weights_of(model)
    in_pytorch = pytorch_source(plan, Facts(facts, models), weights, "Net").text

    for text in (in_keras, in_pytorch):
        assert re.search(rf"# \(batch, .*{UNTOLD}", text)
        assert f"`{UNTOLD}` in a comment is a size" in text


def test_a_comment_of_keras_says_no_features_for_another_axis():
    x = keras.Input(X, name="x")
    turned = ops.transpose(x, axes=(0, 2, 1))
    plan, facts, models = facts_of(keras.Model(x, ops.softmax(turned)))

    assert "# (batch, 4, time)" in keras_source(plan, facts, models)


def test_rounding_that_was_not_told_is_not_guessed():
    """At these sizes both time // 5 and (time + 1) // 5 fit."""
    texts = SizeTexts([{"time": 52}, {"time": 61}, {"time": 77}])

    assert texts.ambiguous((10, 12, 15)) is not None
    assert texts.text((10, 12, 15)) == UNTOLD
