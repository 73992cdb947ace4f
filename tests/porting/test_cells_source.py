"""Cells of Keras in layers and stacks, and gates that no layer has, in PyTorch."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
from keras import layers

from compare import kinds
from compare.kinds import functions
from compare.porting.writing.writable import unwritable
from tests.porting.test_recurrent_masks import COUNT, padded
from tests.porting.test_recurrent_source import (
    CLOSE,
    FEATURES,
    assert_same,
    model_of,
    sequences,
)
from tests.support.ports import drawn, plan_of, port_from, port_of, widest_gap

CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True, "go_backwards": True},
        {"return_state": True, "unroll": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("activation", ["tanh", "elu"])
def test_a_cell_in_a_layer_is_the_same(cell, settings, activation):
    """RNN(LSTMCell) is an LSTM."""
    assert_same(model_of(layers.RNN(cell(5, activation=activation), **settings)))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "settings", [{}, {"return_sequences": True, "return_state": True}], ids=str
)
def test_cells_of_one_size_are_the_layers_of_one(cell, settings):
    """A stack of cells that PyTorch has is one layer of PyTorch."""
    model = model_of(layers.RNN([cell(5), cell(5), cell(5)], **settings))
    assert "num_layers=3" in port_of(model).source
    assert_same(model)


@pytest.mark.parametrize("settings", [{}, {"return_sequences": True}], ids=str)
def test_cells_unlike_each_other_are_layers_of_their_own(settings):
    """A stack of cells does, step by step, what layers do one after the other."""
    cells = [
        layers.LSTMCell(5),
        layers.GRUCell(4, reset_after=False),
        layers.SimpleRNNCell(6, activation="softsign"),
        layers.LSTMCell(6, recurrent_activation="hard_sigmoid"),
    ]
    stack = layers.StackedRNNCells(cells)
    assert_same(model_of(layers.RNN(stack, **settings)))


@pytest.mark.parametrize("cells", [(5, 5), (5, 4)])
@pytest.mark.parametrize("sequence", [True, False])
def test_both_directions_of_stacks_are_the_same(cells, sequence):
    """Each direction is a stack of its own: layers of PyTorch would mix them."""
    stack = [layers.GRUCell(units) for units in cells]
    inner = layers.RNN(stack, return_sequences=sequence)
    backward = layers.RNN(
        [layers.GRUCell(units) for units in cells],
        return_sequences=sequence,
        go_backwards=True,
    )
    wrapped = layers.Bidirectional(inner, backward_layer=backward)
    assert_same(model_of(wrapped))


@pytest.mark.parametrize("cells", [(5, 5), (5, 4)])
def test_padding_is_left_out_of_all_cells(cells):
    """A step that does not count leaves the states of all cells as they are."""
    stack = [layers.LSTMCell(units) for units in cells]
    layer = layers.RNN(stack, return_sequences=True)
    model = model_of(layers.Masking(-1.0), layer)
    assert widest_gap(model, padded(7)) < CLOSE


@pytest.mark.parametrize("cells", [(5, 5), (5, 4)])
def test_states_of_stacks_begin_others(cells):
    """The states of all cells come one after the other."""
    inputs = keras.Input((None, FEATURES))
    first = layers.RNN([layers.LSTMCell(units) for units in cells], return_state=True)
    second = layers.RNN([layers.LSTMCell(units) for units in cells])
    _, *states = first(inputs)
    model = drawn(keras.Model(inputs, second(inputs, initial_state=states)))
    assert widest_gap(model, sequences(7)) < CLOSE


# -------------------------------------------------------- gates of Keras before 2.3


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
@pytest.mark.parametrize("reset_after", [True, False])
def test_hard_gates_of_old_files_are_the_same(layer, reset_after):
    """The hard sigmoid before Keras 3 is 0.2 x + 0.5; NumPy is the judge."""
    settings = {"recurrent_activation": "hard_sigmoid", "return_sequences": True}
    if layer is layers.GRU:
        settings["reset_after"] = reset_after
    model = model_of(layer(5, name="old", **settings))
    plan, facts, weights = plan_of(model)
    old = plan.layers["old"]
    config = {**old.config, "recurrent_activation": "hard_sigmoid_fifth"}
    all_layers = {**plan.layers, "old": replace(old, config=config)}
    port = port_from(replace(plan, layers=all_layers), facts, weights).double()
    x = sequences(7).astype("float64")
    with torch.no_grad():
        result = port(torch.from_numpy(x)).numpy()
    kind = kinds.BY_NAME[layer.__name__]
    options = {
        "recurrent_activation": functions.hard_sigmoid_fifth,
        "reset_after": reset_after,
    }
    arrays = {name: array.numpy() for name, array in port.old.state_dict().items()}
    arrays.setdefault("bias_hh_l0", np.zeros_like(arrays["bias_ih_l0"]))
    right = kind.compute(arrays, x, options)["output"]
    assert np.abs(result - right).max() < CLOSE


def test_a_mask_of_old_gates_is_the_same():
    """Two layers with old gates need one function, written once."""
    stack = [
        layers.LSTM(5, recurrent_activation="hard_sigmoid", return_sequences=True),
        layers.GRU(4, recurrent_activation="hard_sigmoid", reset_after=False),
    ]
    model = model_of(layers.Masking(-1.0), *stack)
    plan, facts, weights = plan_of(model)
    all_layers = {}
    for name, layer in plan.layers.items():
        config = dict(layer.config)
        if "recurrent_activation" in config:
            config["recurrent_activation"] = "hard_sigmoid_fifth"
        all_layers[name] = replace(layer, config=config)
    port = port_from(replace(plan, layers=all_layers), facts, weights)
    assert port.source.count("def hard_sigmoid(") == 1
    x = torch.from_numpy(padded(7))
    with torch.no_grad():
        together = port(x)
        for row, counts in enumerate(COUNT == 1):
            if counts.any():
                alone = port(x[row : row + 1, counts])
                torch.testing.assert_close(together[row : row + 1], alone)


def test_what_cannot_be_written_is_told():
    """A cell that is not Keras's own, and an activation that is not known."""
    model = model_of(
        layers.LSTM(5, name="first", return_sequences=True),
        layers.Bidirectional(layers.LSTM(5, return_sequences=True), name="second"),
        layers.RNN(layers.GRUCell(5), name="third"),
    )
    plan, _, weights = plan_of(model)
    first, second, third = (plan.layers[n] for n in ("first", "second", "third"))
    odd = {"recurrent_activation": "mine"}
    forward, backward = second.inside
    cell = replace(third.inside[0], keras="MinimalRNNCell")
    changed = {
        "first": replace(first, config={**first.config, **odd}),
        "second": replace(second, inside=(forward, replace(backward, config=odd))),
        "third": replace(third, inside=(cell,)),
    }
    plan = replace(plan, layers={**plan.layers, **changed})
    unknown = "LSTM with recurrent_activation mine, a function that is not known here"
    assert unwritable(plan, weights) == {
        "first": unknown,
        "second": unknown,
        "third": "RNN with cells MinimalRNNCell, a class that is not Keras's own",
    }
