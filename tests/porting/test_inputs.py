"""Inputs of a port are what its layers need to be put to work."""

import numpy as np
import pytest

from compare.errors import BadInput
from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor, TensorFacts
from compare.porting import inputs


def plan_of(shape, *layers, dtype="float32"):
    """A chain of layers, with facts of its input alone."""
    plans = [LayerPlan("in", "InputLayer", {"shape": shape}), *layers]
    calls = [Call("in")]
    calls += [
        Call(layer.name, (Tensor(number),)) for number, layer in enumerate(layers)
    ]
    plan = ModelPlan(
        "model",
        {layer.name: layer for layer in plans},
        tuple(calls),
        Tensor(0),
        Tensor(len(layers)),
    )
    return plan, [(TensorFacts((None, *shape), dtype),)]


def test_indices_are_all_that_the_embedding_has():
    layer = LayerPlan("words", "Embedding", {"input_dim": 11, "output_dim": 3})
    plan, facts = plan_of((None,), layer)

    (x,) = inputs.drawn(plan, facts, 0)

    assert x.shape == (inputs.SAMPLES, inputs.SIZES[0].steps)
    assert x.dtype == np.float32
    assert sorted(set(x.ravel())) == [*range(11)]


def test_an_embedding_inside_a_model_counts():
    inner, _ = plan_of(
        (None,), LayerPlan("words", "Embedding", {"input_dim": 5, "output_dim": 3})
    )
    outer, facts = plan_of((None,), LayerPlan("encoder", "Model", model=inner))

    (x,) = inputs.drawn(outer, facts, 0)

    assert x.max() == 4


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_samples_are_padded_in_front_behind_and_in_the_middle(value):
    layer = LayerPlan("mask", "Masking", {"mask_value": value})
    plan, facts = plan_of((None, 3), layer)

    (x,) = inputs.drawn(plan, facts, 0)
    padded = (x == value).all(-1)

    assert not padded[0].any()
    assert padded[1][0]
    assert not padded[1][-1]
    assert padded[2][-1]
    assert not padded[2][0]
    assert padded[3].any()
    assert not padded[3][[0, -1]].any()


def test_a_model_of_one_size_runs_on_one():
    assert len(inputs.sizes_of(*plan_of((8, 3)))) == 1
    assert inputs.sizes_of(*plan_of((None, 3))) == inputs.SIZES


def test_a_recurrent_layer_at_each_step_gets_few_steps():
    """Of words, the letters: Keras runs the layer once for each word."""
    letters = LayerPlan("letters", "LSTM", {"units": 2})
    inner, _ = plan_of((None, 3), letters)
    for wrapped in (letters, LayerPlan("model", "Model", model=inner)):
        each = LayerPlan("each", "TimeDistributed", {}, (wrapped,))
        assert inputs.sizes_of(*plan_of((None, 5, 3), each)) == inputs.SHORT_SIZES
    assert inputs.sizes_of(*plan_of((None, 3), letters)) == inputs.SIZES


def test_texts_are_refused():
    with pytest.raises(BadInput, match="got one of texts"):
        inputs.drawn(*plan_of((1,), dtype="string"), 0)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (
            LayerPlan(
                "words",
                "Embedding",
                {"input_dim": 11, "output_dim": 3, "mask_zero": True},
            ),
            (None, 12),
        ),
        (LayerPlan("mask", "Masking", {"mask_value": 0.0}), (None, 12, 3)),
    ],
    ids=["sentences of words", "steps of films"],
)
def test_a_mask_of_two_axes_is_padded_in_both(layer, shape):
    plan, facts = plan_of(shape, layer)

    (x,) = inputs.drawn(plan, facts, 0)
    padded = x == 0 if len(shape) == 2 else (x == 0).all(-1)  # (batch, time, 12)

    rows = padded.reshape(-1, 12)
    in_part = rows.any(-1) & ~rows.all(-1)
    assert padded.all(-1).any(), "whole steps"
    assert rows[in_part][:, 0].any(), "in front"
    assert rows[in_part][:, -1].any(), "behind"
    assert not padded[0, 0].any()
