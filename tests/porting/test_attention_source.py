"""Attention of every sort, written in PyTorch."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import assert_clean, drawn, port_of, widest_gap

from compare.errors import BadInput

EXACT = 1e-12  # of results in float64
# TensorFlow has 1 / sqrt(size of a head) in float32, which is exact for 4 features.
ROUNDED = 1e-6


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def words(*shape, seed=0):
    """Whole numbers with zeros, which masks leave out, in front and in the middle."""
    array = np.random.default_rng(seed).integers(1, 9, shape).astype("int32")
    array[0, :2] = 0
    array[1, 2] = 0
    return array


SETTINGS = {
    "PyTorch's own": {"num_heads": 2, "key_dim": 4},
    "one head": {"num_heads": 1, "key_dim": 8},
    "without bias": {"num_heads": 2, "key_dim": 4, "use_bias": False},
    "with dropout": {"num_heads": 2, "key_dim": 4, "dropout": 0.3},
    "smaller heads": {"num_heads": 2, "key_dim": 3},
    "larger values": {"num_heads": 2, "key_dim": 4, "value_dim": 5},
    "another output": {"num_heads": 2, "key_dim": 4, "output_shape": 6},
    "a gate": {"num_heads": 2, "key_dim": 4, "use_gate": True},
    "a window": {"num_heads": 2, "key_dim": 4, "sliding_window": 2},
}


def limit(name):
    return EXACT if SETTINGS[name]["key_dim"] == 4 else ROUNDED


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("causal", [False, True])
def test_attention_to_itself(name, causal):
    x = keras.Input((None, 8))
    y = layers.MultiHeadAttention(**SETTINGS[name])(x, x, use_causal_mask=causal)
    model = drawn(keras.Model(x, layers.Add()([x, y]) if y.shape[-1] == 8 else y))

    assert widest_gap(model, numbers(3, 5, 8)) < limit(name)
    own = name in ("PyTorch's own", "one head", "without bias", "with dropout")
    assert ("nn.MultiheadAttention(" in port_of(model).source.split("Port(")[1]) == own


@pytest.mark.parametrize("name", SETTINGS)
def test_attention_to_another_sequence_returns_weights(name):
    q, k, v = keras.Input((None, 8)), keras.Input((None, 6)), keras.Input((None, 3))
    results = layers.MultiHeadAttention(**SETTINGS[name])(
        q, v, k, return_attention_scores=True
    )
    model = drawn(keras.Model([q, k, v], list(results)))

    arrays = numbers(3, 5, 8), numbers(3, 7, 6, seed=1), numbers(3, 7, 3, seed=2)
    assert widest_gap(model, *arrays) < limit(name)


@pytest.mark.parametrize("name", ["PyTorch's own", "smaller heads", "with dropout"])
@pytest.mark.parametrize("causal", [False, True])
def test_masks_of_what_attention_is_given(name, causal):
    """A query that is padding, or sees padding alone, gets what it gets in Keras."""
    x, z = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    table = layers.Embedding(9, 8, mask_zero=True)
    attention = layers.MultiHeadAttention(**SETTINGS[name])
    y = attention(table(x), table(z), use_causal_mask=causal)
    model = drawn(keras.Model([x, z], [y, layers.LSTM(3)(y)]))

    assert widest_gap(model, words(3, 5), words(3, 5, seed=1)) < limit(name)


@pytest.mark.parametrize("shape", [(5, 5), (2, 5, 5)])
def test_an_attention_mask_that_is_given(shape):
    x, m = keras.Input((5, 8)), keras.Input(shape, dtype="bool")
    y = layers.MultiHeadAttention(2, 4)(x, x, attention_mask=m)
    model = drawn(keras.Model([x, m], y))

    assert widest_gap(model, numbers(3, 5, 8), numbers(3, *shape, seed=1) > 0) < EXACT


GROUPED = {
    "plain": {},
    "without bias": {"use_bias": False},
    "a gate": {"use_gate": True},
    "a window": {"sliding_window": 2},
}


@pytest.mark.parametrize("name", GROUPED)
@pytest.mark.parametrize("causal", [False, True])
def test_attention_whose_heads_share_keys(name, causal):
    q, v = keras.Input((None, 8)), keras.Input((None, 8))
    attention = layers.GroupQueryAttention(4, 4, 2, **GROUPED[name])
    model = drawn(keras.Model([q, v], attention(q, v, use_causal_mask=causal)))

    assert widest_gap(model, numbers(3, 5, 8), numbers(3, 7, 8, seed=1)) < EXACT


def test_attention_over_the_axes_of_images_is_refused():
    x = keras.Input((4, 5, 8))
    y = layers.MultiHeadAttention(2, 4)(x, x)

    with pytest.raises(BadInput, match=r"expected sequences, \(batch, time"):
        port_of(drawn(keras.Model(x, y)))


SCORED = {
    "dot": lambda: layers.Attention(),
    "dot, scaled": lambda: layers.Attention(use_scale=True),
    "concat": lambda: layers.Attention(score_mode="concat"),
    "concat, scaled": lambda: layers.Attention(score_mode="concat", use_scale=True),
    "dropout": lambda: layers.Attention(dropout=0.3),
    "additive": lambda: layers.AdditiveAttention(),
    "additive, not scaled": lambda: layers.AdditiveAttention(use_scale=False),
}


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("causal", [False, True])
def test_attention_without_projections(name, causal):
    q, k, v = keras.Input((None, 8)), keras.Input((None, 8)), keras.Input((None, 3))
    attention = SCORED[name]()
    y = attention([q, v, k], return_attention_scores=True, use_causal_mask=causal)
    z = SCORED[name]()([q, k])
    model = drawn(keras.Model([q, k, v], [*y, z]))

    arrays = numbers(3, 5, 8), numbers(3, 7, 8, seed=1), numbers(3, 7, 3, seed=2)
    assert widest_gap(model, *arrays) < EXACT


@pytest.mark.parametrize("name", ["dot", "additive"])
@pytest.mark.parametrize("causal", [False, True])
def test_masks_of_attention_without_projections(name, causal):
    x, z = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    table = layers.Embedding(9, 4, mask_zero=True)
    y = SCORED[name]()([table(x), table(z)], use_causal_mask=causal)
    model = drawn(keras.Model([x, z], [y, layers.LSTM(3)(y)]))

    assert widest_gap(model, words(3, 5), words(3, 5, seed=1)) < EXACT


EQUATIONS = {
    "a Linear": ("abc,cd->abd", (None, 6), "d", True),
    "without bias": ("abc,cd->abd", (None, 6), None, True),
    "to heads": ("abc,cde->abde", (None, 2, 3), "de", True),
    "from heads": ("abcd,cde->abe", (None, 6), "e", True),
    "an ellipsis": ("...x,xy->...y", (6,), "y", True),
    "of time": ("abc,bd->adc", (6, None), "d", False),
    "a bias of heads": ("abc,cde->abde", (None, 2, 3), "e", False),
    "a kernel turned round": ("abc,dc->abd", (None, 6), "d", False),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_dense_layer_by_an_equation(name):
    equation, shape, bias, is_linear = EQUATIONS[name]
    sizes = (5, 2, 4) if name == "from heads" else (5, 4)
    x = keras.Input(sizes)
    layer = layers.EinsumDense(
        equation, output_shape=shape, bias_axes=bias, activation="tanh"
    )
    model = drawn(keras.Model(x, layer(x)))

    assert widest_gap(model, numbers(3, *sizes)) < EXACT
    assert ("nn.Linear" in port_of(model).source) == is_linear


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("cap", [None, 5.0])
def test_an_embedding_that_is_read_backwards(tied, cap):
    x = keras.Input((None,), dtype="int32")
    table = layers.ReversibleEmbedding(9, 4, tie_weights=tied, logit_soft_cap=cap)
    h = layers.GRU(4, return_sequences=True)(table(x))
    model = drawn(keras.Model(x, table(h, reverse=True)))

    assert widest_gap(model, words(3, 5)) < EXACT


def test_the_source_is_as_ruff_formats_it(tmp_path):
    sources = []
    for name in SCORED:
        x, z = keras.Input((None,), dtype="int32"), keras.Input((None, 4))
        h = layers.Embedding(9, 4, mask_zero=True)(x)
        y = layers.MultiHeadAttention(2, 3)(h, z, use_causal_mask=True)
        y = layers.MultiHeadAttention(2, 2)(z, y)
        y = SCORED[name]()([h, y], use_causal_mask=True)
        y = layers.Dot(2, normalize=True, name="a_name_of_some_length")([y, h])
        sources.append(port_of(drawn(keras.Model([x, z], y))).source)

    assert_clean(sources, tmp_path)
