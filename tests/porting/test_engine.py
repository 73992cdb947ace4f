"""Models of any form in PyTorch: branches, several ends, models inside, names."""

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from ports import (
    assert_clean,
    drawn,
    plan_of,
    port_from,
    port_of,
    widest_gap,
)

from compare.porting.writing.names import OF_MODULES

EXACT = 1e-12  # of results in float64


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def words(*shape, most=9, seed=0):
    """Whole numbers with zeros, which masks leave out, in front and in the middle."""
    array = np.random.default_rng(seed).integers(1, most, shape).astype("int32")
    array[0, :2] = 0
    array[1, 2] = 0
    return array


def random_graph(seed, count=20):
    """A model of random layers, each of which reads random results before it."""
    rng = np.random.default_rng(seed)
    inputs = [keras.Input((5, 4)) for _ in range(rng.integers(1, 3))]
    tensors = [*inputs]
    shared = layers.Dense(4)
    for _ in range(count):
        kind = rng.integers(6)
        picked = [tensors[n] for n in rng.integers(0, len(tensors), 3)]
        if kind == 0:
            tensor = layers.Dense(4)(picked[0])
        elif kind == 1:
            tensor = layers.Add()(picked[: rng.integers(2, 4)])
        elif kind == 2:
            tensor = layers.Dense(4)(layers.Concatenate()(picked))
        elif kind == 3:
            tensor = layers.Activation(str(rng.choice(["tanh", "linear"])))(picked[0])
        elif kind == 4:
            tensor = shared(picked[0])
        else:
            tensor = layers.Conv1D(4, 3, padding="same")(picked[0])
        tensors.append(tensor)
    ends = [tensors[-1], *(tensors[n] for n in rng.integers(0, len(tensors), 2))]
    return keras.Model(inputs, ends[: rng.integers(1, 4)])


FIRST = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 200, 24))]


@pytest.mark.parametrize("first", FIRST)
def test_no_variable_is_overwritten_that_is_read_later(first):
    for seed in range(first, first + (24 if first else 8)):
        model = drawn(random_graph(seed), seed)
        arrays = [numbers(2, 5, 4, seed=n) for n in range(len(model.inputs))]

        assert widest_gap(model, *arrays) < EXACT, seed


def test_inputs_and_outputs_in_dictionaries_have_their_names():
    a, b = keras.Input((4,), name="first"), keras.Input((3,), name="second")
    h = layers.Concatenate()([a, b])
    outputs = {"sum": layers.Dense(2)(h), "a b": layers.Dense(3)(h)}
    model = drawn(keras.Model({"one": a, "two": b}, outputs))

    port = port_of(model)
    x, y = torch.from_numpy(numbers(2, 4)), torch.from_numpy(numbers(2, 3))
    results = port(one=x, two=y)
    expected = model({"one": x.numpy(), "two": y.numpy()})

    assert set(results) == {"sum", "a b"}
    for name in results:
        gap = np.abs(results[name].detach().numpy() - np.asarray(expected[name]))
        assert gap.max() < 1e-6
    assert "-> dict[str, torch.Tensor]:" in port.source
    assert '"a b": float, (batch, 3).' in port.source


def test_several_outputs_are_a_tuple():
    x = keras.Input((None, 4))
    h, state = layers.GRU(3, return_sequences=True, return_state=True)(x)
    model = drawn(keras.Model(x, [h, state, layers.Dense(2)(state)]))

    assert widest_gap(model, numbers(2, 5, 4)) < EXACT
    assert "-> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:" in (
        port_of(model).source
    )


def test_a_shared_layer_and_a_shared_model_are_one_module_each():
    inner_x = keras.Input((4,))
    inner = keras.Model(inner_x, layers.Dense(4, "tanh")(inner_x), name="tower")
    dense = layers.Dense(4)
    a, b = keras.Input((4,)), keras.Input((4,))
    y = layers.Subtract()([inner(dense(a)), inner(dense(inner(b)))])
    model = drawn(keras.Model([a, b], y))

    assert widest_gap(model, numbers(2, 4), numbers(2, 4, seed=1)) < EXACT
    assert len(port_of(model).state_dict()) == 4


def test_models_inside_with_several_ends():
    a, b = keras.Input((4,)), keras.Input((3,))
    h = layers.Concatenate()([a, b])
    inner = keras.Model([a, b], [layers.Dense(3)(h), layers.Dense(4)(h)], name="split")
    x, z = keras.Input((4,)), keras.Input((3,))
    first, second = inner([x, z])
    third, fourth = inner([second, first])
    model = drawn(keras.Model([x, z], [layers.Concatenate()([third, second]), fourth]))

    assert widest_gap(model, numbers(2, 4), numbers(2, 3, seed=1)) < EXACT


def test_models_inside_with_dictionaries():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    h = layers.Concatenate()([b, a])
    inner = keras.Model(
        {"a": a, "b": b}, {"z": layers.Dense(3)(h), "k": layers.Dense(4)(h)}
    )
    x, z = keras.Input((4,)), keras.Input((3,))
    results = inner({"b": z, "a": x})
    model = drawn(keras.Model([x, z], [results["z"], results["k"]]))

    assert widest_gap(model, numbers(2, 4), numbers(2, 3, seed=1)) < EXACT


def test_a_model_in_a_model_in_a_model():
    x = keras.Input((4,))
    inner = keras.Model(x, layers.Dense(4)(x), name="model")
    middle = keras.Sequential([keras.Input((4,)), layers.Dense(4), inner], name="model")
    model = drawn(keras.Sequential([keras.Input((4,)), middle, layers.Dense(2)]))

    assert widest_gap(model, numbers(2, 4)) < EXACT


# ------------------------------------------------------------------------------- masks


def test_a_model_inside_hands_its_mask_on():
    i = keras.Input((None,), dtype="int32")
    encoder = keras.Model(i, layers.Embedding(9, 4, mask_zero=True)(i), name="encoder")
    x = keras.Input((None,), dtype="int32")
    model = drawn(keras.Model(x, layers.LSTM(3)(encoder(x))))

    assert widest_gap(model, words(3, 6)) < EXACT
    assert "x, mask = self.encoder(x)" in port_of(model).source


def test_a_model_inside_is_given_a_mask():
    h = keras.Input((None, 4))
    inner = keras.Model(h, layers.LSTM(3)(h), name="reader")
    x = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(9, 4, mask_zero=True)(x)
    model = drawn(keras.Model(x, [inner(embedded), inner(layers.Dense(4)(embedded))]))

    assert widest_gap(model, words(3, 6)) < EXACT


def test_a_model_that_is_called_with_a_mask_and_without():
    h = keras.Input((None, 4))
    inner = keras.Model(h, layers.LSTM(3)(h), name="reader")
    x, z = keras.Input((None,), dtype="int32"), keras.Input((None, 4))
    embedded = layers.Embedding(9, 4, mask_zero=True)(x)
    model = drawn(keras.Model([x, z], [inner(embedded), inner(z)]))

    assert widest_gap(model, words(3, 6), numbers(3, 6, 4)) < EXACT


def test_a_mask_that_nothing_reads_is_not_computed():
    x = keras.Input((6,), dtype="int32")
    h = layers.Embedding(9, 4, mask_zero=True)(x)
    model = drawn(keras.Model(x, layers.Dense(2)(layers.Flatten()(h))))

    assert widest_gap(model, words(3, 6)) < EXACT
    assert "mask" not in port_of(model).source


JOINS = {
    "Add": layers.Add,
    "Average": layers.Average,
    "Minimum": layers.Minimum,
    "Subtract": layers.Subtract,
    "Multiply": layers.Multiply,
    "Maximum": layers.Maximum,
    "Concatenate": layers.Concatenate,
    "Concatenate along time": lambda: layers.Concatenate(axis=1),
}


@pytest.mark.parametrize("name", JOINS)
@pytest.mark.parametrize("masked", ["both", "first"])
def test_masks_of_joins_are_keras_s(name, masked):
    x, z = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    a = layers.Embedding(9, 4, mask_zero=True)(x)
    b = layers.Embedding(9, 4, mask_zero=masked == "both")(z)
    model = drawn(keras.Model([x, z], layers.LSTM(3)(JOINS[name]()([a, b]))))

    assert widest_gap(model, words(3, 6), words(3, 6, seed=1)[::-1].copy()) < EXACT
    assert "logical_or" not in port_of(model).source


@pytest.mark.parametrize("name", ["Add", "Maximum", "Multiply"])
def test_masks_of_three_tensors(name):
    x = keras.Input((6,), dtype="int32")
    branches = [
        layers.Embedding(9, 4, mask_zero=True)(x),
        layers.Embedding(9, 4, mask_zero=True)(8 - x),
        layers.Embedding(9, 4)(x),
        layers.Embedding(9, 4, mask_zero=True)(ops.abs(4 - x)),
    ]
    joined = getattr(layers, name)()(branches)
    several = getattr(layers, name)()([branches[0], branches[1], branches[3]])
    model = drawn(keras.Model(x, [layers.LSTM(3)(joined), layers.LSTM(3)(several)]))

    assert widest_gap(model, words(3, 6)) < EXACT


def test_a_mask_of_the_user_s_own_stands_for_keras_s():
    x, m = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="bool")
    h = layers.Embedding(9, 4, mask_zero=True)(x)
    model = drawn(keras.Model([x, m], layers.LSTM(3)(h, mask=m)))

    assert widest_gap(model, words(3, 6), words(3, 6, seed=1) > 4) < EXACT


# ------------------------------------------------------------------------------- names

NAMES = """
    train type half children parameters T_destination forward x self torch
    nn F math len mask h lambda class 1st_dense conv-1 a/b a_b dense dense_2 import
"""


def test_no_name_of_a_layer_hides_another_thing():
    x = keras.Input((None, 4))
    tensors = [x]
    for number in range(len(NAMES.split())):
        added = layers.Add()([tensors[-1], tensors[0]])
        tensors.append(layers.Dense(4, name=f"n{number}")(added))
    model = drawn(keras.Model(x, [tensors[-1], tensors[3]]))
    port = port_from(*renamed(*plan_of(model)))

    result = port(torch.from_numpy(numbers(2, 3, 4)))[0].detach().numpy()

    expected = np.asarray(model(numbers(2, 3, 4))[0])
    assert np.abs(result - expected).max() < 1e-5 * np.abs(expected).max()
    assert port.eval() is port
    assert port.double().half() is port


def renamed(plan, facts, weights):
    """The plan with names that no live Keras layer can have."""
    names = {f"n{number}": name for number, name in enumerate(NAMES.split())}
    layers_named = {}
    for layer in plan.layers.values():
        name = names.get(layer.name, layer.name)
        layers_named[name] = replace(layer, name=name)
    calls = tuple(
        replace(call, layer=names.get(call.layer, call.layer)) for call in plan.calls
    )
    weights = {names.get(name, name): arrays for name, arrays in weights.items()}
    return replace(plan, layers=layers_named, calls=calls), facts, weights


def test_the_names_of_modules_are_all_known():
    module = torch.nn.Module()
    names = {name for name in {*dir(module), *vars(module)} if name[0] != "_"}

    assert names <= {*OF_MODULES.split()}


def test_a_module_of_a_layer_s_parts_takes_no_other_layer_s_name():
    x = keras.Input((5, 4))
    h = ops.multiply(x, numbers(5, 4))
    y = layers.Dense(3, name="multiply_constant")(h)
    model = drawn(keras.Model(x, y))

    assert widest_gap(model, numbers(2, 5, 4)) < EXACT


# ---------------------------------------------------------------------------- the text


def test_the_source_is_as_ruff_formats_it(tmp_path):
    long = "a_name_of_a_layer_that_somebody_thought_of_in_the_middle_of_a_long_night"
    x, z = keras.Input((None, 4), name=long), keras.Input((None, 4), name=f"{long}_2")
    branches = [
        layers.Dense(4, name=f"{long}_{number}")(layers.Add()([x, z]))
        for number in range(3, 9)
    ]
    y = layers.Concatenate(name=f"{long}_9")([*branches, layers.Add()(branches)])
    outputs = [y, *branches[:3]]
    sources = [port_of(drawn(keras.Model([x, z], outputs))).source]
    sources += [port_of(drawn(random_graph(seed))).source for seed in range(12)]

    assert_clean(sources, tmp_path)


def test_a_model_s_name_cannot_leave_the_docstring():
    x = keras.Input((4,))
    model = drawn(keras.Model(x, layers.Dense(2)(x), name='a"""\\b'))

    source = port_of(model).source
    assert re.search(r'"""The model [^"\\]*, ported from Keras\.', source)
