"""A transformer as users write it: it is moved, and what is wrong in it is named."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import transformers

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.judging.result import SAME
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

LENGTHS = (8, 7, 6, 5, 8, 4)


def ids() -> np.ndarray:
    """Sequences of words, (batch, time), with zeros after their ends."""
    drawn = np.random.default_rng(0).integers(1, transformers.WORDS, (6, 8))
    for row, length in zip(drawn, LENGTHS, strict=True):
        row[length:] = 0
    return drawn


def twins_of(in_torch, in_keras) -> Twins:
    """Twins with the same random weights."""
    makers = {"torch": in_torch, "keras": in_keras}
    twins = Twins(makers, (Input("ids", (None, None), "int64"),), ["y"], alike=False)
    twins.match((ids(),))
    twins.load("to_keras", lambda layers: fresh_weights(layers, [5]))
    twins.splits = {}
    return twins


@pytest.mark.parametrize("by_hand", [False, True], ids=["one layer", "by hand"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_an_encoder_is_the_same_once_its_weights_are_moved(by_hand, activation):
    """The norms after the sums; in Keras the attention is one layer, or four."""
    in_torch = partial(transformers.InPyTorch, activation=activation)
    edit = "gelu" if activation == "gelu" else ""
    twins = twins_of(in_torch, partial(transformers.InKeras, edit, by_hand))
    stages, refusals = twins.run(ids())

    assert not refusals
    assert twins.judge(stages, (ids(),)).verdict == SAME


def test_an_encoder_with_its_norms_first_is_the_same():
    in_torch = partial(transformers.InPyTorch, norm_first=True)
    twins = twins_of(in_torch, partial(transformers.InKeras, "norm first"))
    stages, refusals = twins.run(ids())

    assert not refusals
    assert twins.judge(stages, (ids(),)).verdict == SAME


EDITS = {
    "mask inverted": "the mask hides what it should show",
    "no mask": "queries see the padding",
    "causal": "queries see later steps",
    "positions from 1": "the indices that the embedding is asked for are one too",
    "no positions": "adds positions, Keras does not",
    "no residual": "adds what goes into encoder.layers.0.self_attn, Keras does not",
    "norm first": "stand after each residual is added (post-norm) in PyTorch",
    "gelu": "Keras has a gelu, PyTorch has a relu",
    "epsilon 1e-3": "epsilon below the root is 1e-3",
    "epsilon 1e-6": "epsilon below the root is 1e-5 in PyTorch, 1e-6 in Keras",
}
EDITS_BY_HAND = {
    "half the heads": "another number of heads: half as many",
    "cut as (size, heads)": "cut as (size, heads), not as (heads, size)",
    "joined as (size, heads)": "the heads are joined as (size, heads)",
    "joined without swapping": "joined without swapping time and heads",
    "not scaled": "not divided by the root of a head's size",
    "mask added": "the mask is added to the scores",
    "mask multiplied": "the scores are multiplied by the mask",
    "over queries": "the softmax of the attention goes over the queries",
    "over heads": "the softmax of the attention goes over the heads",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_an_encoder_is_named_and_proved(edit):
    twins = twins_of(transformers.InPyTorch, partial(transformers.InKeras, edit))
    explanation = diagnose(twins, (ids(),))

    assert explanation.explained, explanation.sentence
    assert EDITS[edit] in explanation.sentence


@pytest.mark.parametrize("edit", EDITS_BY_HAND)
def test_an_edit_of_attention_by_hand_is_named_and_proved(edit):
    twins = twins_of(transformers.InPyTorch, partial(transformers.InKeras, edit, True))
    explanation = diagnose(twins, (ids(),))

    assert explanation.explained, explanation.sentence
    assert EDITS_BY_HAND[edit] in explanation.sentence
