"""Weights go both ways, all of them, and nothing else."""

import json
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pytest
import torch

from compare import BadInput, transfer
from compare.in_keras.twin import Twin
from compare.judging.arrays import sequences
from compare.matching.copying import LARGE
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.models import twin_makers
from compare.twins.weights import fresh_weights

SIZES = dict(num_features=3, hidden_size=5, num_outputs=2)


@pytest.fixture(params=["float32", "float64"])
def models(request):
    """The last-step model in both frameworks, random weights in PyTorch."""
    make = twin_makers("portfolio_last_step", "PortfolioLastStep", SIZES)
    torch, keras = (
        framework.Twin(make[side], sequences(None, 3), request.param, ["weights"]).model
        for side, framework in FRAMEWORKS.items()
    )
    weights = fresh_weights(LAYERS["torch"].layers(torch), [7])
    LAYERS["torch"].load(torch, weights)
    return torch, keras


def arrays(layers, model):
    return {
        f"{name}.{key}": array.copy()
        for name, layer in layers.layers(model).items()
        for key, array in layer.arrays.items()
    }


def test_round_trip_keeps_every_matrix_bit_for_bit(models):
    """PyTorch -> Keras -> PyTorch; of the two biases only their sum survives."""
    torch, keras = models
    before = arrays(LAYERS["torch"], torch)
    transfer(torch, keras)
    LAYERS["torch"].load(torch, fresh_weights(LAYERS["torch"].layers(torch), [8]))
    transfer(keras, torch)
    after = arrays(LAYERS["torch"], torch)

    total = sum(before.pop(f"lstm.bias_{n}_l0").astype("float64") for n in ("ih", "hh"))
    assert (
        after.pop("lstm.bias_ih_l0") == total.astype(after["logits.bias"].dtype)
    ).all()
    assert (after.pop("lstm.bias_hh_l0") == 0).all()
    assert after.keys() == before.keys()
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_keras_round_trip_keeps_everything_bit_for_bit(models):
    torch, keras = models
    transfer(torch, keras)
    before = arrays(LAYERS["keras"], keras)
    transfer(keras, torch)
    transfer(torch, keras)
    after = arrays(LAYERS["keras"], keras)

    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_moves_name_every_array_once(models):
    torch, keras = models
    moves = transfer(torch, keras)

    assert [name for m in moves for name in m.source] == list(
        arrays(LAYERS["torch"], torch)
    )
    assert {name for m in moves for name in m.target} == set(
        arrays(LAYERS["keras"], keras)
    )


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_a_large_matrix_arrives_number_by_number(direction):
    """It goes by tiles, and into memory that TensorFlow takes over."""
    first = torch.nn.Sequential(torch.nn.Linear(1031, LARGE // 1024 + 1))
    second = keras.Sequential(
        [keras.Input((1031,)), keras.layers.Dense(LARGE // 1024 + 1)]
    )
    transfer(*((first, second) if direction == "to_keras" else (second, first)))
    weight, kernel = first[0].weight.detach().numpy(), second.layers[0].kernel

    assert weight.size > LARGE
    assert np.array_equal(kernel.numpy(), weight.T)
    kernel.assign_add(np.ones_like(weight.T))
    assert np.array_equal(kernel.numpy(), weight.T + 1)


def test_a_refused_transfer_leaves_the_target_alone(models):
    torch, _ = models
    make = twin_makers(
        "portfolio_last_step", "PortfolioLastStep", {**SIZES, "num_outputs": 3}
    )
    other = Twin(make["keras"], sequences(None, 3), "float32", ["weights"]).model
    before = arrays(LAYERS["keras"], other)

    with pytest.raises(BadInput, match=r"logits.kernel: expected shape \(5, 3\)"):
        transfer(torch, other)
    after = arrays(LAYERS["keras"], other)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_two_models_of_one_framework_are_refused(models):
    torch, keras = models

    with pytest.raises(
        BadInput, match=r"got PortfolioLastStep \(torch\) and .*\(torch\)"
    ):
        transfer(torch, torch)
    with pytest.raises(BadInput, match=r"got int \(neither\)"):
        transfer(3, keras)


def test_an_unbuilt_keras_model_is_refused(models):
    torch, _ = models
    make = twin_makers("portfolio_last_step", "PortfolioLastStep", SIZES)

    with pytest.raises(BadInput, match="call it once on an input first"):
        transfer(torch, make["keras"]())


def test_fresh_weights_hide_nothing(models):
    """None is zero, no array is symmetric or constant, and float32 holds them all."""
    torch, _ = models
    draw = partial(fresh_weights, LAYERS["torch"].layers(torch))
    flat = np.concatenate(
        [a.ravel() for layer in draw([1]).values() for a in layer.values()]
    )
    again = draw([1])["lstm"]["weight_hh_l0"]

    assert flat.dtype == np.float32
    assert (flat != 0).all()
    assert len(np.unique(np.abs(flat))) == len(flat)
    assert np.array_equal(again, draw([1])["lstm"]["weight_hh_l0"])
    assert not np.array_equal(again, draw([2])["lstm"]["weight_hh_l0"])


LARGE_LSTM = """
import json, sys, time
import torch, numpy as np
from compare import transfer
from compare.in_keras import layers as keras_layers

def models(features, hidden):
    first, second = torch.nn.Module(), keras_layers.keras.Model()
    first.lstm = torch.nn.LSTM(features, hidden)
    second.lstm = keras_layers.keras.layers.LSTM(
        hidden, kernel_initializer="zeros", recurrent_initializer="zeros"
    )
    second.lstm.build((None, None, features))
    return first, second

small = models(600, 600)
transfer(*small)  # what the frameworks load at first use is no part of the copying
transfer(*reversed(small))
first, second = models(3000, 3750)
arrays = [p.detach().numpy() for p in first.parameters()]
assert sum(a.size for a in arrays) > 100e6
there = lambda: transfer(first, second)
back = lambda: transfer(second, first)
"""
TIMES = """
transposed = [np.zeros(a.shape[::-1], a.dtype) for a in arrays]
same = [np.zeros_like(a) for a in arrays]

def copy(to):
    for a, b in zip(arrays, to):
        np.copyto(b, a if a.shape == b.shape else a.T)

todo = {
    "to Keras": there,
    "to PyTorch": back,
    "copyto, transposed": lambda: copy(transposed),
    "copyto, new arrays": lambda: copy(map(np.empty_like, arrays)),
    "copyto, same order": lambda: copy(same),
}
times = {name: [] for name in todo}
for _ in range(12):
    for name, do in todo.items():
        start = time.perf_counter()
        do()
        times[name].append(time.perf_counter() - start)
print(json.dumps({name: taken[1:] for name, taken in times.items()}))
"""
PEAKS = """
def memory(field):
    with open("/proc/self/status") as lines:
        return next(int(l.split()[1]) * 1024 for l in lines if l.startswith(field))

found = {"largest array": max(a.nbytes for a in arrays)}
there()  # zeros that were never written to may have no memory yet
for name, do in {"to Keras": there, "to PyTorch": back}.items():
    before = memory("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts anew
    do()
    found[name] = memory("VmHWM") - before
print(json.dumps(found))
"""


def measured(code):
    """What code about an LSTM of 100 million parameters prints, in a new process."""
    ran = subprocess.run(
        [sys.executable, "-c", LARGE_LSTM + code], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.alone
def test_a_large_transfer_is_at_least_half_as_fast_as_numpy_copies():
    """Median of eleven turns' ratios; the matrices are transposed in either direction.

    `copyto` into the other's order is how the numbers would get there with NumPy alone;
    `copyto` into new arrays leaves them in their order.
    """
    turns = {name: np.array(taken) for name, taken in measured(TIMES).items()}
    times = {name: np.median(taken) for name, taken in turns.items()}
    print("\n" + ", ".join(f"{name} {1000 * t:.0f} ms" for name, t in times.items()))

    def speed(plain, *transfers):
        """How many times as fast as `copyto` transfers are."""
        taken = sum(turns[name] for name in transfers) / len(transfers)
        return np.median(turns[plain] / taken)

    both = ("to Keras", "to PyTorch")
    plain = {name: speed(name, *both) for name in turns if name not in both}
    print(", ".join(f"{ratio:.2f} times as fast as {n}" for n, ratio in plain.items()))

    assert speed("copyto, transposed", "to Keras") >= 0.5
    assert speed("copyto, transposed", "to PyTorch") >= 0.5
    assert plain["copyto, new arrays"] >= 0.5


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_a_large_transfer_needs_one_more_copy_of_the_largest_array_at_most():
    """Of a tenth more are 17 MB that TensorFlow takes for whatever is large."""
    peaks = measured(PEAKS)
    print(
        "\n" + ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in peaks.items())
    )

    for direction in ("to Keras", "to PyTorch"):
        assert peaks[direction] <= 1.1 * peaks["largest array"]


class FromTheEnd(torch.nn.Module):
    """An LSTM that is given the steps last first."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 5, batch_first=True)

    def forward(self, x):
        return self.lstm(x.flip(1))[0][:, -1]


def test_a_layer_that_goes_backwards_takes_the_arrays_as_they_are():
    """Keras's layer turns its input round by itself, PyTorch's user does it."""
    model = FromTheEnd().eval()
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 3)).astype("float32")
    inputs = keras.Input((4, 3))
    lstm = keras.layers.LSTM(5, go_backwards=True, name="lstm")
    twin = keras.Model(inputs, lstm(inputs))
    transfer(model, twin)

    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(np.asarray(twin(x)), expected, atol=1e-6)


@pytest.mark.parametrize("ignored", [["extra"], ["extra.weight", "extra.bias"]])
def test_what_a_user_ignores_stays_as_it_is(ignored):
    """A layer without a twin refuses a transfer, unless it is said not to count."""
    first = torch.nn.Sequential()
    first.add_module("dense", torch.nn.Linear(3, 2))
    first.add_module("extra", torch.nn.Linear(2, 2))
    second = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])
    before = first.extra.weight.detach().clone()

    with pytest.raises(BadInput):
        transfer(second, first)
    moves = transfer(second, first, ignore=ignored)
    assert [move.source for move in moves] == [("dense.kernel",), ("dense.bias",)]
    assert np.array_equal(
        first.dense.weight.detach().numpy(), second.layers[0].kernel.numpy().T
    )
    assert torch.equal(first.extra.weight, before)
    with pytest.raises(BadInput, match="ignore: expected a layer"):
        transfer(second, first, ignore=["of nobody"])
