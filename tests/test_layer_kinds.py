"""Each kind of layer computes the same with transferred weights, in both directions."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from compare import BadInput, transfer
from compare.matching.rewriting import rewrite

BATCH, TIME, FEATURES, HIDDEN = 3, 5, 4, 6
DIRECTIONS = ["to_keras", "to_torch"]


@dataclass(frozen=True)
class Twins:
    """A layer of PyTorch and its twin in Keras: names of classes, and their options."""

    torch: str
    keras: str
    in_torch: dict = field(default_factory=dict)
    in_keras: dict = field(default_factory=dict)


RECURRENT = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}
SIZES = dict(input_size=FEATURES, hidden_size=HIDDEN)
UNITS = dict(units=HIDDEN)
SEQUENCES = UNITS | dict(return_sequences=True)
RELU = dict(nonlinearity="relu"), dict(activation="relu")
CONV = dict(in_channels=FEATURES, out_channels=HIDDEN, kernel_size=3)
FILTERS = dict(filters=HIDDEN, kernel_size=3)
LINEAR, DENSE = dict(in_features=FEATURES, out_features=2), dict(units=2)

KINDS = {
    **{
        torch: Twins(torch, keras, SIZES | dict(batch_first=True), SEQUENCES)
        for torch, keras in RECURRENT.items()
    },
    **{
        f"{torch} without bias": Twins(
            torch,
            keras,
            SIZES | dict(batch_first=True, bias=False),
            SEQUENCES | dict(use_bias=False),
        )
        for torch, keras in RECURRENT.items()
    },
    "RNN relu": Twins(
        "RNN",
        "SimpleRNN",
        SIZES | dict(batch_first=True) | RELU[0],
        SEQUENCES | RELU[1],
    ),
    **{
        f"{torch}Cell": Twins(f"{torch}Cell", f"{keras}Cell", SIZES, UNITS)
        for torch, keras in RECURRENT.items()
    },
    "RNNCell relu": Twins("RNNCell", "SimpleRNNCell", SIZES | RELU[0], UNITS | RELU[1]),
    **{
        f"bidirectional {torch}": Twins(
            torch,
            f"Bidirectional {keras}",
            SIZES | dict(batch_first=True, bidirectional=True),
            SEQUENCES,
        )
        for torch, keras in RECURRENT.items()
    },
    **{
        f"stacked {torch}": Twins(
            torch,
            f"stack {keras}",
            SIZES | dict(batch_first=True, num_layers=3),
            SEQUENCES,
        )
        for torch, keras in RECURRENT.items()
    },
    **{
        f"stacked bidirectional {torch}": Twins(
            torch,
            f"stack Bidirectional {keras}",
            SIZES | dict(batch_first=True, num_layers=3, bidirectional=True),
            SEQUENCES,
        )
        for torch, keras in RECURRENT.items()
    },
    "LSTM of stacked cells": Twins(
        "LSTM", "cells LSTMCell", SIZES | dict(batch_first=True, num_layers=3), UNITS
    ),
    "Linear": Twins("Linear", "Dense", LINEAR, DENSE),
    "Linear without bias": Twins(
        "Linear", "Dense", LINEAR | dict(bias=False), DENSE | dict(use_bias=False)
    ),
    "TimeDistributed": Twins("Linear", "TimeDistributed Dense", LINEAR, DENSE),
    "Embedding": Twins(
        "Embedding",
        "Embedding",
        dict(num_embeddings=7, embedding_dim=HIDDEN),
        dict(input_dim=7, output_dim=HIDDEN),
    ),
    "Conv1d": Twins("Conv1d", "Conv1D", CONV, FILTERS),
    "Conv1d in groups": Twins(
        "Conv1d", "Conv1D", CONV | dict(groups=2), FILTERS | dict(groups=2)
    ),
    "Conv1d dilated": Twins(
        "Conv1d", "Conv1D", CONV | dict(dilation=2), FILTERS | dict(dilation_rate=2)
    ),
    "Conv1d in strides": Twins(
        "Conv1d", "Conv1D", CONV | dict(stride=2), FILTERS | dict(strides=2)
    ),
    "BatchNorm1d": Twins(
        "BatchNorm1d",
        "BatchNormalization",
        dict(num_features=FEATURES),
        dict(epsilon=1e-5),
    ),
    "BatchNorm1d without scale": Twins(
        "BatchNorm1d",
        "BatchNormalization",
        dict(num_features=FEATURES, affine=False),
        dict(epsilon=1e-5, center=False, scale=False),
    ),
    "LayerNorm": Twins(
        "LayerNorm",
        "LayerNormalization",
        dict(normalized_shape=FEATURES),
        dict(epsilon=1e-5),
    ),
    "PReLU with one slope": Twins("PReLU", "PReLU", {}, dict(shared_axes=[1, 2])),
    "PReLU with one a channel": Twins(
        "PReLU", "PReLU", dict(num_parameters=FEATURES), dict(shared_axes=[1])
    ),
}


def input_of(twins):
    rng = np.random.default_rng(0)
    if twins.keras == "Embedding":
        return rng.integers(0, 7, (BATCH, TIME))
    shape = (BATCH, FEATURES) if states_of(twins) else (BATCH, TIME, FEATURES)
    return rng.uniform(-2, 2, shape)


def states_of(twins):
    """What a cell begins with: h, and c of an LSTM; nothing for another layer."""
    drawn = np.random.default_rng(1).uniform(-1, 1, (2, BATCH, HIDDEN))
    return {"LSTMCell": [*drawn], "GRUCell": [drawn[0]], "RNNCell": [drawn[0]]}.get(
        twins.torch, []
    )


def in_pytorch(harness, twins, subclass=False):
    """A model in float64 whose only layer is `part`."""
    torch = harness.in_pytorch.torch
    cls = getattr(torch.nn, twins.torch)
    if subclass:
        cls = type("Own", (cls,), {})
    model = torch.nn.Module()
    model.part = cls(**twins.in_torch)
    model = model.double().eval()
    rng = np.random.default_rng(2)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if "var" in name else -1
            drawn = rng.uniform(low, 1, tuple(tensor.shape))
            tensor.copy_(torch.from_numpy(drawn))
    return model


def in_keras(harness, twins, subclass=False):
    """A model in float64 whose only layer, or list of layers, is `part`."""
    keras = harness.in_keras.keras
    *around, name = twins.keras.split()
    cls = getattr(keras.layers, name)
    if subclass:
        cls = type("Own", (cls,), {})

    def layer():
        made = cls(**twins.in_keras)
        for wrapper in around:
            if wrapper in ("Bidirectional", "TimeDistributed"):
                made = getattr(keras.layers, wrapper)(made)
        return made

    with harness.in_keras.settled("float64"):
        model = keras.Model()
        model.part = [layer() for _ in range(3)] if "stack" in around else layer()
        if "cells" in around:
            model.part = keras.layers.RNN(
                [layer() for _ in range(3)], return_sequences=True
            )
        keras_output(harness, model, twins)
    rng = np.random.default_rng(3)
    for variable in model.weights:
        low = 0.5 if "variance" in variable.name else -1
        variable.assign(rng.uniform(low, 1, tuple(variable.shape)))
    model.built = True
    return model


def torch_output(harness, model, twins):
    torch = harness.in_pytorch.torch
    x, *states = map(torch.from_numpy, [input_of(twins), *states_of(twins)])
    with torch.no_grad():
        if states:
            result = model.part(x, tuple(states) if len(states) > 1 else states[0])
        elif twins.torch in ("Conv1d", "BatchNorm1d", "PReLU"):  # channels first
            result = model.part(x.transpose(1, 2)).transpose(1, 2)
        else:
            result = model.part(x)
    return (result[0] if isinstance(result, tuple) else result).numpy()


def keras_output(harness, model, twins):
    tensor = harness.in_keras.keras.ops.convert_to_tensor
    x, *states = map(tensor, [input_of(twins), *states_of(twins)])
    with harness.in_keras.settled("float64"):
        if states:
            return model.part(x, states)[0].numpy()
        for part in model.part if isinstance(model.part, list) else [model.part]:
            x = part(x)
    return x.numpy()


def carry(direction, torch, keras):
    return transfer(*((torch, keras) if direction == "to_keras" else (keras, torch)))


def outputs(harness, models, twins):
    torch, keras = models
    return torch_output(harness, torch, twins), keras_output(harness, keras, twins)


def assert_equal(harness, models, twins):
    one, other = outputs(harness, models, twins)

    assert one.dtype == other.dtype == np.float64
    assert one.shape == other.shape
    assert np.abs(one).max() > 0.1
    assert np.abs(one - other).max() < 1e-12


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_layer_computes_the_same(harness, kind, direction):
    twins = KINDS[kind]
    models = in_pytorch(harness, twins), in_keras(harness, twins)
    before = outputs(harness, models, twins)
    carry(direction, *models)
    after = outputs(harness, models, twins)

    assert_equal(harness, models, twins)
    source, target = (0, 1) if direction == "to_keras" else (1, 0)
    assert np.array_equal(before[source], after[source])
    assert not np.allclose(before[target], after[target])


@pytest.mark.parametrize(
    "kind",
    ["LSTM", "GRUCell", "Linear", "Embedding", "Conv1d", "BatchNorm1d", "LayerNorm"],
)
def test_subclass_of_a_layer_counts_as_the_layer(harness, kind):
    twins = KINDS[kind]
    models = in_pytorch(harness, twins, True), in_keras(harness, twins, True)
    carry("to_keras", *models)

    assert_equal(harness, models, twins)


def test_batch_norm_keeps_its_count_of_batches(harness):
    """Keras has none; PyTorch's stays as it was, whichever way the numbers go."""
    twins = KINDS["BatchNorm1d"]
    torch, keras = in_pytorch(harness, twins), in_keras(harness, twins)
    torch.part.num_batches_tracked.fill_(7)
    for direction in DIRECTIONS:
        moves = carry(direction, torch, keras)

        assert torch.part.num_batches_tracked.item() == 7
        assert len(moves) == 4


def test_slopes_that_differ_from_step_to_step_are_refused(harness):
    """Keras's PReLU without shared axes has TIME times as many as PyTorch's."""
    torch = in_pytorch(harness, KINDS["PReLU with one a channel"])
    keras = harness.in_keras.keras.Model()
    keras.part = harness.in_keras.keras.layers.PReLU()
    keras.part.build((None, TIME, FEATURES))

    for direction in DIRECTIONS:
        with pytest.raises(BadInput, match="expected shape"):
            carry(direction, torch, keras)


OTHER = {
    "LSTM": dict(activation="relu"),
    "GRU": dict(recurrent_activation="hard_sigmoid"),
    "RNN": dict(activation="sigmoid"),
}


@pytest.mark.parametrize("options", ["activation", "go_backwards"])
@pytest.mark.parametrize("kind", OTHER)
def test_what_only_computes_otherwise_passes_where_that_is_allowed(
    harness, kind, options
):
    """The arrays mean the same; mistakes are undone on such layers."""
    asked = OTHER[kind] if options == "activation" else dict(go_backwards=True)
    torch, plain = in_pytorch(harness, KINDS[kind]), in_keras(harness, KINDS[kind])
    other = in_keras(harness, Twins("", RECURRENT[kind], {}, SEQUENCES | asked))
    have = harness.LAYERS["torch"].layers(torch)
    expected, _ = rewrite(have, harness.LAYERS["keras"].layers(plain), "to_keras")

    layers = harness.LAYERS["keras"].layers(other)
    made, _ = rewrite(have, layers, "to_keras", strict=False)
    assert made["part"].keys() == expected["part"].keys()
    assert all(np.array_equal(made["part"][n], a) for n, a in expected["part"].items())
    with pytest.raises(BadInput, match="expected a layer that PyTorch has too"):
        rewrite(have, layers, "to_keras")


def test_gru_without_reset_after_stays_refused(harness):
    """Its arrays mean something else, so no leniency helps."""
    torch = in_pytorch(harness, KINDS["GRU without bias"])
    options = SEQUENCES | dict(reset_after=False, use_bias=False)
    keras = in_keras(harness, Twins("", "GRU", {}, options))
    layers = (
        harness.LAYERS["torch"].layers(torch),
        harness.LAYERS["keras"].layers(keras),
    )

    with pytest.raises(BadInput, match="reset_after=False"):
        rewrite(*layers, "to_keras", strict=False)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("activation", ["relu", "softmax"])
def test_activation_inside_a_dense_layer_is_no_weight(harness, activation, direction):
    """In PyTorch it is a layer of its own, behind."""
    twins = Twins("Linear", "Dense", LINEAR, DENSE | dict(activation=activation))
    models = in_pytorch(harness, twins), in_keras(harness, twins)
    carry(direction, *models)
    before, found = outputs(harness, models, twins)
    options = dict(dim=-1) if activation == "softmax" else {}
    torch = harness.in_pytorch.torch
    behind = getattr(torch, activation)(torch.from_numpy(before), **options)

    assert np.abs(found - behind.numpy()).max() < 1e-12


def nested(harness):
    """A nested PyTorch model and a Sequential one of Keras; no names in common."""
    nn, layers = harness.in_pytorch.torch.nn, harness.in_keras.keras.layers
    torch = nn.Module()
    torch.encoder = nn.Module()
    torch.encoder.rnn = nn.LSTM(FEATURES, HIDDEN, 2, batch_first=True)
    torch.head = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2))
    keras = harness.in_keras.keras.Sequential(
        [
            layers.Input((None, FEATURES)),
            layers.LSTM(HIDDEN, return_sequences=True, name="first"),
            layers.LSTM(HIDDEN, name="second"),
            layers.Dense(HIDDEN, name="middle"),
            layers.Dense(2, name="last"),
        ]
    )
    return torch, keras


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layers_of_other_names_are_matched_and_moves_give_both_names(
    harness, direction
):
    torch, keras = nested(harness)
    moves = carry(direction, torch, keras)
    last = torch.head[1].weight.detach().numpy()

    assert np.array_equal(keras.get_layer("last").kernel.numpy().T, last)
    pairs = [(m.source, m.target) for m in moves]
    stack = ("encoder.rnn.weight_hh_l1",), ("second.recurrent_kernel",)
    assert (stack if direction == "to_keras" else stack[::-1]) in pairs


def test_a_table_of_names_goes_before_the_order(harness):
    torch, keras = nested(harness)
    torch.head[1] = harness.in_pytorch.torch.nn.Linear(HIDDEN, HIDDEN)
    keras.pop()
    keras.add(harness.in_keras.keras.layers.Dense(HIDDEN, name="last"))
    transfer(torch, keras, names={"head.0": "last", "head.1": "middle"})
    first = torch.head[0].weight.detach().numpy()

    assert np.array_equal(keras.get_layer("last").kernel.numpy().T, first)
