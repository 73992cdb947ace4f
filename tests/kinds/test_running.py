"""Recurrent layers in NumPy are right: they equal PyTorch, and sums done by hand."""

from math import log, tanh

import numpy as np
import pytest

from compare.kinds import BY_NAME, cell_of
from compare.kinds.functions import sigmoid

BATCH, TIME, FEATURES, HIDDEN_SIZE = 4, 7, 3, 5
LENGTHS = (3, 7, 1, 5)
LIMIT = 1e-13

KINDS = {
    "LSTM": ("LSTM", {}),
    "LSTM-projected": ("LSTM", {"proj_size": 2}),
    "GRU": ("GRU", {}),
    "RNN-tanh": ("RNN", {"nonlinearity": "tanh"}),
    "RNN-relu": ("RNN", {"nonlinearity": "relu"}),
}


def run(kind, arrays, x, lengths=None, states=None, **options):
    """What a layer of a kind returns, by name."""
    options |= dict(lengths=lengths, states=states)
    return BY_NAME[kind].compute(arrays, x, options)


@pytest.fixture(scope="module")
def torch():
    """PyTorch on one thread, which is faster for layers this small."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


def layer_and_inputs(torch, kind, **options):
    """A float64 layer whose parameters all differ, its arrays, x and its states."""
    rng = np.random.default_rng(7)
    layer = getattr(torch.nn, kind)(
        FEATURES, HIDDEN_SIZE, batch_first=True, dtype=torch.float64, **options
    ).requires_grad_(False)
    for parameter in layer.parameters():
        values = rng.uniform(0.05, 0.7, parameter.shape)
        values *= rng.choice([-1, 1], parameter.shape)
        parameter.copy_(torch.from_numpy(values))
    arrays = {name: p.numpy() for name, p in layer.named_parameters()}
    x = rng.normal(size=(BATCH, TIME, FEATURES))
    count = layer.num_layers * (1 + layer.bidirectional)
    sizes = (layer.proj_size or HIDDEN_SIZE, HIDDEN_SIZE)[: 1 + (kind == "LSTM")]
    return layer, arrays, x, tuple(rng.normal(size=(count, BATCH, n)) for n in sizes)


def run_torch(torch, layer, x, lengths=None, states=None):
    """What the layer returns, as `running.run` writes it."""
    rnn, x = torch.nn.utils.rnn, torch.from_numpy(x)
    if lengths is not None:
        x = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    if states is not None:
        states = tuple(torch.from_numpy(state) for state in states)
        states = states if layer.mode == "LSTM" else states[0]
    output, last = layer(x, states)
    if lengths is not None:
        output, _ = rnn.pad_packed_sequence(output, batch_first=True, total_length=TIME)
    last = last if layer.mode == "LSTM" else (last,)
    named = {"output": output} | dict(zip(("h_n", "c_n"), last, strict=False))
    return {name: tensor.numpy() for name, tensor in named.items()}


def gap(ours, theirs):
    """The largest difference, once names, shapes and dtypes are the same."""
    described = [{k: (v.shape, v.dtype) for k, v in r.items()} for r in (ours, theirs)]
    assert described[0] == described[1]
    return np.max([np.abs(ours[name] - theirs[name]).max() for name in theirs])


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("given", [False, True], ids=["from_zero", "from_states"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both_ways"])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize(("kind", "options"), KINDS.values(), ids=KINDS)
def test_equals_pytorch(
    torch, kind, options, num_layers, bidirectional, bias, given, lengths
):
    sizes = dict(num_layers=num_layers, bidirectional=bidirectional, bias=bias)
    layer, arrays, x, states = layer_and_inputs(torch, kind, **sizes, **options)
    states = states if given else None

    theirs = run_torch(torch, layer, x, lengths, states)
    activation = options.get("nonlinearity", "tanh")
    ours = run(kind, arrays, x, lengths, states, activation=activation)

    assert gap(ours, theirs) < LIMIT


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        *[("LSTM", *pair) for pair in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))],
        *[("GRU", *pair) for pair in ((0, 1), (0, 2), (1, 2))],
    ],
)
def test_two_gates_swapped_are_noticed(torch, kind, first, second):
    layer, arrays, x, _ = layer_and_inputs(torch, kind)
    order = np.arange(len(cell_of(kind).gates))
    order[[first, second]] = second, first
    swapped = {
        name: np.concatenate([np.split(array, len(order))[gate] for gate in order])
        for name, array in arrays.items()
    }

    assert gap(run(kind, swapped, x), run_torch(torch, layer, x)) > 1e-3


# sigmoid(log a) = a / (1 + a) and tanh(log a) = (a^2 - 1) / (a^2 + 1), so that gates
# are plain fractions: sigmoid(log 3) = 3/4, sigmoid(-log 3) = 1/4, tanh(log 2) = 3/5.


def one_unit(sums, x, h):
    """Parameters of one unit whose gates reach the given sums before sigmoid or tanh.

    W, U and b are picked; b', the second bias, makes up the rest.
    """
    w, u, b = (np.arange(1, len(sums) + 1) * scale for scale in (0.3, -0.2, 0.7))
    second = np.array(sums) - (w * x + b + u * h)
    matrices = {"weight_ih_l0": w[:, None], "weight_hh_l0": u[:, None]}
    return matrices | {"bias_ih_l0": b, "bias_hh_l0": second}


def test_an_lstm_step_done_by_hand():
    """With i = 3/4, f = 1/4, g = 3/5, o = 4/5 and c = 2: c' = 1/2 + 9/20 = 19/20."""
    x, h, c = 2.0, 3.0, 2.0
    arrays = one_unit([log(3), -log(3), log(2), log(4)], x, h)

    result = run("LSTM", arrays, [[[x]]], states=([[[h]]], [[[c]]]))

    assert result["c_n"].item() == pytest.approx(19 / 20, abs=1e-15)
    assert result["h_n"].item() == pytest.approx(4 / 5 * tanh(19 / 20), abs=1e-15)
    assert result["output"].item() == result["h_n"].item()


def test_a_gru_step_done_by_hand():
    """With r = 3/4, z = 1/4, n = 3/5 and h = 2: h' = 3/4 * 3/5 + 1/4 * 2 = 19/20.

    The candidate's sum is log 2 only if r multiplies all of U_n h + b'_n.
    """
    x, h = 3.0, 2.0
    arrays = one_unit([log(3), -log(3), 0], x, h)
    w, u, b = (
        arrays[n][2].item() for n in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
    )
    arrays["bias_hh_l0"][2] = (log(2) - w * x - b) / (3 / 4) - u * h

    result = run("GRU", arrays, [[[x]]], states=([[[h]]],))

    assert result["h_n"].item() == pytest.approx(19 / 20, abs=1e-15)


@pytest.mark.parametrize(("nonlinearity", "after"), [("tanh", 3 / 5), ("relu", log(2))])
def test_a_simple_step_done_by_hand(nonlinearity, after):
    arrays = one_unit([log(2)], 2.0, 3.0)

    options = dict(activation=nonlinearity)
    result = run("RNN", arrays, [[[2.0]]], None, ([[[3.0]]],), **options)

    assert result["h_n"].item() == pytest.approx(after, abs=1e-15)


def test_what_lies_beyond_a_length_is_never_read(torch):
    _, arrays, x, _ = layer_and_inputs(torch, "LSTM", num_layers=2, bidirectional=True)
    padding = np.arange(TIME) >= np.array(LENGTHS)[:, None]  # (batch, time)
    clean = run("LSTM", arrays, x, LENGTHS)
    x[padding] = np.nan
    dirty = run("LSTM", arrays, x, LENGTHS)

    assert gap(dirty, clean) == 0
    assert not dirty["output"][padding].any()


def test_a_sequence_of_length_zero_keeps_its_states(torch):
    """PyTorch refuses such a sequence; Keras gets one from a mask without a true."""
    _, arrays, x, states = layer_and_inputs(torch, "LSTM")
    result = run("LSTM", arrays, x, [0] * BATCH, states)

    assert not result["output"].any()
    assert np.array_equal(result["h_n"], states[0])
    assert np.array_equal(result["c_n"], states[1])


def test_arguments_stay_as_they_were(torch):
    _, arrays, x, states = layer_and_inputs(torch, "LSTM", bidirectional=True)
    given = [x, *states, *arrays.values()]
    kept = [array.copy() for array in given]
    run("LSTM", arrays, x, LENGTHS, states)

    assert all(map(np.array_equal, given, kept))


def test_float32_is_widened_first(torch):
    _, arrays, x, _ = layer_and_inputs(torch, "GRU")
    narrow = {name: array.astype("float32") for name, array in arrays.items()}
    wide = {name: array.astype("float64") for name, array in narrow.items()}
    x = x.astype("float32")
    expected = run("GRU", wide, x.astype("float64"))

    assert gap(run("GRU", narrow, x), expected) == 0


def test_sigmoid_neither_overflows_nor_hides_a_nan():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        ends = sigmoid(np.array([-np.inf, -1e4, -700, 0, 1e4, np.inf]))

    assert ends == pytest.approx([0, 0, np.exp(-700.0), 0.5, 1, 1], rel=1e-15, abs=0)
    assert np.isnan(sigmoid(np.nan))


def test_each_step_can_be_watched_in_the_order_in_which_it_is_computed(torch):
    _, arrays, x, _ = layer_and_inputs(torch, "GRU", bidirectional=True)
    seen = {}

    def watch(end, step, x, h):
        seen.setdefault(end, []).append((step, x.copy(), h.copy()))

    output = run("GRU", arrays, x, LENGTHS, watch=watch)["output"]
    steps = {end: [step for step, _, _ in runs] for end, runs in seen.items()}
    _, x_3, h_3 = seen["_l0"][3]  # only the second and the last are that long

    assert steps == {"_l0": [*range(7)], "_l0_reverse": [*range(6, -1, -1)]}
    np.testing.assert_array_equal(x_3, x[[1, 3], 3])
    np.testing.assert_array_equal(h_3, output[[1, 3], 2, :HIDDEN_SIZE])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_sums_are_what_the_gates_are_functions_of(torch, kind):
    _, arrays, x, (h, *_) = layer_and_inputs(torch, kind)
    h, p = h[0], {n.removesuffix("_l0"): array for n, array in arrays.items()}
    sums = cell_of(kind).sums(p, x[:, 0], h)
    step = {
        "LSTM": lambda c: (
            sigmoid(sums["o"])
            * np.tanh(sigmoid(sums["f"]) * c + sigmoid(sums["i"]) * np.tanh(sums["g"]))
        ),
        "GRU": lambda c: (
            (1 - sigmoid(sums["z"]))
            * np.tanh(sums["n"] + sigmoid(sums["r"]) * sums["n'"])
            + sigmoid(sums["z"]) * h
        ),
        "RNN": lambda c: np.tanh(sums["h"]),
    }[kind]
    states = [h[None], np.ones_like(h)[None]][: 1 + (kind == "LSTM")]
    made = run(kind, arrays, x[:, :1], states=states)["output"][:, 0]

    np.testing.assert_allclose(step(1.0), made, rtol=1e-14, atol=1e-15)


WRONG = {
    "activation": (dict(activation="cube"), "linear, tanh, relu, .* got cube"),
    "rank": (dict(x=np.zeros((2, 3))), r"features\), got \(2, 3\)"),
    "no_step": (dict(x=np.zeros((2, 0, 3))), r"time >= 1, .* got \(2, 0, 3\)"),
    "features": (dict(x=np.zeros((4, 7, 2))), r"\(20, 2\), .* got .*\(20, 3\)"),
    "too_long": (dict(lengths=[3, 8, 1, 5]), r"from 0 to 7, got \[3, 8, 1, 5\]"),
    "negative": (dict(lengths=[3, -1, 1, 5]), r"from 0 to 7, got \[3, -1, 1, 5\]"),
    "too_few": (dict(lengths=[3, 7]), r"4 integers from 0 to 7, got \[3, 7\]"),
    "fractions": (dict(lengths=[3.0, 7, 1, 5]), r"4 integers .* got \[3.0, 7.0"),
    "no_c": (dict(states=(np.zeros((1, 4, 5)),)), r"states .*got \[\(1, 4, 5\)\]"),
    "gates_of_another_kind": (dict(kind="GRU"), r"\(18, 3\), .* got .*\(20, 3\)"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused(torch, changes, message):
    _, arrays, x, _ = layer_and_inputs(torch, "LSTM")

    with pytest.raises(ValueError, match=message) as refusal:
        run(**dict(kind="LSTM", arrays=arrays, x=x) | changes)
    assert str(refusal.value).startswith(("running.run expects ", "activation expects"))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("two", [dict(num_layers=2), dict(bidirectional=True)], ids=str)
def test_a_missing_parameter_is_refused(torch, two):
    _, arrays, x, _ = layer_and_inputs(torch, "LSTM", proj_size=2, **two)

    for name in arrays:
        others = {other: arrays[other] for other in arrays if other != name}
        with pytest.raises(ValueError, match="run expects parameters"):
            run("LSTM", others, x)


@pytest.mark.parametrize("name", ["bias", "weight_hh_l2", "weight_hh_l0_reverse"])
def test_a_parameter_left_over_is_refused(torch, name):
    _, arrays, x, _ = layer_and_inputs(torch, "LSTM")
    arrays[name] = arrays["weight_ih_l0"]

    with pytest.raises(ValueError, match=f"run expects parameters.*{name}"):
        run("LSTM", arrays, x)
