"""Axes split in another order, entries, and weights of a model's own code."""

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from torch import nn
from written_out import SERIES, explained, numbers, randomised

import compare
from compare.diagnosing.operations.entries import entries_of

# ---------------------------------------------------------------------------- splits


class Fused(nn.Module):
    """Query, key and value of two heads, by head or one after the other."""

    def __init__(self, by_head):
        super().__init__()
        self.by_head = by_head
        self.qkv = nn.Linear(4, 18)

    def forward(self, x):
        b, t, _ = x.shape
        if self.by_head:
            q, k, v = self.qkv(x).view(b, t, 2, 3, 3).permute(3, 0, 2, 1, 4)
        else:
            q, k, v = self.qkv(x).view(b, t, 3, 2, 3).permute(2, 0, 3, 1, 4)
        return torch.softmax(q @ k.transpose(-1, -2), -1) @ v


def fused_in_keras():
    x = keras.Input((5, 4))
    qkv = layers.Reshape((5, 2, 3, 3))(layers.Dense(18, name="qkv")(x))
    q, k, v = (ops.transpose(qkv[:, :, :, i], (0, 2, 1, 3)) for i in range(3))
    scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))
    return keras.Model(x, ops.matmul(ops.softmax(scores, axis=-1), v))


def test_a_fused_projection_that_is_split_in_another_order_is_told_by_its_split():
    model = randomised(Fused(by_head=False))
    found = explained(compare.check(model, fused_in_keras(), SERIES, "to_keras"))

    assert "splits what `qkv` (Linear) makes into 5 x 3 x 2 x 3" in found.sentence
    assert "splits it into 5 x 2 x 3 x 3: axes 2 and 3" in found.sentence
    assert ".reshape(-1, 5, 2, 3, 3).permute(0, 1, 3, 2, 4)" in found.fix


def test_a_fused_projection_that_is_split_alike_is_the_same():
    model = randomised(Fused(by_head=True))
    evidence = compare.check(model, fused_in_keras(), SERIES, "to_keras")

    assert evidence.verdict == "same"


X = np.random.default_rng(0).normal(0, 1, (3, 5, 12))
ENTRIES = {
    "0 to 2 and 9 to 11 of axis 2": X[..., [0, 1, 2, 9, 10, 11]],
    "4 of axis 2": X[..., 4].T,
    "1 and 3 of axis 1": X[:, [3, 1]].reshape(3, 2, 4, 3).swapaxes(1, 2),
}


@pytest.mark.parametrize("words", ENTRIES)
def test_entries_are_told_whatever_shape_they_have(words):
    assert str(entries_of(ENTRIES[words], X)) == f"entries {words}"


@pytest.mark.parametrize("output", [X, X[..., :6] + 0.1, X[:1, :, :6], np.ones(6)])
def test_other_numbers_are_no_entries(output):
    assert entries_of(output, X) is None


# --------------------------------------------------------------------------- weights


class Codes(nn.Module):
    """Distances from codes, by a weight of its own that is multiplied."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor
        self.enc = nn.Linear(4, 3)
        self.codes = nn.Parameter(torch.zeros(6, 3))

    def forward(self, x):
        z = self.enc(x)
        return torch.tanh(z @ (self.codes * self.factor).t()) + self.codes.sum(1)


class CodesInKeras(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def build(self, shape):
        self.codes = self.add_weight(shape=(shape[-1], 6), name="codes")

    def call(self, z):
        product = ops.matmul(z, self.codes * self.factor)
        return ops.tanh(product) + ops.sum(self.codes, axis=0)


def of_codes(model, codes, factor=1.0):
    """Check a model whose codes are (6, 3) against Keras's codes, (3, 6)."""
    x = keras.Input((5, 4))
    layer = CodesInKeras(factor)
    twin = keras.Model(x, layer(layers.Dense(3, name="enc")(x)))
    layer.codes.assign(codes)
    dense = twin.get_layer("enc")
    dense.set_weights([numbers(model.enc.weight).T, numbers(model.enc.bias)])
    return compare.check(model, twin, SERIES)


def test_a_weight_reshaped_for_a_transpose_is_told_by_its_order_in_memory():
    model = randomised(Codes())
    found = explained(of_codes(model, numbers(model.codes).reshape(3, 6)))

    assert found.sentence == (
        "the weight codes of PyTorch holds the numbers of the weight codes of Keras in "
        "their order in memory: reshaped, and not transposed"
    )
    assert "copy `codes.transpose(1, 0)` of Keras into codes" in found.fix


def test_a_weight_with_its_rows_in_another_order_is_told_by_that():
    model = randomised(Codes())
    found = explained(of_codes(model, numbers(model.codes)[::-1].T))

    assert "with the values reversed along axis 0" in found.sentence


def test_a_weight_that_is_multiplied_on_one_side_is_told_by_the_factor():
    model = randomised(Codes())
    found = explained(of_codes(model, numbers(model.codes).T, factor=0.5))

    assert "PyTorch's is 2 times that of Keras" in found.sentence
    assert "2 times" in found.fix


def test_a_weight_that_is_transposed_and_multiplied_alike_is_the_same():
    model = randomised(Codes(factor=0.5))
    evidence = of_codes(model, numbers(model.codes).T, factor=0.5)

    assert evidence.verdict == "same"


# ------------------------------------------------------------------- lists of weights


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.norm(self.fc(x)))


LISTS = {
    "scale": (0, "weight holds what belongs in bias", "weight to ones"),
    "center": (1, "bias holds what belongs in running_mean", "bias to zeros"),
}


@pytest.mark.parametrize("setting", LISTS)
def test_a_norm_that_was_given_a_shorter_list_is_told_by_what_it_holds(setting):
    """Keras's norm without a scale begins its list of weights with the offset."""
    place, sentence, fix = LISTS[setting]
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.2, 1.5, 6).astype("float32") for _ in range(3)]
    model = randomised(Normed())
    x = keras.Input((4,))
    h = layers.Dense(6, name="fc")(x)
    norm = layers.BatchNormalization(**{setting: False}, name="norm")
    twin = keras.Model(x, ops.relu(norm(h)))
    norm.set_weights(arrays)
    dense = twin.get_layer("fc")
    dense.set_weights([numbers(model.fc.weight).T, numbers(model.fc.bias)])
    ones = np.ones(6, "float32")
    right = [*arrays[:place], ones - place, *arrays[place:]]
    held = [*arrays, ones]
    own = model.norm
    for put, verdict in ((held, "different"), (right, "same")):
        for target, array in zip(
            (own.weight, own.bias, own.running_mean, own.running_var), put, strict=True
        ):
            target.data.copy_(torch.from_numpy(array))
        evidence = compare.check(model, twin, SERIES[:, 0])
        assert evidence.verdict == verdict
        if verdict == "different":
            found = explained(evidence)
            assert sentence in found.sentence
            assert f"norm of Keras has {setting}=False" in found.sentence
            assert fix in found.fix


def test_a_norm_that_has_no_arrays_has_no_list_that_is_shifted():
    """An instance norm without a scale in PyTorch, one with a scale in Keras."""

    class Styled(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.InstanceNorm2d(3)

        def forward(self, x):
            return torch.relu(self.norm(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)

    x = keras.Input((4, 5, 3))
    norm = layers.GroupNormalization(3, epsilon=1e-5, name="norm")
    twin = keras.Model(x, ops.relu(norm(x)))
    norm.set_weights([np.array([0.5, 1.5, 2.0]), np.array([0.1, -0.3, 0.2])])
    images = np.random.default_rng(2).normal(0, 1, (2, 4, 5, 3)).astype("float32")

    explained(compare.check(Styled(), twin, images))


# --------------------------------------------------------------------------- operands


class Gated(nn.Module):
    """A gate that sees the state as it is, or the new one."""

    def __init__(self, new):
        super().__init__()
        self.new = new
        self.fc = nn.Linear(4, 8)

    def forward(self, x):
        a, b = self.fc(x).chunk(2, dim=-1)
        c = torch.tanh(a) * 0.5 + 1
        return torch.sigmoid(b + 0.3 * (c if self.new else a)) * c


def gated_in_keras():
    x = keras.Input((5, 4))
    a, b = ops.split(layers.Dense(8, name="fc")(x), 2, axis=-1)
    c = ops.tanh(a) * 0.5 + 1
    return keras.Model(x, ops.sigmoid(b + 0.3 * c) * c)


def test_what_one_operand_is_made_of_is_told():
    model = randomised(Gated(new=False))
    found = explained(compare.check(model, gated_in_keras(), SERIES, "to_keras"))

    assert "`*` of PyTorch" in found.sentence
    assert "(result 1)" in found.sentence or "`fc` (Linear)" in found.sentence
    assert "does not" not in found.sentence


def test_the_mean_over_the_samples_is_told_by_its_axis():
    """It has one entry where Keras's mean has one for each sample."""

    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 6)

        def forward(self, x):
            h = self.fc(x)
            return h / (h.abs().mean(dim=0, keepdim=True) + 1)

    x = keras.Input((5, 4))
    h = layers.Dense(6, name="fc")(x)
    twin = keras.Model(x, h / (ops.mean(ops.abs(h), axis=-1, keepdims=True) + 1))
    model = randomised(Centred())
    found = explained(compare.check(model, twin, SERIES, "to_keras"))

    assert "PyTorch has the mean over axis 0" in found.sentence
    assert "Keras has the mean over axis 2" in found.sentence
