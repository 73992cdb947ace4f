"""Gradients move between the frameworks by the chain rule, whatever a row does.

A row takes PyTorch's arrays a to Keras's arrays b = A a. With the gradient g of a loss
with respect to b, that with respect to a is A^T g, so <A a, g> = <a, A^T g>.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from compare.kinds import WITH_ARRAYS, read_as, rows
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.rows import Row
from compare.matching.rewriting import sums

FEATURES, SIZE = 5, 3


def check_gradients(row: Row, torch: Layer, keras: Layer) -> None:
    """Check a row of two layers on random arrays of their shapes, in float64."""
    rng = np.random.default_rng(0)
    a = [rng.normal(0, 1, torch.arrays[name].shape) for name in row.torch]
    g = [rng.normal(0, 1, keras.arrays[name].shape) for name in row.keras]
    change = row.to_torch if row.gradients is None else row.gradients
    in_keras = product_of(row.to_keras(*a), g)
    in_torch = product_of(a, change(*g))

    assert in_torch == pytest.approx(in_keras, rel=1e-12)


def product_of(first, second) -> float:
    """The inner product of two lists of arrays."""
    return sum(float((x * y).sum()) for x, y in zip(first, second, strict=True))


EXAMPLES = [
    pytest.param(kind, example, id=f"{kind.name} {example.name}".strip())
    for kind in WITH_ARRAYS
    for example in kind.examples
    if example.keras
]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_of_every_kind(kind_layers, kind: Kind, example: Example):
    twins = kind_layers.Twins(kind, example)
    torch, keras = (twins.layers(side)["part"] for side in ("torch", "keras"))

    for row in rows((torch.kind, keras.kind), torch.arrays, keras.arrays):
        if set(row.torch) <= set(torch.arrays) and set(row.keras) <= set(keras.arrays):
            check_gradients(row, torch, keras)


# --------------------------------------------------------------------- cells by hand

KERAS = {
    "LSTM": {"kernel": (FEATURES, 12), "recurrent_kernel": (SIZE, 12), "bias": (12,)},
    "GRU": {"kernel": (FEATURES, 9), "recurrent_kernel": (SIZE, 9), "bias": (9,)},
    "GRU reset after": {
        "kernel": (FEATURES, 9),
        "recurrent_kernel": (SIZE, 9),
        "bias": (2, 9),
    },
    "ConvLSTM": {
        "kernel": (3, 3, FEATURES, 12),
        "recurrent_kernel": (3, 3, SIZE, 12),
        "bias": (12,),
    },
}
LSTM = {
    "weight_ih_l0": (12, FEATURES),
    "weight_hh_l0": (12, SIZE),
    "bias_ih_l0": (12,),
    "bias_hh_l0": (12,),
}
PROJECTED = {**LSTM, "weight_hh_l0": (12, 2), "weight_hr_l0": (2, SIZE)}


def of_gates(gates, *letters):
    """The shapes of an array of each gate: W and U are matrices, others biases."""
    shapes = {"W": (FEATURES, SIZE), "U": (SIZE, SIZE)}
    names = [(f"{letter}_{gate}", letter) for letter, gate in product(letters, gates)]
    return {name: shapes.get(letter, (SIZE,)) for name, letter in names}


# By hand in PyTorch: Keras's layer, the arrays, and which biases are added.
IN_PYTORCH = {
    "all gates in one matrix": (
        "LSTM",
        {"gates.weight": (12, FEATURES + SIZE), "gates.bias": (12,)},
        [],
    ),
    "two linear layers": (
        "LSTM",
        {
            "x2h.weight": (12, FEATURES),
            "x2h.bias": (12,),
            "h2h.weight": (12, SIZE),
            "h2h.bias": (12,),
        },
        [("x2h.bias", "h2h.bias")],
    ),
    "one bias of two layers": (
        "LSTM",
        {
            "x2h.weight": (12, FEATURES),
            "h2h.weight": (12, SIZE),
            "h2h.bias": (12,),
        },
        [],
    ),
    "matrices of each gate": ("LSTM", of_gates("ifco", "W", "U", "b"), []),
    "two linear layers of each gate": (
        "LSTM",
        {
            f"{letter}_{gate}.{array}": shape
            for gate in "ifco"
            for letter, inputs in (("x", FEATURES), ("h", SIZE))
            for array, shape in (("weight", (SIZE, inputs)), ("bias", (SIZE,)))
        },
        [(f"x_{gate}.bias", f"h_{gate}.bias") for gate in "ifco"],
    ),
    "matrices of each gate of a GRU": ("GRU", of_gates("rzh", "W", "U", "b"), []),
    "a second bias of one gate": (
        "GRU reset after",
        {
            **of_gates("rzh", "W", "U", "b"),
            "b_hr": (SIZE,),
        },
        [],
    ),
    "one convolution": (
        "ConvLSTM",
        {"weight": (12, FEATURES + SIZE, 3, 3), "bias": (12,)},
        [],
    ),
    "two convolutions": (
        "ConvLSTM",
        {
            "conv_x.weight": (12, FEATURES, 3, 3),
            "conv_x.bias": (12,),
            "conv_h.weight": (12, SIZE, 3, 3),
            "conv_h.bias": (12,),
        },
        [("conv_x.bias", "conv_h.bias")],
    ),
}


def layer(kind, shapes):
    return Layer(kind, {name: np.zeros(shape) for name, shape in shapes.items()})


def twins_by_hand(torch, keras):
    """The two layers as they are read, and their rows."""
    torch, keras = read_as(torch, keras)
    kinds = plain(torch.kind), plain(keras.kind)
    return torch, keras, rows(kinds, torch.arrays, keras.arrays)


@pytest.mark.parametrize("writing", IN_PYTORCH)
def test_of_a_cell_by_hand_in_pytorch(writing):
    kind, shapes, _ = IN_PYTORCH[writing]
    in_keras = layer(kind.split()[0], KERAS[kind])
    torch, keras, of_twins = twins_by_hand(layer("Cell(Module)", shapes), in_keras)
    used = {name for row in of_twins for name in row.torch}

    assert used == set(shapes)
    for row in of_twins:
        check_gradients(row, torch, keras)


@pytest.mark.parametrize("writing", IN_PYTORCH)
def test_only_two_biases_are_added(writing):
    """Keras's array is given twice the step for them, and no matrix ever."""
    kind, shapes, added = IN_PYTORCH[writing]
    in_keras = layer(kind.split()[0], KERAS[kind])
    found = sums({"cell": layer("Cell(Module)", shapes)}, {"cell": in_keras})

    assert [pair.torch for pair in found] == added
    assert {pair.keras for pair in found} <= {"bias"}


IN_KERAS = {
    "one bias": (
        {"x2h.kernel": (FEATURES, 12), "x2h.bias": (12,), "h2h.kernel": (SIZE, 12)},
        ["x2h.bias"],
    ),
    "two biases": (
        {
            "x2h.kernel": (FEATURES, 12),
            "x2h.bias": (12,),
            "h2h.kernel": (SIZE, 12),
            "h2h.bias": (12,),
        },
        [],
    ),
    "a bias of each gate": (
        of_gates("ifco", "W", "U", "b"),
        [f"b_{gate}" for gate in "ifco"],
    ),
    "a projection": (
        {
            "x2h.kernel": (FEATURES, 12),
            "x2h.bias": (12,),
            "h2h.kernel": (2, 12),
            "proj.kernel": (SIZE, 2),
        },
        ["x2h.bias"],
    ),
    "a projection, x and h side by side": (
        {
            "gates.kernel": (FEATURES + 2, 12),
            "gates.bias": (12,),
            "proj.kernel": (3, 2),
        },
        ["gates.bias"],
    ),
}


@pytest.mark.parametrize("writing", IN_KERAS)
def test_of_a_cell_by_hand_in_keras(writing):
    shapes, doubled = IN_KERAS[writing]
    in_torch = layer("LSTM", PROJECTED if "projection" in writing else LSTM)
    in_keras = layer("Cell(Layer)", shapes)
    torch, keras, of_twins = twins_by_hand(in_torch, in_keras)
    found = sums({"cell": in_torch}, {"cell": in_keras})

    assert [pair.keras for pair in found] == doubled
    for row in of_twins:
        check_gradients(row, torch, keras)
