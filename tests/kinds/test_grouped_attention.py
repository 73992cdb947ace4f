"""Heads that share keys: Keras's layer, PyTorch by hand and NumPy compute the same."""

from __future__ import annotations

from itertools import product

import keras
import numpy as np
import pytest
import torch
from torch.nn import functional

from compare.in_keras.precision import settled
from compare.kinds import call
from compare.kinds.attention import causal

FEATURES, SIZE, BATCH, TIME, SOURCE = 6, 4, 3, 5, 7
HEADS = ((4, 2), (4, 1), (6, 3), (6, 2), (2, 2))  # of queries, and of keys
MASKS = ("none", "causal", "padding", "of another sequence")
LIMIT = 1e-12


def shown(name: str, source: int) -> np.ndarray:
    """True where a query sees a key, (batch, 1, time, source)."""
    if name == "causal":
        return np.broadcast_to(causal(TIME, source), (BATCH, 1, TIME, source))
    lengths = np.full(BATCH, source) if name == "none" else source - np.arange(BATCH)
    keys = np.arange(source) < lengths[:, None]
    return np.broadcast_to(keys[:, None, None], (BATCH, 1, TIME, source))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("counts", "mask"), [*product(HEADS, MASKS)], ids=str)
def test_grouped_heads_compute_the_same_in_both_frameworks_and_in_numpy(
    counts, mask, bias
):
    """By repeat_interleave and by enable_gqa; in float64, biases not zero."""
    heads, groups = counts
    rng = np.random.default_rng(2)
    x = rng.uniform(-2, 2, (BATCH, TIME, FEATURES))
    other = x
    if mask == "of another sequence":
        other = rng.uniform(-2, 2, (BATCH, SOURCE, FEATURES))
    sees = shown(mask, other.shape[1])
    with settled("float64"):
        layer = keras.layers.GroupQueryAttention(SIZE, heads, groups, use_bias=bias)
        layer(x, other)
        drawn = [rng.uniform(-1, 1, w.shape) for w in layer.get_weights()]
        layer.set_weights(drawn)
        by_keras = np.array(layer(x, other, attention_mask=sees[:, 0]))

    width = 2 if bias else 1
    kernels, biases = drawn[::width], drawn[1::2] if bias else [np.zeros(1)] * 4
    weights = [kernel.reshape(FEATURES, -1).T for kernel in kernels[:3]]
    weights.append(kernels[3].reshape(-1, FEATURES).T)
    arrays = {
        "q_proj_weight": weights[0],
        "k_proj_weight": weights[1],
        "v_proj_weight": weights[2],
        "out_proj.weight": weights[3],
    }
    if bias:
        arrays["in_proj_bias"] = np.concatenate([b.reshape(-1) for b in biases[:3]])
        arrays["out_proj.bias"] = biases[3]
    options = {"heads": heads, "groups": groups, "key": other, "mask": sees}
    by_numpy = call("MultiheadAttention", arrays, x, options=options).run()

    parts = []
    for source, weight, its_bias in zip(
        (x, other, other), weights, biases, strict=False
    ):
        projected = source @ weight.T + its_bias.reshape(-1)
        parts.append(torch.tensor(projected).unflatten(-1, (-1, SIZE)).transpose(1, 2))
    query, key, value = parts
    repeated = [part.repeat_interleave(heads // groups, 1) for part in (key, value)]
    sees_in_torch = torch.tensor(sees.copy())
    attended = functional.scaled_dot_product_attention
    for result in (
        attended(query, *repeated, attn_mask=sees_in_torch),
        attended(query, key, value, attn_mask=sees_in_torch, enable_gqa=True),
    ):
        joined = result.transpose(1, 2).flatten(2).numpy()
        by_torch = joined @ weights[3].T + biases[3]

        assert np.abs(by_torch - by_keras).max() < LIMIT * np.abs(by_keras).max()
        assert np.abs(by_torch - by_numpy).max() < LIMIT * np.abs(by_numpy).max()
