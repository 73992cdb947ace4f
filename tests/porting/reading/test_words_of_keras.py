"""The tables of Keras's words are those of the Keras that is installed."""

import inspect

import keras
import pytest

from compare.porting.reading import operations, tensorflow_operations
from compare.porting.reading.keras_layers import (
    ACTIVATIONS,
    AUGMENTING,
    LAYERS,
    NAMES_IN_CODE,
    OTHER_LAYERS,
)
from compare.porting.reading.words import ALWAYS_SAID, CLASSES, MEANT, WORDS

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
BY_RNN = ("return_sequences", "return_state", "zero_output_for_mask")
BY_RNN += ("go_backwards", "stateful")


def layers_of_keras():
    """Every class of `keras.layers`, by the name that it has there."""
    names = {in_code: name for name, in_code in NAMES_IN_CODE.items()}
    classes = {}
    for value in vars(keras.layers).values():
        if inspect.isclass(value) and issubclass(value, keras.layers.Layer):
            classes[names.get(value.__name__, value.__name__)] = value
    return classes


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_takes_the_arguments_of_its_row(name):
    parameters = set(inspect.signature(layers_of_keras()[name]).parameters)
    if name in RECURRENT:  # handed on by name to what they are derived from
        parameters.update(BY_RNN)

    assert set(LAYERS[name]) - {"dtype"} <= parameters


def test_every_layer_of_keras_is_in_one_of_the_tables():
    listed = [*LAYERS, *AUGMENTING, *OTHER_LAYERS]
    assert len(set(listed)) == len(listed)
    assert set(layers_of_keras()) <= set(listed)


def test_layers_that_leave_out_whether_they_are_trained_are_listed():
    """An operation of Keras 3 is told from them by that alone in HDF5."""
    leaving_out = set()
    for name, cls in layers_of_keras().items():
        for part in cls.__mro__:
            written = vars(part).get("get_config")
            if written is not None and "super()" not in inspect.getsource(written):
                leaving_out.add(name)
            if written is not None and part is keras.layers.Layer:
                break

    assert leaving_out - {"InputLayer"} == set(operations.UNTRAINED)


@pytest.mark.parametrize("name", ALWAYS_SAID)
def test_keras_writes_what_tells_its_class_from_another(name):
    needed = {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}}
    live = layers_of_keras()[name](**needed.get(name, {}))

    assert ALWAYS_SAID[name] in live.get_config()


def test_every_activation_is_one_of_keras():
    names = {name for name in vars(keras.activations) if name.islower()}
    names -= {"get", "serialize", "deserialize", "hard_swish", "swish"}
    assert {name for name in names if not name.startswith("_")} == set(ACTIVATIONS)


def test_new_words_are_those_of_keras():
    for renamed in CLASSES.values():
        assert renamed.new in LAYERS
    for word in WORDS:
        assert any(word.new in LAYERS[cls] for cls in LAYERS if word.is_for(cls))
    for meant in MEANT:
        assert meant.option in LAYERS[meant.cls]


def test_every_function_of_tensorflow_is_an_operation_of_keras():
    for function in tensorflow_operations.FUNCTIONS.values():
        assert function.name == "getitem" or hasattr(keras.ops, function.name)
