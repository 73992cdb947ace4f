"""Arrays in another order, or changed alike, in layers of any kind."""

import keras
import numpy as np
import pytest
import torch
from rearranged import X, change, twins

import compare
from compare.diagnosing.diagnosis import diagnose
from compare.judging.words import PRECISIONS
from compare.kinds.changes import half
from compare.twins.frameworks import LAYERS


@pytest.fixture(scope="module")
def built():
    return twins()


@pytest.fixture(autouse=True)
def _as_they_were(built):
    """Each test finds both models with the right weights."""
    before = {}
    for side, adapter in LAYERS.items():
        for precision in PRECISIONS:
            layers = adapter.layers(built.model(side, precision))
            before[side, precision] = {
                name: {key: np.array(array) for key, array in layer.arrays.items()}
                for name, layer in layers.items()
            }
    yield
    for (side, precision), arrays in before.items():
        LAYERS[side].load(built.model(side, precision), arrays)


def right(built, layer, side="torch"):
    """Copies of a layer's arrays, as they are before anything goes wrong."""
    held = LAYERS[side].layers(built.model(side, "float32"))[layer].arrays
    return {name: np.array(array) for name, array in held.items()}


def one(name, changed):
    return lambda arrays: {name: changed(arrays[name])}


def read_as_kernel(array):
    return np.ascontiguousarray(array.T).reshape(array.shape)


def mend(built, side, layer, fix):
    """Do what the lines of a fix say, with the arrays that a side holds."""
    lines = fix.split(": ", 1)[1].split(" (made of")[0]

    def pasted(arrays):
        scope = {"np": np, **arrays}
        for line in lines.split("; "):
            exec(line, scope)
        return {name: scope[name] for name in arrays}

    change(built, side, layer, pasted)


MENDED = {
    "in mixed of PyTorch, table has its axes 1 and 2 exchanged": (
        "torch",
        "mixed",
        one("table", lambda a: a.transpose(0, 2, 1)),
    ),
    "in mixed of PyTorch, table is flipped along axis 0, and scale is 2 times what it "
    "should be": (
        "torch",
        "mixed",
        lambda a: {"table": a["table"][::-1], "scale": 2 * a["scale"]},
    ),
    "in mixed of PyTorch, table was reshaped where it must be transposed": (
        "torch",
        "mixed",
        one("table", read_as_kernel),
    ),
    "in conv of PyTorch, weight has its 4 places along axis 1 (in) in the order 1, 0, "
    "2, 3": ("torch", "conv", one("weight", lambda a: a[:, [1, 0, 2, 3]])),
    "in first of PyTorch, weight is transposed, and bias is flipped along axis 0": (
        "torch",
        "first",
        lambda a: {"weight": a["weight"].T, "bias": a["bias"][::-1]},
    ),
    "in norm of PyTorch, weight holds what belongs in bias, and bias holds what "
    "belongs in weight": (
        "torch",
        "norm",
        lambda a: {"weight": a["bias"], "bias": a["weight"]},
    ),
    "in norm of PyTorch, running_var is the square root of what it should be, as a "
    "standard deviation is of a variance": (
        "torch",
        "norm",
        one("running_var", np.sqrt),
    ),
    "in norm of PyTorch, weight is 1 less than it should be": (
        "torch",
        "norm",
        one("weight", lambda a: a - 1),
    ),
    "in rnn of PyTorch, weight_hh_l0 is shifted by 1 along axis 1 (in), what falls out "
    "coming in again": (
        "torch",
        "rnn",
        one("weight_hh_l0", lambda a: np.roll(a, 1, 1)),
    ),
}


@pytest.mark.parametrize("sentence", MENDED)
def test_it_is_named_and_the_line_of_code_mends_it(built, sentence):
    side, layer, changed = MENDED[sentence]
    before = right(built, layer, side)
    change(built, side, layer, changed)
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence.startswith(sentence)
    mend(built, side, layer, found.fix)
    after = right(built, layer, side)
    assert all(np.allclose(after[name], before[name], rtol=1e-5) for name in before)


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.RNN(3, 5, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0]


def test_a_sum_of_biases_is_mended_once():
    """What the one bias gets holds both, so that the other is zeros from then on."""
    model, layer = Recurrent(), keras.layers.SimpleRNN(5, return_sequences=True)
    twin = keras.Sequential([keras.Input((None, 3)), layer])
    compare.transfer(model, twin)
    before = model.rnn.bias_ih_l0 + model.rnn.bias_hh_l0
    kernel, recurrent, bias = layer.get_weights()
    layer.set_weights([kernel, recurrent, np.roll(bias, -1)])
    x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)
    evidence = compare.check(model, twin, x)
    explanation = next(r.explanation for r in evidence.results if r.explanation)
    biases = {name: a.detach().numpy() for name, a in model.rnn.named_parameters()}
    scope = {"np": np, **biases}
    exec(explanation.fix.removeprefix("rnn of PyTorch: ").split(" (made of")[0], scope)

    assert "bias_ih_l0 + bias_hh_l0 is shifted by 1" in explanation.sentence
    mended = scope["bias_ih_l0"] + scope["bias_hh_l0"]
    assert np.allclose(mended, np.roll(before.detach().numpy(), -1), rtol=1e-5)


IN_KERAS = {
    "in mixed of Keras, table has its axes 1 and 2 exchanged": (
        "mixed",
        one("table", lambda a: a.transpose(0, 2, 1)),
    ),
    "in conv of Keras, kernel is flipped along axis 1 (in)": (
        "conv",
        one("kernel", lambda a: a[:, ::-1]),
    ),
    "in rnn of Keras, recurrent_kernel is shifted by 1 along axis 0 (in), what falls "
    "out coming in again": (
        "rnn",
        one("recurrent_kernel", lambda a: np.roll(a, 1, 0)),
    ),
    "in norm of Keras, moving_variance is the square root of what it should be, as a "
    "standard deviation is of a variance": (
        "norm",
        one("moving_variance", np.sqrt),
    ),
}


@pytest.mark.parametrize("sentence", IN_KERAS)
def test_the_same_is_said_in_kerass_layout_and_mends_it(built, sentence):
    layer, changed = IN_KERAS[sentence]
    before = right(built, layer, "keras")
    change(built, "keras", layer, changed)
    found = diagnose(built, (X,))
    alternatives = {each.sentence: each.fix for each in found.alternatives}

    assert found.explained, found
    assert sentence in alternatives
    mend(built, "keras", layer, alternatives[sentence])
    after = right(built, layer, "keras")
    assert all(np.allclose(after[name], before[name], rtol=1e-5) for name in before)


def test_the_line_of_transfer_is_told(built):
    change(built, "torch", "conv", one("weight", lambda a: a[:, ::-1]))
    found = diagnose(built, (X,))

    assert "weight = kernel.transpose(2, 1, 0)" in found.fix
    assert "kernel = weight.transpose(2, 1, 0)" in found.alternatives[0].fix


def test_kernels_of_three_layers_in_a_cycle_are_told(built):
    kernels = {
        layer: right(built, layer)["weight"] for layer in ("first", "second", "third")
    }
    sources = {"first": "second", "second": "third", "third": "first"}
    for layer, source in sources.items():
        array = kernels[source]
        change(built, "torch", layer, lambda _, array=array: {"weight": array})
    found = diagnose(built, (X,))

    assert found.explained, found
    for layer, source in sources.items():
        sentence = f"in {layer} of PyTorch, weight holds what belongs in weight of "
        assert f"{sentence}{source}" in found.sentence


def test_a_batch_norm_that_is_folded_on_one_side_is_told(built):
    norm = right(built, "norm")
    scale = norm["weight"] / np.sqrt(norm["running_var"] + 1e-3)
    ones = np.ones_like(scale)

    def folded(arrays):
        bias = (arrays["bias"] - norm["running_mean"]) * scale + norm["bias"]
        return {"weight": arrays["weight"] * scale[:, None, None], "bias": bias}

    change(built, "torch", "conv", folded)
    plain = dict(weight=ones, bias=0 * ones, running_mean=0 * ones, running_var=ones)
    change(built, "torch", "norm", lambda _: plain)
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence.startswith(
        "in conv of PyTorch, weight has the scale of the batch norm norm folded into "
        "it, and bias has the offset of norm folded into it"
    )


def test_a_weight_norm_without_its_lengths_is_told(built):
    def direction(array):
        return array / np.linalg.norm(array, axis=1, keepdims=True)

    change(built, "torch", "head", one("weight", direction))
    found = diagnose(built, (X,))

    assert found.explained, found
    assert "weight has outputs of the length 1" in found.sentence


def test_what_is_transposed_and_rounded_is_no_layer_that_was_never_loaded(built):
    change(built, "torch", "first", one("weight", lambda a: half(a).T))
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence == (
        "in first of PyTorch, weight is transposed and went through float16"
    )
    assert not found.alternatives


def test_a_named_mistake_is_named_before_an_order(built):
    change(built, "torch", "first", one("weight", read_as_kernel))
    found = diagnose(built, (X,))

    assert found.faults == ("dense kernel read without transposing",)


def test_noise_is_unknown_and_what_is_known_beside_it_is_told(built):
    noise = np.random.default_rng(4).normal(0, 0.1, 6)

    def wrong(arrays):
        return {"weight": arrays["weight"].T, "bias": arrays["bias"] + noise}

    change(built, "torch", "first", wrong)
    found = diagnose(built, (X,))

    assert not found.explained
    assert (
        "the weights differ in no known way in bias, though in first of PyTorch "
        in (found.sentence)
    )
    change(built, "torch", "first", lambda a: {"weight": a["weight"] * (1 + noise)})
    assert not diagnose(built, (X,)).explained


def test_what_float32_rounds_is_no_order(built):
    """The last place of one number in float32."""

    def rounded(arrays):
        weight = np.array(arrays["weight"])
        weight[0, 0] = np.nextafter(np.float32(weight[0, 0]), np.float32(np.inf))
        return {"weight": weight}

    change(built, "torch", "first", rounded)
    found = diagnose(built, (X,))

    assert not found.explained
    assert "the weights differ by no more than float32 rounds" in found.sentence


def test_a_kernel_of_another_layer_in_another_order_is_told(built):
    other = right(built, "second")["weight"]
    change(built, "torch", "first", lambda _: {"weight": np.roll(other, 1, 0)})
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence.startswith(
        "in first of PyTorch, weight holds what belongs in weight of second and is "
        "shifted by 1 along axis 0 (out)"
    )
