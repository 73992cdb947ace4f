"""Arrays are rewritten by rows, each used once; what does not fit is named."""

import numpy as np
import pytest

from compare import BadInput
from compare.kinds.layer import Layer
from compare.matching.rewriting import rewrite


def test_biases_are_added_in_float64():
    """1 + 2^-30 fits no float32: the sum must not be rounded before the target does."""
    layer = lstm(3, 2)
    layer.arrays["bias_ih_l0"][:] = 1
    layer.arrays["bias_hh_l0"][:] = 2.0**-30
    made, _ = rewrite({"lstm": layer}, {"lstm": keras_lstm(3, 2)}, "to_keras")

    assert made["lstm"]["bias"].dtype == np.float64
    assert (made["lstm"]["bias"] == 1 + 2.0**-30).all()


def lstm(features, hidden):
    shapes = dict(
        weight_ih_l0=(4 * hidden, features),
        weight_hh_l0=(4 * hidden, hidden),
        bias_ih_l0=(4 * hidden,),
        bias_hh_l0=(4 * hidden,),
    )
    return Layer("LSTM", {n: np.ones(s, np.float32) for n, s in shapes.items()})


def keras_lstm(features, hidden):
    shapes = dict(
        kernel=(features, 4 * hidden),
        recurrent_kernel=(hidden, 4 * hidden),
        bias=(4 * hidden,),
    )
    return Layer("LSTM", {n: np.ones(s, np.float32) for n, s in shapes.items()})


def without(layer, *names):
    return Layer(layer.kind, {n: a for n, a in layer.arrays.items() if n not in names})


def test_layers_without_bias_transfer():
    source = without(lstm(3, 2), "bias_ih_l0", "bias_hh_l0")
    made, _ = rewrite(
        {"lstm": source}, {"lstm": without(keras_lstm(3, 2), "bias")}, "to_keras"
    )

    assert set(made["lstm"]) == {"kernel", "recurrent_kernel"}


STRICT = {
    "a layer only the source has": (
        ({"lstm": lstm(3, 2), "extra": lstm(3, 2)}, {"lstm": keras_lstm(3, 2)}),
        "layers: .* got none for extra of the source and nothing of the target",
    ),
    "a layer only the target has": (
        ({"lstm": lstm(3, 2)}, {"lstm": keras_lstm(3, 2), "more": keras_lstm(3, 2)}),
        "layers: .* got none for nothing of the source and more of the target",
    ),
    "a bias only the source has": (
        ({"lstm": lstm(3, 2)}, {"lstm": without(keras_lstm(3, 2), "bias")}),
        "arrays of lstm: .* bias_hh_l0, bias_ih_l0 of the source and nothing",
    ),
    "a bias only the target has": (
        (
            {"lstm": without(lstm(3, 2), "bias_ih_l0", "bias_hh_l0")},
            {"lstm": keras_lstm(3, 2)},
        ),
        "arrays of lstm: .* nothing of the source and bias of the target",
    ),
    "a second layer in the source": (
        (
            {"lstm": Layer("LSTM", lstm(3, 2).arrays | {"weight_ih_l1": np.ones(2)})},
            {"lstm": keras_lstm(3, 2)},
        ),
        "arrays of lstm: .* weight_ih_l1 of the source",
    ),
    "another size": (
        ({"lstm": lstm(3, 2)}, {"lstm": keras_lstm(4, 2)}),
        r"lstm.kernel: expected shape \(4, 8\), got \(3, 8\)",
    ),
    "another nonlinearity": (
        ({"rnn": Layer("RNN(relu)", {})}, {"rnn": Layer("SimpleRNN", {})}),
        "rnn: expected one nonlinearity on both sides, got relu in PyTorch's RNN",
    ),
    "another kind": (
        ({"lstm": lstm(3, 2)}, {"lstm": Layer("GRU", {})}),
        "lstm: move its weights by hand, and compare the models as they are",
    ),
}


@pytest.mark.parametrize("case", STRICT)
def test_what_does_not_fit_is_named(case):
    models, message = STRICT[case]

    with pytest.raises(BadInput, match=message):
        rewrite(*models, "to_keras")


def parts(*prefixes):
    """A Keras layer of several parts, as `keras_layers.layers` names their arrays."""
    arrays = {p + n: a for p in prefixes for n, a in keras_lstm(3, 2).arrays.items()}
    return Layer("LSTM", arrays)


def several(*suffixes):
    """A torch LSTM of several layers or directions, every array another number."""
    arrays = {
        name.removesuffix("_l0") + suffix: array * (number + 1)
        for number, suffix in enumerate(suffixes)
        for name, array in lstm(3, 2).arrays.items()
    }
    return Layer("LSTM", arrays)


@pytest.mark.parametrize(
    ("suffixes", "prefixes"),
    [
        (["_l0", "_l1"], ["0.", "1."]),
        (["_l0", "_l0_reverse"], ["forward.", "backward."]),
        (["_l0", "_l0_reverse"], ["0.forward.", "0.backward."]),
    ],
    ids=str,
)
def test_layers_and_directions_go_to_their_own_part(suffixes, prefixes):
    made, moves = rewrite(
        {"lstm": several(*suffixes)}, {"lstm": parts(*prefixes)}, "to_keras"
    )
    back, _ = rewrite(
        {"lstm": Layer("LSTM", made["lstm"])}, {"lstm": several(*suffixes)}, "to_torch"
    )

    assert [made["lstm"][f"{p}kernel"].max() for p in prefixes] == [1, 2]
    assert len(moves) == 6
    for suffix in suffixes:
        name = f"weight_ih{suffix}"
        assert np.array_equal(back["lstm"][name], several(*suffixes).arrays[name])


@pytest.mark.parametrize(
    ("suffixes", "prefixes", "left"),
    [
        (["_l0", "_l1"], [""], "weight_ih_l1 of the source and nothing"),
        (
            ["_l0", "_l0_reverse"],
            [""],
            "weight_ih_l0_reverse of the source and nothing",
        ),
        (["_l0"], ["0.", "1."], "nothing of the source and 1.bias, 1.kernel"),
        (["_l0"], ["forward.", "backward."], "nothing of the source and backward.bias"),
    ],
    ids=str,
)
def test_a_layer_or_direction_too_many_is_named(suffixes, prefixes, left):
    """A two-layer LSTM must not lose its second layer, nor write over its first."""
    with pytest.raises(BadInput, match=left):
        rewrite({"lstm": several(*suffixes)}, {"lstm": parts(*prefixes)}, "to_keras")


def test_gru_gates_change_places_and_come_back():
    """r, z, n in PyTorch; z, r, h in Keras, which keeps both biases as two rows."""
    rows = np.repeat([1.0, 2.0, 3.0], 2)  # r, z, n with two units
    source = Layer(
        "GRU",
        {
            "weight_ih_l0": np.outer(rows, np.ones(3)),
            "weight_hh_l0": np.outer(rows, np.ones(2)),
            "bias_ih_l0": rows,
            "bias_hh_l0": rows * 10,
        },
    )
    target = Layer(
        "GRU",
        dict(
            kernel=np.ones((3, 6)),
            recurrent_kernel=np.ones((2, 6)),
            bias=np.ones((2, 6)),
        ),
    )
    made, _ = rewrite({"gru": source}, {"gru": target}, "to_keras")
    back, _ = rewrite({"gru": Layer("GRU", made["gru"])}, {"gru": source}, "to_torch")

    assert made["gru"]["kernel"][0].tolist() == [2, 2, 1, 1, 3, 3]
    assert made["gru"]["bias"][1].tolist() == [20, 20, 10, 10, 30, 30]
    assert all(np.array_equal(back["gru"][n], a) for n, a in source.arrays.items())
