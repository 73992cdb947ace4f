"""The runs of layers as they are shown beside those of the other side."""

from dataclasses import replace

import numpy as np

from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import unfolded, with_axes_of


def anatomy(x, y):
    seen = Anatomy({}, {}, {}, {}, {}, {}, None, None)
    return replace(
        seen,
        kinds={"head": "Linear"},
        layer_inputs={"head": x},
        layer_outputs={"head": y},
    )


def test_a_sample_without_its_batch_axis_is_not_taken_for_steps():
    """`h.squeeze()` with a batch of 1: the features of a dense layer are no steps."""
    squeezed = anatomy(np.zeros(6), np.zeros(1))
    batched = anatomy(np.zeros((1, 6)), np.zeros((1, 1)))

    shown = unfolded(squeezed, batched)

    assert shown.layer_inputs["head"].shape == (6,)
    assert shown.layer_outputs["head"].shape == (1,)


def test_an_axis_of_one_before_a_dense_layer_is_shown_as_after_it():
    """`dense(x[:, :, None])` in one side, `dense(x)[:, :, None]` in the other."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 6, 5)), rng.normal(size=(3, 6, 4))
    before = anatomy(x[:, :, None], y[:, :, None])

    shown = with_axes_of(before, anatomy(x, y))

    assert np.array_equal(shown.layer_inputs["head"], x)
    assert np.array_equal(shown.layer_outputs["head"], y)


def test_an_axis_of_features_is_not_taken_for_one_of_steps():
    """Of one feature at six steps a dense layer makes other things than of six."""
    steps = anatomy(np.zeros((3, 6, 1)), np.zeros((3, 6, 4)))
    features = anatomy(np.zeros((3, 1, 6)), np.zeros((3, 1, 4)))

    assert with_axes_of(steps, features).layer_inputs["head"].shape == (3, 6, 1)
